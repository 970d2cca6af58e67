import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { parse } from "yaml";
import { record } from "../../host/src/cli/record.ts";
import { readRecordings } from "../../host/src/testing/replay/read-recordings.ts";
import { replay, type ReplayResult } from "../../host/src/testing/replay/replay.ts";
import { suiteOf } from "../../host/src/testing/replay/suite-of-recording.ts";
import type { Recording } from "../../host/src/guest/watch/recording.ts";
import { runSuite } from "../support/suites.ts";
import { adminAt } from "../support/admin-stats.ts";
import { assemblyScriptFile } from "../support/assemblyscript.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, staticCluster, typeUrl, wasmConfig } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

// sluice record of connections and of accepted sockets, sluice replay of what it wrote, and the suites made of it; the
// commands in this process, since each would take its time to start.

const networkWasm = "envoy.extensions.filters.network.wasm.v3.Wasm";
const listenerWasm = "sluice.listener.wasm.v1.Wasm";

const echo: JsonObject = {
  name: "echo",
  typed_config: { "@type": typeUrl("envoy.extensions.filters.network.echo.v3.Echo") },
};

const toUpstream: JsonObject = {
  name: "tcp",
  typed_config: {
    "@type": typeUrl("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"),
    stat_prefix: "tcp",
    cluster: "upstream",
  },
};

/** Traps when a client sends anything. */
const trapping = `
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32) unreachable)`;

interface Proxy {
  readonly folder: string;
  readonly ports: { readonly [plugin: string]: number };
  /** Records while clients come and send these pieces: the recorder attaches when it does. */
  record(plugin: string, pieces: readonly string[], ...args: readonly string[]): Promise<Recording>;
}

async function startProxy(context: TestContext): Promise<Proxy> {
  const folder = scratchFolder(context);
  const trap = path.join(folder, "trap.wasm");
  writeFileSync(trap, await guest(trapping));
  const connections = await assemblyScriptFile("test/fixtures/wasm/assembly/sdk-connections.ts");
  const upstream = await echoServer(context);
  const admin = await freePort();
  const ports = {
    hold: await freePort(),
    relay: await freePort(),
    trap: await freePort(),
    take: await freePort(),
  };
  const plugin = (name: keyof typeof ports, type: string, file = connections): JsonObject => ({
    name,
    typed_config: {
      ...wasmConfig(file, { name, configuration: name, plugin: { failure_policy: "FAIL_RELOAD" } }),
      "@type": typeUrl(type),
    },
  });
  const listener = (name: keyof typeof ports, filters: JsonObject[], more = {}): JsonObject => ({
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: ports[name] } },
    filter_chains: [{ filters }],
    ...more,
  });
  await startSluice(context, {
    config: bootstrap(
      [
        listener("hold", [plugin("hold", networkWasm), toUpstream]),
        listener("relay", [plugin("relay", networkWasm), echo]),
        listener("trap", [plugin("trap", networkWasm, trap), echo]),
        listener("take", [echo], { listener_filters: [plugin("take", listenerWasm)] }),
      ],
      [staticCluster("upstream", [upstream]), staticCluster("back", [upstream])],
      adminAt(admin),
    ),
    folder,
    args: ["--concurrency", "1"],
  });
  return {
    folder,
    ports,
    record: async (name, pieces, ...args) => {
      const file = path.join(folder, `${name}.jsonl`);
      const at = ["--admin", `127.0.0.1:${admin}`, "-o", file];
      let ended = false;
      const recording = record([name, ...at, ...args]).finally(() => (ended = true));
      while (!ended) await converse(ports[name as keyof typeof ports], pieces);
      assert.equal(await recording, 0, name);
      const recordings = readRecordings(file);
      if (typeof recordings === "string") throw new Error(recordings);
      return recordings[0]!;
    },
  };
}

async function echoServer(context: TestContext): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

/** Sends the pieces, with pauses in which the proxy may see them one by one, and leaves when something has come back. */
async function converse(port: number, pieces: readonly string[]): Promise<void> {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => undefined);
  const answered = new Promise<void>((resolve) => {
    socket.once("data", () => resolve());
    socket.once("close", () => resolve());
  });
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await answered;
  socket.resetAndDestroy();
}

async function replayed(recording: Recording): Promise<ReplayResult> {
  const result = await replay(recording, Uint8Array.from(readFileSync(recording.plugin.file!)));
  if (typeof result === "string") throw new Error(result);
  return result;
}

/** The suite of a recording, which passes; it has no snapshot yet. */
async function passing(recording: Recording): Promise<string> {
  const suite = suiteOf([recording], undefined);
  assert.ok(suite.ok, suite.ok ? "" : suite.error);
  const [line, ...problems] = await runSuite(suite.value);
  assert.match(line!, /^ok recorded /, `${problems.join("\n")}\n${suite.value}`);
  return suite.value;
}

test("connections and accepted sockets are recorded, do the same again, and become suites", async (context) => {
  const proxy = await startProxy(context);
  const hold = await proxy.record("hold", ["abc", "defg"]);
  const relay = await proxy.record("relay", ["back hello"]);
  const trap = await proxy.record("trap", ["x"], "--on-trap");
  const take = await proxy.record("take", ["hello"]);
  for (const recording of [hold, relay, trap, take]) {
    const { divergence, callbacks } = await replayed(recording);
    assert.equal(divergence, undefined, recording.plugin.name);
    assert.ok(callbacks > 1);
  }

  // Whether the pieces came one by one is the machine's affair.
  const held = parse(await passing(hold)) as { cases: { steps: JsonObject[] }[] };
  const sent = held.cases[0]!.steps.map(({ send }) => (typeof send === "string" ? send : ""));
  assert.equal(sent.join(""), "abcdefg");
  assert.match(await passing(relay), /\n {4}servers:\n {6}back:\n {8}echo: false\n/);
  assert.match(await passing(trap), /\n {6}connection:\n {8}closed: true\n/);
  assert.match(await passing(take), /(^|\n)listener_filters:\n/);

  // A recording of something that the module does not do.
  const other = JSON.stringify(relay).replaceAll('"1=hello;"', '"1=HELLO;"');
  const { divergence } = await replayed(JSON.parse(other) as Recording);
  assert.match(divergence!.place, /^callback \d+, sluice_on_tcp_data, host call \d+$/);
  assert.equal(divergence!.recorded, 'sluice_tcp_write(0, "1=HELLO;", 0) = OK');
  assert.equal(divergence!.now, 'sluice_tcp_write(0, "1=hello;", 0)');
});
