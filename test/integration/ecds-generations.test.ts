import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { eventually } from "../support/eventually.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { prefixGuest } from "../support/prefix-guest.ts";
import {
  bootstrap,
  discoveredFilter,
  extensionResponse,
  httpFilter,
  luaConfig,
  typeUrl,
  wasmConfig,
} from "../support/proxy-config.ts";
import { PushedFilter } from "../support/pushed-filter.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

// How long versions of network and listener filters live that come by discovery; with one worker.

const folder = scratchFolder({ after });
const networkWasm = "envoy.extensions.filters.network.wasm.v3.Wasm";
const listenerWasm = "sluice.listener.wasm.v1.Wasm";
const prefixFile = path.join(folder, "prefix.wasm");
writeFileSync(prefixFile, await prefixGuest("p"));
const gateFile = path.join(folder, "gate.wasm");
/** Lets sockets in at their second byte. */
const gate = `
  (func (export "sluice_on_accept") (param i32) (result i32)
    (drop (call $sluice_want_first_bytes (i32.const 2))) (i32.const 1))
  (func (export "sluice_on_first_bytes") (param i32 i32) (result i32)
    (i32.lt_u (local.get 1) (i32.const 2)))`;
writeFileSync(gateFile, await guest(gate));

const prefix = (version: string): JsonObject => ({
  ...wasmConfig(prefixFile, { name: "prefix", configuration: version }),
  "@type": typeUrl(networkWasm),
});
const opening = (version: string): JsonObject => ({
  ...wasmConfig(gateFile, { name: "gate", configuration: version }),
  "@type": typeUrl(listenerWasm),
});
/** An HTTP connection manager that answers with the version, by a script. */
function manager(version: string, more: JsonObject = {}): JsonObject {
  const script = `function envoy_on_request(handle) handle:respond({[":status"] = "200"}, "${version}") end`;
  return {
    "@type": typeUrl("hcm"),
    stat_prefix: "discovered",
    http_filters: [
      httpFilter("script", luaConfig(script)),
      httpFilter("router", { "@type": typeUrl("router") }),
    ],
    route_config: { virtual_hosts: [{ name: "all", domains: "*" }] },
    ...more,
  };
}

const network = new PushedFilter(folder, "network", [networkWasm], prefix("1"));
const listening = new PushedFilter(folder, "listening", [listenerWasm], opening("1"));
const managing = new PushedFilter(folder, "managing", ["hcm"], manager("1"));
const port = await freePort();
const gatePort = await freePort();
const httpPort = await freePort();
const adminPort = await freePort();
const echo = httpFilter("echo", {
  "@type": typeUrl("envoy.extensions.filters.network.echo.v3.Echo"),
});
const listener = (name: string, at: number, more: JsonObject): JsonObject => ({
  name,
  address: { socket_address: { address: "127.0.0.1", port_value: at } },
  ...more,
});
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        listener("network", port, { filter_chains: [{ filters: [network.entry(), echo] }] }),
        listener("gate", gatePort, {
          listener_filters: [listening.entry()],
          filter_chains: [{ filters: [echo] }],
        }),
        listener("http", httpPort, { filter_chains: [{ filters: [managing.entry()] }] }),
      ],
      [],
      adminAt(adminPort),
    ),
  },
);

/** How many VMs there are of a plugin on the worker. */
async function vmsOf(plugin: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/wasm?format=json`);
  const text = await response.text();
  return text.split(`"name": "${plugin}"`).length - 1;
}

/** Waits until the plugin has so many VMs. */
const untilVms = (plugin: string, count: number): Promise<void> =>
  eventually(async () => (await vmsOf(plugin)) === count, `${count} VMs of ${plugin}`);

async function echoed(client: TestClient, text: string): Promise<void> {
  const before = client.text;
  client.send(text);
  assert.equal(await client.until((all) => all.length > before.length + 1), `${before}p${text}`);
}

test("a version of a network filter is freed when its last connection ends", async () => {
  await untilVms("prefix", 1);
  const first = await TestClient.connect(port);
  await echoed(first, "a");
  await network.push(sluice, "2", prefix("2"));
  await using second = await TestClient.connect(port);
  await echoed(second, "b");
  await echoed(first, "c");
  assert.equal(await vmsOf("prefix"), 2);
  await first[Symbol.asyncDispose]();
  await untilVms("prefix", 1);
  await echoed(second, "d");
});

test("a version of a listener filter is freed when its last socket is through", async () => {
  await untilVms("gate", 1);
  await using waiting = await TestClient.connect(gatePort);
  waiting.send("x");
  const looking = async (): Promise<boolean> =>
    (await statsBelow(adminPort, `listener.127.0.0.1_${gatePort}.`)).get(
      "downstream_pre_cx_active",
    ) === 1;
  await eventually(looking, "a socket in the filter");
  await listening.push(sluice, "2", opening("2"));
  assert.equal(await vmsOf("gate"), 2);
  waiting.send("y");
  assert.equal(await waiting.until((text) => text.length === 2), "xy");
  await untilVms("gate", 1);
});

test("of too many versions, the connections of the oldest are closed, and counted", async () => {
  const clients: TestClient[] = [];
  for (let version = 10; version < 19; version += 1) {
    await network.push(sluice, String(version), prefix(String(version)));
    const client = await TestClient.connect(port);
    await echoed(client, "x");
    clients.push(client);
  }
  const [oldest, ...others] = clients;
  await oldest!.until(() => false);
  for (const client of others) await echoed(client, "y");
  await untilVms("prefix", 8);
  const stats = await statsBelow(adminPort, "extension_config_discovery.network_filter.network.");
  assert.equal(stats.get("generation_streams_reset"), 1);
  for (const client of clients) await client[Symbol.asyncDispose]();
  await untilVms("prefix", 1);
});

test("an HTTP connection manager may come by discovery: open connections keep theirs", async () => {
  await using open = await TestClient.connect(httpPort);
  assert.equal((await ask(open)).body, "1");
  await managing.push(sluice, "2", manager("2"));
  await using next = await TestClient.connect(httpPort);
  assert.equal((await ask(next)).body, "2");
  assert.equal((await ask(open)).body, "1");
});

test("what comes by discovery cannot ask for more of it", async () => {
  const inner = discoveredFilter("inner", import.meta.filename, ["lua"]);
  const router = httpFilter("router", { "@type": typeUrl("router") });
  const filters = manager("3", { http_filters: [inner, router] });
  const asked = await managing.refused(sluice, extensionResponse("managing", "3", filters));
  const said = "is not supported inside an extension that comes by discovery itself";
  assert.ok(asked.includes(`http_filters[0].config_discovery: ${said}`), asked);
  const source = { path_config_source: { path: import.meta.filename } };
  const { route_config: _routes, ...bare } = manager("3");
  const routes = { ...bare, rds: { route_config_name: "r", config_source: source } };
  const alsoAsked = await managing.refused(sluice, extensionResponse("managing", "3", routes));
  assert.ok(alsoAsked.includes(`rds.config_source: ${said}`), alsoAsked);
});
