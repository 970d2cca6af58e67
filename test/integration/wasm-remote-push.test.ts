import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type net from "node:net";
import path from "node:path";
import { after, test, type TestContext } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { statsBelow } from "../support/admin-stats.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  extensionResponse,
  httpListener,
  luaConfig,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { PushedFilter } from "../support/pushed-filter.ts";
import { scratchFolder, startSluice, type SluiceProcess } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

// Versions of a discovered filter whose code comes from a server: one that cannot be had leaves in place what runs.

/** A filter that adds `x-guest: <version>` to responses. */
function answering(version: string): Promise<Uint8Array> {
  return guest(`
  (data (i32.const 0) "x-guest")
  (data (i32.const 8) "${version}")
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $proxy_add_header_map_value (i32.const 2) (i32.const 0) (i32.const 7) (i32.const 8) (i32.const 2)))
    (i32.const 0))`);
}

const refusing = guest(
  `(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0))`,
);
const [v1, v2, bad] = await Promise.all([answering("v1"), answering("v2"), refusing]);
const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

type Answer = (response: http.ServerResponse) => void;
const answers = new Map<string, Answer>();
const server = http.createServer((request, response) => answers.get(request.url ?? "")!(response));
server.listen(0, "127.0.0.1");
await once(server, "listening");
after(() => {
  server.closeAllConnections();
  server.close();
});
const { port: serverPort } = server.address() as net.AddressInfo;

const gives =
  (code: Uint8Array): Answer =>
  (response) =>
    void response.end(code);
const gone: Answer = (response) => void response.writeHead(404).end("no");
const silent: Answer = () => undefined;

let paths = 0;

/** A plugin whose code is at an address of its own. */
function remote(answer: Answer, sha256: string, timeout = "5s"): JsonObject {
  paths += 1;
  const url = `/${paths}.wasm`;
  answers.set(url, answer);
  const http_uri = { uri: `http://code.example${url}`, cluster: "code", timeout };
  const retry_policy = { retry_back_off: { base_interval: "0.01s" }, num_retries: 1 };
  return wasmConfig("", { vm: { code: { remote: { http_uri, sha256, retry_policy } } } });
}

interface Proxy {
  readonly sluice: SluiceProcess;
  readonly pushed: PushedFilter;
  /** What a response says of the filter. */
  readonly seen: () => Promise<string>;
  /** How many versions were refused. */
  readonly refused: () => Promise<number | undefined>;
}

async function start(t: TestContext, first?: JsonObject, more: JsonObject = {}): Promise<Proxy> {
  const folder = scratchFolder(t);
  const [port, adminPort] = [await freePort(), await freePort()];
  const pushed = new PushedFilter(folder, "coded", ["wasm", "lua"], first);
  if (first === undefined) pushed.move({ resources: [] });
  const direct = { match: { prefix: "/" }, direct_response: { status: 200 } };
  const listener = httpListener({ port, filters: [pushed.entry(more)], routes: [direct] });
  const config = bootstrap([listener], [staticCluster("code", [serverPort])], {
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } },
  });
  const env = { XDG_CACHE_HOME: path.join(folder, "cache") };
  const sluice = await startSluice(t, { folder, config, env });
  const stats = "extension_config_discovery.http_filter.coded";
  return {
    sluice,
    pushed,
    seen: async () => {
      const { status, headers } = await askOnce(port);
      return `${status} ${headers.get("x-guest") ?? "-"}`;
    },
    refused: async () => (await statsBelow(adminPort, stats)).get(".config_fail"),
  };
}

const version = (number: string, config: JsonObject): JsonObject =>
  extensionResponse("coded", number, config);

test("a version whose code cannot be fetched leaves the one that runs in place, and says why", async (t) => {
  const { sluice, pushed, seen, refused } = await start(t, remote(gives(v1), sha256Of(v1)));
  assert.equal(await seen(), "200 v1");
  const cases: readonly (readonly [JsonObject, RegExp])[] = [
    [remote(gone, sha256Of(v2)), /the answer has status 404, not 200/],
    [remote(silent, sha256Of(v2), "0.2s"), /through cluster code: the answer has status 504/],
    [remote(gives(v2), "0".repeat(64)), /the content has sha256 [0-9a-f]{64}, and 0{64} is/],
    [remote(gives(bad), sha256Of(bad)), /proxy_on_configure returned false/],
  ];
  for (const [index, [config, reason]] of cases.entries()) {
    const said = await pushed.refused(sluice, version(`${index + 2}`, config));
    assert.match(said, reason);
    assert.match(said, /Unable to create Wasm plugin plugin: /);
    assert.equal(await seen(), "200 v1");
    assert.equal(await refused(), index + 1);
  }
});

test("a version whose code could not be fetched is taken when it is pushed again and is there", async (t) => {
  const { sluice, pushed, seen } = await start(t, remote(gives(v1), sha256Of(v1)));
  const second = remote(gone, sha256Of(v2));
  await pushed.refused(sluice, version("2", second));
  answers.set(`/${paths}.wasm`, gives(v2));
  await pushed.push(sluice, "3", second);
  assert.equal(await seen(), "200 v2");
});

test("a default filter stays while the first version's code cannot be fetched", async (t) => {
  const script = `function envoy_on_response(handle) handle:headers():add("x-guest", "default") end`;
  const { sluice, pushed, seen } = await start(t, undefined, { default_config: luaConfig(script) });
  await pushed.refused(sluice, version("1", remote(gone, sha256Of(v1))));
  assert.equal(await seen(), "200 default");
});

test("a first version whose code cannot be fetched: the failure policy answers until a version can be", async (t) => {
  const { sluice, pushed, seen } = await start(t, remote(gone, sha256Of(v1)));
  assert.equal(await seen(), "503 -");
  await pushed.push(sluice, "2", remote(gives(v1), sha256Of(v1)));
  assert.equal(await seen(), "200 v1");
});
