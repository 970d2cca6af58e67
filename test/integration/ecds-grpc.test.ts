import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { DiscoveryServer, extensionsApi } from "../support/discovery-server.ts";
import { eventually } from "../support/eventually.ts";
import { TestClient } from "../support/hcm-server.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { prefixGuest } from "../support/prefix-guest.ts";
import {
  bootstrap,
  discoveredLog,
  fileLogConfig,
  httpFilter,
  httpListener,
  logLines,
  luaConfig,
  typeUrl,
  wasmConfig,
} from "../support/proxy-config.ts";
import { grpcSource, sdsCluster } from "../support/secrets.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// Extensions of all kinds that come from a control plane, in the command itself with two workers.

const folder = scratchFolder({ after });
const networkWasm = "envoy.extensions.filters.network.wasm.v3.Wasm";
const httpInspector = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";

const script = (version: string): JsonObject => ({
  typed_config: luaConfig(
    `function envoy_on_response(handle) handle:headers():add("x-lua", "${version}") end`,
  ),
});
async function prefix(letter: string): Promise<JsonObject> {
  const file = path.join(folder, `${letter}.wasm`);
  writeFileSync(file, await prefixGuest(letter));
  return { typed_config: { ...wasmConfig(file), "@type": typeUrl(networkWasm) } };
}
const logFile = path.join(folder, "access.log");
const logger = (version: string): JsonObject => ({
  typed_config: fileLogConfig(logFile, `${version} %RESPONSE_CODE%`),
});

const controlPlane = await DiscoveryServer.start(extensionsApi);
after(() => controlPlane[Symbol.asyncDispose]());
controlPlane.set("script", script("first"));
controlPlane.set("prefix", await prefix("a"));
controlPlane.set("sniffer", { typed_config: { "@type": typeUrl(httpInspector) } });
controlPlane.set("logger", logger("first"));

const httpPort = await freePort();
const port = await freePort();
const adminPort = await freePort();
const discovered = (name: string, kind: string): JsonObject => ({
  name,
  config_discovery: { config_source: grpcSource(), type_urls: [typeUrl(kind)] },
});
const answer = { match: { prefix: "/" }, direct_response: { status: 200 } };
const echo = "envoy.extensions.filters.network.echo.v3.Echo";
const sluice = await startSluice(
  { after },
  {
    args: ["--concurrency", "2"],
    config: bootstrap(
      [
        httpListener({
          port: httpPort,
          filters: [discovered("script", "lua")],
          routes: [answer],
          hcm: { access_log: [discoveredLog("logger", grpcSource(), ["fileLog"])] },
        }),
        {
          name: "connections",
          address: { socket_address: { address: "127.0.0.1", port_value: port } },
          listener_filters: [discovered("sniffer", httpInspector)],
          filter_chains: [
            {
              filters: [
                discovered("prefix", networkWasm),
                httpFilter("echo", { "@type": typeUrl(echo) }),
              ],
            },
          ],
        },
      ],
      [sdsCluster(controlPlane.port)],
      adminAt(adminPort),
    ),
  },
);

async function lua(): Promise<string | undefined> {
  return (await askOnce(httpPort, { path: "/" })).headers.get("x-lua");
}

async function echoed(): Promise<string> {
  await using client = await TestClient.connect(port);
  // A whole line, for the listener filter.
  client.send("hi\r\n");
  return (await client.until((text) => text.endsWith("\n"))).trimEnd();
}

const category = {
  script: "http_filter",
  prefix: "network_filter",
  sniffer: "tcp_listener_filter",
  logger: "access_logger",
};
const stat = async (name: keyof typeof category, counter: string): Promise<number> =>
  (await statsBelow(adminPort, `extension_config_discovery.${category[name]}.${name}.`)).get(
    counter,
  )!;

/** Sends a version and waits until all workers have it. */
async function push(name: keyof typeof category, resource: JsonObject): Promise<void> {
  const reloads = await stat(name, "config_reload");
  const isLive = async (): Promise<boolean> => (await stat(name, "config_reload")) > reloads;
  while (!(await isLive())) {
    // Again, when a busy machine was too slow for it.
    const rejected = await stat(name, "update_rejected");
    controlPlane.set(name, resource);
    const isAnswered = async (): Promise<boolean> =>
      (await isLive()) || (await stat(name, "update_rejected")) > rejected;
    await eventually(isAnswered, `an answer to ${name}`);
  }
}

test("the first versions of all kinds are in force before the ports open", async () => {
  assert.equal(await lua(), "first");
  assert.equal(await echoed(), "ahi");
  assert.deepEqual(await logLines(logFile, 1), ["first 200"]);
  for (const name of Object.keys(category) as (keyof typeof category)[]) {
    assert.equal(await stat(name, "config_reload"), 1, name);
    assert.equal(await stat(name, "control_plane.connected_state"), 1, name);
  }
});

test("later versions are in force on all workers for what comes next", async () => {
  await push("script", script("second"));
  await push("prefix", await prefix("b"));
  await push("logger", logger("second"));
  for (let i = 0; i < 8; i += 1) {
    assert.equal(await lua(), "second");
    assert.equal(await echoed(), "bhi");
  }
  const lines = await logLines(logFile, 9);
  assert.deepEqual([...new Set(lines.slice(1))], ["second 200"]);
});

test("what cannot be used is refused, with the reason, and changes nothing", async () => {
  const before = controlPlane.requests.length;
  controlPlane.set("script", { typed_config: luaConfig("not lua") });
  const refused = (): JsonObject | undefined =>
    controlPlane.requests.slice(before).find((request) => request["error_detail"] !== undefined);
  await eventually(() => refused() !== undefined, "a refusal");
  const detail = JSON.stringify(refused()!["error_detail"]);
  assert.match(detail, /script load error/);
  assert.equal(await stat("script", "update_rejected"), 1);
  assert.equal(await stat("script", "config_fail"), 1);
  assert.equal(await lua(), "second");
  await sluice.untilLogged("[warning][config] extension config 'script' rejected: ");
});

test("what is in force stays when the control plane goes away, and it is asked again", async () => {
  const { streams } = controlPlane;
  controlPlane.endStreams();
  await eventually(() => controlPlane.streams >= streams + 4, "a stream for each again");
  assert.equal(await lua(), "second");
  assert.equal(await echoed(), "bhi");
  await push("prefix", await prefix("c"));
  assert.equal(await echoed(), "chi");
});
