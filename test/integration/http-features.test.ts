import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { assemblyScript } from "../support/assemblyscript.ts";
import { TestClient } from "../support/hcm-server.ts";
import { askOnce, requestText, type Answer, type Question } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  logLines,
  staticCluster,
  typeUrl,
  wasmConfig,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// What the HTTP path promises, once each through the command itself: configuration text, workers, real sockets.

const folder = scratchFolder({ after });

/** Answers with what it got: its own name, the request line and the fields, sorted. */
function reflecting(name: string): Promise<TestUpstream> {
  return TestUpstream.start(
    answering((head) => {
      const [line, ...fields] = head.split("\r\n");
      return ok([name, line, ...fields.sort()].join("\n"), "x-from: upstream\r\nx-secret: yes\r\n");
    }),
  );
}

const blue = await reflecting("blue");
const green = await reflecting("green");
/** Takes requests and never answers. */
const unanswered: string[] = [];
const silent = await TestUpstream.start((socket) => {
  socket.on("data", (head) => unanswered.push(head.toString("latin1")));
});
const closing = await TestUpstream.start((socket) => void socket.once("data", () => socket.end()));
const garbage = await TestUpstream.start(
  (socket) => void socket.once("data", () => socket.write("no HTTP at all\r\n\r\n")),
);
const resetting = await TestUpstream.start(
  (socket) => void socket.once("data", () => socket.resetAndDestroy()),
);
for (const upstream of [blue, green, silent, closing, garbage, resetting]) {
  after(() => upstream[Symbol.asyncDispose]());
}

/** Waits until that many requests for a path have come to the silent upstream. */
async function untilUnanswered(path_: string, count: number): Promise<void> {
  const isWanted = (head: string): boolean => head.startsWith(`GET ${path_} `);
  while (unanswered.filter(isWanted).length < count) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const direct = (name: string): JsonObject => ({ status: 200, body: { inline_string: name } });
const to = (cluster: string, more: JsonObject = {}): JsonObject => ({ cluster, ...more });
const header = (name: string, value: string, action?: string): JsonObject => ({
  header: { key: name, value },
  ...(action !== undefined && { append_action: action }),
});

const routes: JsonObject[] = [
  { match: { path: "/exact" }, direct_response: direct("exact path") },
  {
    match: { prefix: "/matched", headers: [{ name: "x-kind", string_match: { exact: "a" } }] },
    direct_response: direct("header is a"),
  },
  {
    match: {
      prefix: "/matched",
      headers: [{ name: "x-kind", string_match: { prefix: "b" }, invert_match: true }],
    },
    direct_response: direct("header does not begin with b"),
  },
  { match: { prefix: "/matched" }, direct_response: direct("any header") },
  {
    match: { prefix: "/moved" },
    redirect: { host_redirect: "new.test", prefix_rewrite: "/here", response_code: "FOUND" },
  },
  {
    match: { prefix: "/stripped" },
    redirect: { https_redirect: true, path_redirect: "/there", strip_query: true },
  },
  {
    match: { prefix: "/teapot" },
    direct_response: { status: 418, body: { inline_string: "short and stout" } },
    response_headers_to_add: [header("x-pot", "tea")],
  },
  { match: { prefix: "/old/" }, route: to("blue", { prefix_rewrite: "/new/" }) },
  { match: { prefix: "/host" }, route: to("blue", { host_rewrite_literal: "inner.test" }) },
  {
    match: { prefix: "/either" },
    route: {
      weighted_clusters: {
        clusters: [
          { name: "blue", weight: 1 },
          { name: "green", weight: 1 },
          { name: "silent", weight: 0 },
        ],
      },
    },
  },
  {
    match: { prefix: "/changed" },
    route: to("blue"),
    request_headers_to_add: [
      header("x-added", "by the route"),
      header("x-replaced", "new", "OVERWRITE_IF_EXISTS_OR_ADD"),
    ],
    request_headers_to_remove: ["x-removed"],
    response_headers_to_add: [header("x-response", "added")],
    response_headers_to_remove: ["x-secret"],
  },
  { match: { prefix: "/no-host" }, route: to("empty") },
  { match: { prefix: "/no-listener" }, route: to("unused") },
  { match: { prefix: "/closes" }, route: to("closing") },
  { match: { prefix: "/garbage" }, route: to("garbage") },
  { match: { prefix: "/slow" }, route: to("silent", { timeout: "0.2s" }) },
  { match: { prefix: "/idle" }, route: to("silent", { timeout: "0s", idle_timeout: "0.2s" }) },
  { match: { prefix: "/held" }, route: to("silent", { timeout: "0s" }) },
  { match: { prefix: "/full" }, route: to("full") },
  { match: { prefix: "/two" }, route: to("two", { timeout: "0s" }) },
  { match: { prefix: "/named" }, route: { cluster_header: "x-cluster" } },
  { match: { prefix: "/blue" }, route: to("blue") },
];

const hosts: JsonObject[] = [
  ...["exact.test", "*.suffix.test", "*.inner.suffix.test", "prefix.*"].map((domain) => ({
    name: domain,
    domains: [domain],
    routes: [{ match: { prefix: "/" }, direct_response: direct(domain) }],
  })),
  { name: "all", domains: ["*"], routes },
];

const probeModule = path.join(folder, "probe.wasm");
writeFileSync(probeModule, await assemblyScript("test/fixtures/wasm/assembly/probe.ts"));

const ports = {
  main: await freePort(),
  edge: await freePort(),
  filtered: await freePort(),
  tcp: await freePort(),
  unused: await freePort(),
};
const accessLog = path.join(folder, "access.log");
const tcpLog = path.join(folder, "tcp.log");
const requests = (count: number): JsonObject => ({
  circuit_breakers: { thresholds: [{ max_requests: count }] },
});

const tcpListener: JsonObject = {
  name: "tcp",
  address: { socket_address: { address: "127.0.0.1", port_value: ports.tcp } },
  filter_chains: [
    {
      filters: [
        {
          name: "tcp",
          typed_config: {
            "@type": typeUrl("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"),
            stat_prefix: "tcp",
            cluster: "resetting",
            access_log: [
              {
                name: "file",
                typed_config: { "@type": typeUrl("fileLog"), path: tcpLog },
              },
            ],
          },
        },
      ],
    },
  ],
};

await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "2"],
    config: bootstrap(
      [
        httpListener({ port: ports.main, virtualHosts: hosts, accessLog }),
        httpListener({
          name: "edge",
          port: ports.edge,
          accessLog,
          routes: [{ match: { prefix: "/" }, route: to("blue") }],
          hcm: { use_remote_address: true },
        }),
        httpListener({
          name: "filtered",
          port: ports.filtered,
          accessLog,
          routes: [{ match: { prefix: "/" }, route: to("blue") }],
          filters: [httpFilter("probe", wasmConfig(probeModule))],
        }),
        tcpListener,
      ],
      [
        staticCluster("blue", [blue.port]),
        staticCluster("green", [green.port]),
        staticCluster("silent", [silent.port]),
        staticCluster("closing", [closing.port]),
        staticCluster("garbage", [garbage.port]),
        staticCluster("resetting", [resetting.port]),
        staticCluster("empty", []),
        staticCluster("unused", [ports.unused]),
        staticCluster("full", [blue.port], requests(0)),
        staticCluster("two", [silent.port], requests(2)),
      ],
    ),
  },
);

const get = (question: Question): Promise<Answer> => askOnce(ports.main, question);

/** The fields that the upstream got, in lower case. */
function received(answer: Answer): Map<string, string> {
  const lines = answer.body.split("\n").slice(2);
  return new Map(lines.map((line) => line.split(": ") as [string, string]));
}

const domains: readonly [host: string, chosen: string][] = [
  ["exact.test", "exact.test"],
  ["EXACT.test", "exact.test"],
  ["a.suffix.test", "*.suffix.test"],
  ["a.inner.suffix.test", "*.inner.suffix.test"],
  ["prefix.anything", "prefix.*"],
];

for (const [host, chosen] of domains) {
  test(`the host ${host} is served by the virtual host ${chosen}`, async () => {
    assert.equal((await get({ host })).body, chosen);
  });
}

test("paths and headers choose the route, the first that matches", async () => {
  const asked = async (question: Question): Promise<string> => (await get(question)).body;
  assert.equal(await asked({ path: "/exact" }), "exact path");
  assert.equal(await asked({ path: "/exact?query" }), "exact path");
  assert.equal((await get({ path: "/exact/more" })).status, 404);
  assert.equal(await asked({ path: "/matched", headers: { "x-kind": "a" } }), "header is a");
  assert.equal(await asked({ path: "/matched", headers: { "x-kind": "boat" } }), "any header");
  const other = { path: "/matched", headers: { "x-kind": "c" } };
  assert.equal(await asked(other), "header does not begin with b");
});

test("redirects name the new place", async () => {
  const moved = await get({ path: "/moved/x?a=b", host: "old.test" });
  assert.deepEqual([moved.status, moved.body], [302, ""]);
  assert.equal(moved.headers.get("location"), "http://new.test/here/x?a=b");
  const stripped = await get({ path: "/stripped/x?a=b", host: "old.test:80" });
  assert.equal(stripped.status, 301);
  assert.equal(stripped.headers.get("location"), "https://old.test/there");
});

test("direct responses have status, body and the route's headers", async () => {
  const { status, body, headers } = await get({ path: "/teapot" });
  assert.deepEqual([status, body], [418, "short and stout"]);
  assert.equal(headers.get("x-pot"), "tea");
  assert.equal(headers.get("content-length"), "15");
  assert.equal(headers.get("content-type"), "text/plain");
});

test("prefixes and hosts are rewritten on the way upstream", async () => {
  const rewritten = await get({ path: "/old/x?y", host: "a.test" });
  assert.equal(rewritten.body.split("\n")[1], "GET /new/x?y HTTP/1.1");
  assert.equal(received(rewritten).get("x-envoy-original-path"), "/old/x?y");
  assert.equal(received(await get({ path: "/host", host: "a.test" })).get("host"), "inner.test");
});

test("weighted clusters share the requests, one without weight gets none", async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 200 && seen.size < 2; i += 1) {
    seen.add((await get({ path: "/either" })).body.split("\n")[0]!);
  }
  assert.deepEqual([...seen].sort(), ["blue", "green"]);
});

test("a route adds, replaces and removes headers in both directions", async () => {
  const answer = await get({
    path: "/changed",
    headers: { "x-removed": "1", "x-replaced": "old" },
  });
  const fields = received(answer);
  assert.equal(fields.get("x-added"), "by the route");
  assert.equal(fields.get("x-replaced"), "new");
  assert.equal(fields.has("x-removed"), false);
  assert.equal(answer.headers.get("x-response"), "added");
  assert.equal(answer.headers.get("x-from"), "upstream");
  assert.equal(answer.headers.has("x-secret"), false);
});

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("requests get an id, the scheme, and keep who they say they are from", async () => {
  const answer = await get({ path: "/blue", headers: { "x-forwarded-for": "192.0.2.1" } });
  const fields = received(answer);
  assert.match(fields.get("x-request-id")!, uuid);
  assert.equal(fields.get("x-forwarded-proto"), "http");
  assert.equal(fields.get("x-forwarded-for"), "192.0.2.1");
  assert.equal(answer.headers.get("server"), "envoy");
  assert.match(answer.headers.get("x-envoy-upstream-service-time")!, /^\d+$/);
  assert.ok(!Number.isNaN(Date.parse(answer.headers.get("date")!)));
});

test("with use_remote_address the client's address is appended", async () => {
  const headers = { "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https" };
  const fields = received(await askOnce(ports.edge, { headers }));
  // For a client on the loopback it is the host's own address that is appended.
  const alone = received(await askOnce(ports.edge));
  const own = alone.get("x-forwarded-for")!;
  assert.notEqual(net.isIP(own), 0);
  assert.equal(fields.get("x-forwarded-for"), `192.0.2.1,${own}`);
  assert.equal(alone.get("x-forwarded-proto"), "http");
});

test("upgrades are answered 403", async () => {
  const headers = { connection: "upgrade", upgrade: "websocket" };
  const { status, body } = await get({ path: "/blue", headers });
  assert.deepEqual([status, body], [403, ""]);
});

test("max_requests holds for all workers together", async () => {
  await using first = await TestClient.connect(ports.main);
  await using second = await TestClient.connect(ports.main);
  first.send(requestText({ path: "/two" }));
  second.send(requestText({ path: "/two" }));
  await untilUnanswered("/two", 2);
  for (let i = 0; i < 16; i += 1) {
    const { status, headers } = await get({ path: "/two" });
    assert.deepEqual([status, headers.get("x-envoy-overloaded")], [503, "true"]);
  }
});

/** One line of the access log in the default format. */
interface Line {
  readonly request: string;
  readonly code: string;
  readonly flags: string;
  readonly authority: string;
  readonly upstream: string;
}

const format =
  /^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "(.*?)" (\d+) (\S+) \d+ \d+ \d+ (?:\d+|-) ".*?" ".*?" ".*?" "(.*?)" "(.*?)"$/;

function parseLine(text: string): Line {
  const match = format.exec(text);
  assert.ok(match, text);
  const [, request, code, flags, authority, upstream] = match;
  return {
    request: request!,
    code: code!,
    flags: flags!,
    authority: authority!,
    upstream: upstream!,
  };
}

/** The line of a request, which is made once. */
async function lineOf(request: string, file = accessLog): Promise<Line> {
  for (let count = 1; ;) {
    const lines = (await logLines(file, count)).map(parseLine);
    const line = lines.find((each) => each.request === request);
    if (line !== undefined) return line;
    count = lines.length + 1;
  }
}

const connectError = "upstream connect error or disconnect/reset before headers. reset reason: ";

/** What goes wrong, how it is answered, and what the log says of it. */
const failures: readonly [
  flags: string,
  question: Question,
  status: number,
  body: string | RegExp,
][] = [
  ["UH", { path: "/no-host" }, 503, "no healthy upstream"],
  ["UF", { path: "/no-listener" }, 503, `${connectError}remote connection failure`],
  ["UC", { path: "/closes" }, 503, `${connectError}connection termination`],
  ["UPE", { path: "/garbage" }, 502, `${connectError}protocol error`],
  ["UT", { path: "/slow" }, 504, "upstream request timeout"],
  ["SI", { path: "/idle" }, 504, "stream timeout"],
  ["UO", { path: "/full" }, 503, `${connectError}overflow`],
  ["NR", { path: "/nowhere" }, 404, ""],
  ["NC", { path: "/named", headers: { "x-cluster": "none" } }, 503, ""],
];

for (const [flags, question, status, body] of failures) {
  test(`${question.path} is answered ${status} and logged with ${flags}`, async () => {
    const answer = await get(question);
    assert.equal(answer.status, status);
    assert.equal(answer.body, body);
  });
}

test("a client that goes away is logged with DC", async () => {
  const client = await TestClient.connect(ports.main);
  client.send(requestText({ path: "/held" }));
  await untilUnanswered("/held", 1);
  await client[Symbol.asyncDispose]();
  const line = await lineOf("GET /held HTTP/1.1");
  assert.deepEqual([line.code, line.flags], ["0", "DC"]);
});

test("a request that is no HTTP is answered 400, closed and logged with DPE", async () => {
  await using client = await TestClient.connect(ports.main);
  client.send("no HTTP at all\r\n\r\n");
  const text = await client.untilClosed();
  assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n.*connection: close\r\n/s);
  const line = await lineOf("- - HTTP/1.1");
  assert.deepEqual([line.code, line.flags], ["400", "DPE"]);
});

test("a request whose body a filter makes longer than it says is logged with LR", async () => {
  const question = {
    method: "POST",
    path: "/longer",
    headers: { "x-do": "request-body=around" },
    body: "text",
  };
  const answer = await askOnce(ports.filtered, question);
  assert.deepEqual([answer.status, answer.body], [503, `${connectError}local reset`]);
  const line = await lineOf("POST /longer HTTP/1.1");
  assert.deepEqual([line.code, line.flags], ["503", "LR"]);
});

test("a TCP upstream that resets is logged with UR, and the client is reset", async () => {
  const client = await TestClient.connect(ports.tcp);
  let error: NodeJS.ErrnoException | undefined;
  client.socket.on("error", (each: NodeJS.ErrnoException) => (error = each));
  client.send("anything");
  await client.untilClosed();
  assert.equal(error?.code, "ECONNRESET");
  const [text] = await logLines(tcpLog, 1);
  const line = parseLine(text!);
  assert.deepEqual([line.code, line.flags], ["0", "UR"]);
});

test("the access log has a line for each request in Envoy's default format", async () => {
  for (const [flags, question, status] of failures) {
    const line = await lineOf(`GET ${question.path} HTTP/1.1`);
    assert.deepEqual([line.code, line.flags], [String(status), flags]);
    assert.equal(line.authority, "test");
  }
  const good = await lineOf("GET /old/x?y HTTP/1.1");
  assert.deepEqual([good.code, good.flags], ["200", "-"]);
  assert.equal(good.upstream, `127.0.0.1:${blue.port}`);
  assert.equal(good.authority, "a.test");
});
