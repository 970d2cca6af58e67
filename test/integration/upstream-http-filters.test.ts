import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { askOnce, type Question } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  logLines,
  luaConfig,
  staticCluster,
  typeUrl,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// Filters of upstream requests, in the command itself. Envoy 1.40 passes the same tests (SLUICE_UNDER_TEST).

const script = `
  function envoy_on_request(h)
    local path = h:headers():get(":path")
    h:headers():add("x-up", "cluster")
    h:streamInfo():dynamicMetadata():set("envoy.filters.http.lua", "k", "v")
    if path:find("/respond") then h:respond({[":status"] = "403", ["x-r"] = "filter"}, "no") end
    if path == "/no-method" then h:headers():remove(":method") end
    if path == "/body" then h:body():setBytes("changed") end
    if path == "/error" then error("bad") end
    if path == "/wait" then
      local headers = h:httpCall("plain", { [":method"] = "GET", [":path"] = "/side", [":authority"] = "a" }, "", 20000)
      h:headers():add("x-side", headers["x-seen-by"])
    end
  end
  function envoy_on_response(h)
    h:headers():add("x-r", "cluster")
    if h:headers():get("x-what") == "/response-body" then h:body():setBytes("smaller") end
    if h:headers():get("x-what") == "/no-status" then h:headers():remove(":status") end
  end`;

const routerScript = `
  function envoy_on_request(h)
    h:headers():add("x-up", "router")
    if h:headers():get(":path") == "/router/error" then error("bad") end
  end`;

const downstreamScript = `
  function envoy_on_request(h)
    if h:headers():get("x-call") == nil then return end
    local headers, body = h:httpCall(h:headers():get("x-call"),
      { [":method"] = "GET", [":path"] = h:headers():get("x-call-path"), [":authority"] = "a" }, "", 20000)
    h:respond({ [":status"] = "200" }, headers[":status"] .. " " .. tostring(headers["x-r"]) .. " " .. body)
  end
  function envoy_on_response(h)
    h:headers():add("x-down", "after " .. (h:headers():get("x-r") or "nil"))
  end`;

const codec: JsonObject = {
  name: "envoy.filters.http.upstream_codec",
  typed_config: {
    "@type": typeUrl("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"),
  },
};

function withFilters(...filters: JsonObject[]): JsonObject {
  const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  return {
    typed_extension_protocol_options: {
      [options]: {
        "@type": typeUrl(options),
        explicit_http_config: { http_protocol_options: {} },
        http_filters: [...filters, codec],
      },
    },
  };
}

const upstream = await TestUpstream.start(
  answering((head, body) => {
    const what = head.split(" ")[1]!;
    const up = /\r\nx-up: ([^\r]*)/.exec(head)?.[1] ?? "-";
    const side = /\r\nx-side: ([^\r]*)/.exec(head)?.[1] ?? "-";
    return ok(`${up}|${side}|${body}`, `x-what: ${what}\r\nx-seen-by: upstream\r\n`);
  }),
);
after(() => upstream[Symbol.asyncDispose]());

const port = await freePort();
const adminPort = await freePort();
const folder = scratchFolder({ after });
const accessLog = path.join(folder, "access.log");

const to = (prefix: string, cluster: string, more: JsonObject = {}): JsonObject => ({
  match: { prefix },
  route: { cluster },
  ...more,
});
const perFilter = (type: string): JsonObject => ({
  typed_per_filter_config: { "up.lua": { "@type": typeUrl(type), disabled: true } },
});

await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1", "--file-flush-interval-msec", "50"].slice(
      0,
      process.env["SLUICE_UNDER_TEST"] === undefined ? 2 : 4,
    ),
    config: bootstrap(
      [
        httpListener({
          port,
          accessLog,
          logFormat:
            "%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %REQ(X-UP)% " +
            "%DYNAMIC_METADATA(envoy.filters.http.lua:k)%",
          routes: [
            to("/dead", "dead"),
            to("/router", "plain"),
            to(
              "/lua-off",
              "filtered",
              perFilter("envoy.extensions.filters.http.lua.v3.LuaPerRoute"),
            ),
            to("/off", "filtered", perFilter("envoy.config.route.v3.FilterConfig")),
            to("/", "filtered"),
          ],
          hcm: {
            http_filters: [
              httpFilter("down.lua", luaConfig(downstreamScript)),
              httpFilter("envoy.filters.http.router", {
                "@type": typeUrl("router"),
                upstream_http_filters: [httpFilter("router.lua", luaConfig(routerScript)), codec],
              }),
            ],
          },
        }),
      ],
      [
        staticCluster("plain", [upstream.port]),
        staticCluster(
          "filtered",
          [upstream.port],
          withFilters(httpFilter("up.lua", luaConfig(script))),
        ),
        staticCluster(
          "dead",
          [await freePort()],
          withFilters(httpFilter("up.lua", luaConfig(script))),
        ),
      ],
      adminAt(adminPort),
    ),
  },
);

let asked = 0;
/** The answer in short. */
async function exchange(question: Question): Promise<string> {
  asked += 1;
  const answer = await askOnce(port, question);
  return `${answer.status} ${answer.body} (${answer.headers.get("x-down") ?? "-"})`;
}

test("a cluster's filters see the request last and the response first", async () => {
  assert.equal(await exchange({ path: "/" }), "200 cluster|-| (after cluster)");
});

test("the router's filters are for clusters that have none of their own", async () => {
  assert.equal(await exchange({ path: "/router" }), "200 router|-| (after nil)");
});

test("a route turns filters of upstream requests off", async () => {
  for (const off of ["/lua-off", "/off"]) {
    assert.equal(await exchange({ path: off }), "200 -|-| (after nil)");
  }
});

test("an answer of an upstream filter passes the filters of the client's side only", async () => {
  assert.equal(await exchange({ path: "/respond" }), "403 no (after filter)");
  // Without waiting for the connection.
  assert.equal(await exchange({ path: "/dead/respond" }), "403 no (after filter)");
});

test("a connection that fails is answered as ever", async () => {
  assert.match(await exchange({ path: "/dead" }), /^503 upstream connect error .* \(after nil\)$/);
});

test("bodies of both directions can be read and replaced", async () => {
  assert.equal(
    await exchange({ path: "/body", method: "POST", body: "hello" }),
    "200 cluster|-|changed (after cluster)",
  );
  assert.equal(await exchange({ path: "/response-body" }), "200 smaller (after cluster)");
});

test("a filter that waits for a call holds the request only as long", async () => {
  assert.equal(await exchange({ path: "/wait" }), "200 cluster|upstream| (after cluster)");
});

test("heads without what they need are refused", async () => {
  assert.equal(
    await exchange({ path: "/no-method" }),
    "503 missing required header: :method (after nil)",
  );
  assert.equal(
    await exchange({ path: "/no-status" }),
    "502 missing required header: :status (after nil)",
  );
});

test("a cluster's filters see the calls of other filters, too", async () => {
  const call = (cluster: string, callPath: string): Question => ({
    headers: { "x-call": cluster, "x-call-path": callPath },
  });
  assert.equal(await exchange(call("filtered", "/")), "200 200 cluster cluster|-| (after nil)");
  assert.equal(await exchange(call("filtered", "/respond")), "200 403 filter no (after nil)");
  assert.equal(await exchange(call("plain", "/")), "200 200 nil -|-| (after nil)");
});

test("errors of scripts are counted below the cluster, and run into the router's prefix", async () => {
  await exchange({ path: "/error" });
  await exchange({ path: "/router/error" });
  const cluster = await statsBelow(adminPort, "cluster.filtered.lua.");
  assert.equal(cluster.get("errors"), 1);
  const router = await statsBelow(adminPort, "http.mainlua.");
  assert.equal(router.get("errors"), 1);
});

test("the access log tells of upstream filters as of others", async () => {
  const log = await logLines(accessLog, asked);
  const lineOf = (what: string): string | undefined =>
    log.find((line) => line.startsWith(`${what} `));
  assert.equal(lineOf("/"), "/ 200 - via_upstream cluster v");
  assert.equal(lineOf("/router"), "/router 200 - via_upstream router -");
  assert.equal(lineOf("/respond"), "/respond 403 - lua_response cluster v");
  assert.equal(lineOf("/dead/respond"), "/dead/respond 403 - lua_response cluster v");
  assert.match(lineOf("/dead")!, /^\/dead 503 UF upstream_reset_before_response_started\{/);
  assert.match(
    lineOf("/no-method")!,
    / 503 DPE filter_removed_required_request_headers\{missing_required_header:_:method\} /,
  );
});
