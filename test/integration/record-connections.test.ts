import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { parse } from "yaml";
import { adminAt } from "../support/admin-stats.ts";
import { assemblyScriptFile } from "../support/assemblyscript.ts";
import { type Finished, run, sluiceBin } from "../support/command.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, staticCluster, typeUrl, wasmConfig } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

// sluice record of connections and of accepted sockets, sluice replay of what it wrote, and the suites made of it.

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
  /** Runs the command in the folder. */
  sluice(...args: readonly string[]): Promise<Finished>;
  /** Records while clients come and send these pieces: the recorder attaches when it does. */
  record(plugin: string, pieces: readonly string[], ...args: readonly string[]): Promise<Finished>;
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
  const sluice: Proxy["sluice"] = (...args) =>
    run(process.execPath, [sluiceBin, ...args], { cwd: folder });
  return {
    folder,
    ports,
    sluice,
    record: async (name, pieces, ...args) => {
      const at = ["--admin", `127.0.0.1:${admin}`, "-o", `${name}.jsonl`];
      let ended = false;
      const recording = sluice("record", name, ...at, ...args).finally(() => (ended = true));
      while (!ended) await converse(ports[name as keyof typeof ports], pieces);
      return recording;
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

/** Replays what was recorded, and makes a suite of it beside: its text. */
async function replayed(proxy: Proxy, name: string): Promise<string> {
  const same = await proxy.sluice("replay", `${name}.jsonl`);
  assert.equal(same.code, 0, same.stdout + same.stderr);
  const suite = await proxy.sluice("replay", `${name}.jsonl`, "--test");
  assert.equal(suite.code, 0, suite.stderr);
  writeFileSync(path.join(proxy.folder, `${name}.test.yaml`), suite.stdout);
  return suite.stdout;
}

test("connections and accepted sockets are recorded, do the same again, and become suites", async (context) => {
  const proxy = await startProxy(context);
  const { folder } = proxy;
  for (const [name, pieces, ...args] of [
    ["hold", ["abc", "defg"]],
    ["relay", ["back hello"]],
    ["trap", ["x"], "--on-trap"],
    ["take", ["hello"]],
  ] as const) {
    const done = await proxy.record(name, pieces, ...args);
    assert.equal(done.code, 0, `${name}: ${done.stderr}`);
  }

  // Whether the pieces came one by one is the machine's affair.
  const held = parse(await replayed(proxy, "hold")) as { cases: { steps: JsonObject[] }[] };
  const sent = held.cases[0]!.steps.map(({ send }) => (typeof send === "string" ? send : ""));
  assert.equal(sent.join(""), "abcdefg");
  assert.match(await replayed(proxy, "relay"), /\n {4}servers:\n {6}back:\n {8}echo: false\n/);
  assert.match(await replayed(proxy, "trap"), /\n {6}connection:\n {8}closed: true\n/);
  assert.match(await replayed(proxy, "take"), /^listener_filters:\n|\nlistener_filters:\n/);

  // A recording of something that the module does not do.
  const text = readFileSync(path.join(folder, "relay.jsonl"), "utf8");
  writeFileSync(path.join(folder, "other.jsonl"), text.replaceAll('"1=hello;"', '"1=HELLO;"'));
  const other = await proxy.sluice("replay", "other.jsonl");
  assert.equal(other.code, 1, other.stdout);
  assert.match(
    other.stdout,
    /: callback \d+, sluice_on_tcp_data, host call \d+\n {2}recorded {2}sluice_tcp_write\(0, "1=HELLO;", 0\) = OK\n {2}now {7}sluice_tcp_write\(0, "1=hello;", 0\)\n/,
  );

  const update = await proxy.sluice("test", "--update");
  assert.equal(update.code, 0, `${update.stdout}${update.stderr}`);
  const again = await proxy.sluice("test");
  assert.equal(again.code, 0, again.stdout);
  assert.match(again.stdout, /^4 cases, 4 passed$/m);
  const pinned = readFileSync(path.join(folder, "relay.test.snapshots.json"), "utf8");
  assert.match(pinned, /"received": "1=hello;"/);
});
