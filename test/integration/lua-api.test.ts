import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { once } from "node:events";
import http2 from "node:http2";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask, askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, SluiceProcess, startSluice } from "../support/sluice-process.ts";

// What scripts can do to the proxy and keep from one request to the next, in the command itself, on two workers.

const folder = scratchFolder({ after });
writeFileSync(path.join(folder, "fromfile.lua"), "return { name = 'file' }");

const script = `
  local greeting, from_file = require "greeting", require "fromfile"
  local actions = {
    ["/override"] = function(h) h:setUpstreamOverrideHost(h:headers():get("x-address"), true) end,
    ["/drain"] = function(h) h:streamInfo():drainConnectionUponCompletion() end,
    ["/reason"] = function(h) h:respond({ [":status"] = "429", ["x-reason"] = "Slow Down" }) end,
    ["/count"] = function(h)
      h:stats():counter("seen"):inc()
      h:stats():gauge("level"):set(7)
      h:stats():histogram("sizes", "bytes"):recordValue(12)
      h:headers():add("x-echo", sluice.shared.increment("requests"))
    end,
    ["/modules"] = function(h) h:headers():add("x-echo", greeting.hello(from_file.name)) end,
    ["/context"] = function(h) h:headers():add("x-echo", h:filterContext():get("who")) end,
    ["/route-context"] = function(h) h:headers():add("x-echo", h:filterContext():get("who")) end,
  }
  function envoy_on_request(h)
    local request = sluice.request(h)
    request.path = h:headers():get(":path")
    local action = actions[request.path]
    if action then action(h) end
  end
  function envoy_on_response(h)
    local headers = h:headers()
    local reason = headers:get("x-reason")
    if reason then headers:setHttp1ReasonPhrase(reason) end
    headers:add("x-path", sluice.request(h).path)
    headers:add("x-host", tostring(h:virtualHost():metadata():get("v")))
  end`;

/** Says what a script asked for by `x-echo`, else its own name. */
const echo = (name: string): ReturnType<typeof answering> =>
  answering((head) => ok(/\r\nx-echo: ([^\r]*)/.exec(head)?.[1] ?? name));
const upstreams = [await TestUpstream.start(echo("0")), await TestUpstream.start(echo("1"))];
after(async () => {
  for (const upstream of upstreams) await upstream[Symbol.asyncDispose]();
});

const [port, adminPort] = [await freePort(), await freePort()];
const toUpstream = (prefix: string, more: JsonObject = {}): JsonObject => ({
  match: { prefix },
  route: { cluster: "upstream" },
  ...more,
});
const perRoute = {
  main: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute",
    filter_context: { who: "route" },
  },
};

function config(listen: number, filter: JsonObject = {}, guests: JsonObject = {}): JsonObject {
  const settings = {
    default_lua: {
      modules: {
        greeting: {
          inline_string: "return { hello = function(who) return 'hello ' .. who end }",
        },
      },
    },
    ...guests,
  };
  return bootstrap(
    [
      httpListener({
        port: listen,
        filters: [
          httpFilter(
            "main",
            luaConfig(script, {
              filter_context: { who: "filter" },
              package_paths: [`${folder}/?.lua`],
              ...filter,
            }),
          ),
          httpFilter("first", sharingIn("first", "one")),
          httpFilter("second", sharingIn("second", "one")),
          httpFilter("third", sharingIn("third", "other")),
        ],
        virtualHosts: [
          {
            name: "all",
            domains: ["*"],
            metadata: { filter_metadata: { main: { v: "host" } } },
            routes: [
              toUpstream("/route-context", { typed_per_filter_config: perRoute }),
              ...["/override", "/drain", "/count", "/modules", "/context", "/found", "/vm"].map(
                (prefix) => toUpstream(prefix),
              ),
            ],
          },
        ],
      }),
    ],
    [staticCluster("upstream", [upstreams[0]!.port, upstreams[1]!.port])],
    {
      bootstrap_extensions: [
        {
          name: "sluice.guests",
          typed_config: { "@type": "type.googleapis.com/sluice.guests.v1.Guests", ...settings },
        },
      ],
    },
  );
}

/** Tells in which filter its state was used first. */
const sharing = `
  function envoy_on_request(h)
    owner = owner or h:filterContext():get("name")
    local headers = h:headers()
    if headers:get(":path") == "/vm" then headers:replace("x-echo", (headers:get("x-echo") or "") .. owner .. ";") end
  end`;

const sharingIn = (name: string, id: string): JsonObject =>
  luaConfig(sharing, { shared_vm_id: id, filter_context: { name } });

await startSluice(
  { after },
  { folder, args: ["--concurrency", "2"], config: { ...config(port), ...adminAt(adminPort) } },
);

test("setUpstreamOverrideHost() sends a request to the host that the script names, or nowhere", async () => {
  for (let i = 0; i < 4; i += 1) {
    const wanted = i % 2;
    const address = `127.0.0.1:${upstreams[wanted]!.port}`;
    const answer = await askOnce(port, { path: "/override", headers: { "x-address": address } });
    assert.equal(answer.body, String(wanted));
  }
  const answer = await askOnce(port, {
    path: "/override",
    headers: { "x-address": "127.0.0.1:1" },
  });
  assert.deepEqual([answer.status, answer.body], [503, "no healthy upstream"]);
});

test("drainConnectionUponCompletion() closes the connection behind the answer", async () => {
  const client = await TestClient.connect(port);
  const answer = await ask(client, { path: "/drain" });
  assert.equal(answer.headers.get("connection"), "close");
  await client.untilClosed();
});

test("drainConnectionUponCompletion() sends GOAWAY on HTTP/2", async () => {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const goaway = once(session, "goaway");
  const request = session.request({ ":path": "/drain" });
  request.resume();
  const [headers] = (await once(request, "response")) as [http2.IncomingHttpHeaders];
  assert.equal(headers[":status"], 200);
  const [code] = (await goaway) as [number];
  assert.equal(code, http2.constants.NGHTTP2_NO_ERROR);
  session.destroy();
});

test("setHttp1ReasonPhrase() puts words into the status line", async () => {
  await using client = await TestClient.connect(port);
  client.send("GET /reason HTTP/1.1\r\nhost: test\r\n\r\n");
  assert.match(await client.response(), /^HTTP\/1\.1 429 Slow Down\r\n/);
});

test("shared values and stats are those of all workers", async () => {
  const requests = 20;
  const seen = await Promise.all(
    Array.from({ length: requests }, async () =>
      Number((await askOnce(port, { path: "/count" })).body),
    ),
  );
  const expected = Array.from({ length: requests }, (_, i) => i + 1);
  assert.deepEqual(
    seen.toSorted((a, b) => a - b),
    expected,
  );
  const stats = await statsBelow(adminPort, "http.main.lua.");
  assert.equal(stats.get("seen"), requests);
  assert.equal(stats.get("level"), 7);
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=lua.sizes`)).text();
  assert.match(text, /^http\.main\.lua\.sizes: /m);
});

test("require() finds configured modules, and files by package_paths", async () => {
  assert.equal((await askOnce(port, { path: "/modules" })).body, "hello file");
});

test("filterContext() is the route's where it has one, else the filter's", async () => {
  assert.equal((await askOnce(port, { path: "/context" })).body, "filter");
  assert.equal((await askOnce(port, { path: "/route-context" })).body, "route");
});

test("both hooks have one table, and see the virtual host where no route matched", async () => {
  const found = await askOnce(port, { path: "/found" });
  assert.deepEqual([found.headers.get("x-path"), found.headers.get("x-host")], ["/found", "host"]);
  const missing = await askOnce(port, { path: "/404" });
  assert.equal(missing.status, 404);
  assert.deepEqual(
    [missing.headers.get("x-path"), missing.headers.get("x-host")],
    ["/404", "host"],
  );
});

test("filters with one shared_vm_id and text have one state", async () => {
  assert.equal((await askOnce(port, { path: "/vm" })).body, "first;first;third;");
});

async function refusal(filter: JsonObject, guests: JsonObject): Promise<string> {
  const options = {
    folder: scratchFolder({ after }),
    config: config(await freePort(), filter, guests),
  };
  const sluice = new SluiceProcess({ after }, options);
  await sluice.ended();
  return sluice.stderr;
}

test("what cannot be had is refused with the configuration", async () => {
  const native = await refusal({ package_cpaths: ["/x/?.so"] }, {});
  assert.match(native, /package_cpaths.*scripts cannot reach native code/);
  const modules = { m: { inline_string: "" } };
  const without = await refusal({}, { default_lua: { extensions: false, modules } });
  assert.match(without, /no modules without extensions: remove m, or set extensions to true/);
  const missing = await refusal({ package_paths: ["/nowhere/?.lua"] }, {});
  assert.match(missing, /module 'fromfile' not found:.*no file '\/nowhere\/fromfile\.lua'/s);
});

test("scripts that need more states than a worker may have are refused", async () => {
  const text = await refusal({}, { lua_states: { max_states_per_worker: 2 } });
  assert.match(text, /script load error: the limit of 2 Lua states per worker is reached/);
});
