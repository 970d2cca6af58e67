import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
  typeUrl,
  unlimitedGuests,
} from "../support/proxy-config.ts";
import { startSluice } from "../support/sluice-process.ts";

// Scripts between HTTP/2 and HTTP/2: as filters of the connection manager and of upstream requests, with callouts over
// HTTP/2, too. SLUICE_UNDER_TEST=<envoy> runs the same against Envoy.

/** Answers with the request: what it says of itself in headers, its body, and trailers behind it. */
const server = http2.createServer();
server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
  stream.on("error", () => undefined);
  let trailers: http2.IncomingHttpHeaders = {};
  stream.on("trailers", (received: http2.IncomingHttpHeaders) => (trailers = received));
  let body = "";
  stream.setEncoding("latin1");
  stream.on("data", (piece: string) => (body += piece));
  stream.on("end", () => {
    const shown = ["x-request", "x-called", "x-up", "cookie"].map((name) => headers[name] ?? "-");
    stream.respond(
      { ":status": 200, "x-shown": shown.join("|"), "set-cookie": ["a=1", "b=2"] },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-end": trailers["x-t"] ?? "none" }));
    stream.end(body, "latin1");
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const sessions = new Set<http2.ServerHttp2Session>();
server.on("session", (session) => sessions.add(session));
after(() => {
  for (const session of sessions) session.destroy();
  server.close();
});

const script = `
function envoy_on_request(h)
  local m = h:headers()
  local act = m:get("x-act")
  m:add("x-request", h:streamInfo():protocol() .. " " .. m:get(":authority") .. " " .. m:get(":scheme"))
  if act == "respond" then
    h:respond({ [":status"] = "403", ["x-why"] = { "one", "two" } }, "no entry")
  elseif act == "call" then
    local headers, body = h:httpCall("upstream",
      { [":method"] = "POST", [":path"] = "/callout", [":authority"] = "callout" }, "sent", 60000)
    h:headers():add("x-called", headers[":status"] .. body)
  elseif act == "body" then
    local b = h:body()
    b:setBytes("<" .. b:getBytes(0, b:length()) .. ">")
  elseif act == "chunks" then
    for c in h:bodyChunks() do c:setBytes(c:getBytes(0, c:length()):upper()) end
  elseif act == "error" then
    local nothing nothing.at_all = 1
  end
  local t = h:trailers()
  if t then t:replace("x-t", "changed " .. t:get("x-t")) end
end
function envoy_on_response(h)
  local m = h:headers()
  m:add("x-cookies", m:getNumValues("set-cookie"))
  local b = h:body()
  if b and m:get("x-why") == nil then b:setBytes(b:getBytes(0, b:length()):reverse()) end
  local t = h:trailers()
  if t then t:add("x-lua", "trailer") end
end`;
// The objects of a hook die where it waits.
const careful = script
  .replace('m:get("x-why")', 'h:headers():get("x-why")')
  .replace("local b = h:body()\n  if b and", "local b = h:body(true)\n  if b and");

const http2Options = (more: JsonObject = {}): JsonObject => ({
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": typeUrl("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"),
      explicit_http_config: { http2_protocol_options: {} },
      ...more,
    },
  },
});
const upstreamScript = `function envoy_on_request(h)
  h:headers():add("x-up", h:streamInfo():protocol())
end`;
const codec = typeUrl("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec");
const upstreamFilters = [
  httpFilter("up", luaConfig(upstreamScript)),
  httpFilter("codec", { "@type": codec }),
];
const upstreamPort = (server.address() as AddressInfo).port;
const port = await freePort();
const sluice = await startSluice(
  { after },
  {
    args: ["--concurrency", "1", "--component-log-level", "lua:info"],
    config: bootstrap(
      [httpListener({ port, filters: [httpFilter("script", luaConfig(careful))] })],
      [staticCluster("upstream", [upstreamPort], http2Options({ http_filters: upstreamFilters }))],
      process.env["SLUICE_UNDER_TEST"] === undefined ? unlimitedGuests : {},
    ),
  },
);

interface Answer {
  readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
  readonly body: string;
  readonly trailers: http2.IncomingHttpHeaders;
}

const session = http2.connect(`http://127.0.0.1:${port}`);
after(() => session.destroy());

async function ask(
  act: string,
  body = "",
  trailers?: http2.OutgoingHttpHeaders,
  more: http2.OutgoingHttpHeaders = {},
): Promise<Answer> {
  const stream = session.request(
    { ":method": "POST", ":path": "/", ":authority": "test", "x-act": act, ...more },
    { waitForTrailers: trailers !== undefined } as http2.ClientSessionRequestOptions,
  );
  stream.on("wantTrailers", () => stream.sendTrailers(trailers!));
  let ended: http2.IncomingHttpHeaders = {};
  stream.on("trailers", (received: http2.IncomingHttpHeaders) => (ended = received));
  stream.end(body, "latin1");
  const [headers] = (await once(stream, "response")) as [Answer["headers"]];
  let text = "";
  stream.setEncoding("latin1");
  for await (const piece of stream) text += piece as string;
  return { headers, body: text, trailers: ended };
}

test("headers, bodies and trailers pass a script in both directions", async () => {
  const { headers, body, trailers } = await ask("body", "\0abc\xff", { "x-t": "end" });
  assert.equal(headers[":status"], 200);
  assert.equal(headers["x-shown"], "HTTP/2 test http|-|HTTP/2|-");
  assert.equal(headers["x-cookies"], "2");
  assert.equal(body, ">\xffcba\0<");
  assert.equal(headers["content-length"], "7");
  assert.deepEqual([trailers["x-end"], trailers["x-lua"]], ["changed end", "trailer"]);
});

test("a script changes the chunks of a request", async () => {
  const { body, trailers } = await ask("chunks", "abc".repeat(20_000), { "x-t": "t" });
  assert.equal(body, "CBA".repeat(20_000));
  assert.equal(trailers["x-end"], "changed t");
});

test("a script makes a call over HTTP/2 and waits for it", async () => {
  const { headers } = await ask("call", "body");
  assert.equal(headers["x-shown"], "HTTP/2 test http|200sent|HTTP/2|-");
});

test("respond() answers a stream, and the response hook sees it", async () => {
  const { headers, body } = await ask("respond", "body");
  assert.deepEqual(
    [headers[":status"], headers["x-why"], headers["x-cookies"], body],
    [403, "one, two", "0", "no entry"],
  );
});

test("cookies that come in several fields are one", async () => {
  const { headers } = await ask("", "", undefined, { cookie: ["a=1", "b=2"] as never });
  assert.equal(headers["x-shown"], "HTTP/2 test http|-|HTTP/2|a=1; b=2");
});

test("an error of a script lets the stream pass, and others with it", async () => {
  const answers = await Promise.all(["error", "body", "error", ""].map((act) => ask(act, "x")));
  assert.deepEqual(
    answers.map(({ headers, body }) => [headers[":status"], body]),
    [
      [200, "x"],
      [200, ">x<"],
      [200, "x"],
      [200, "x"],
    ],
  );
  assert.match(sluice.stderr, /attempt to index local 'nothing' \(a nil value\)/);
});
