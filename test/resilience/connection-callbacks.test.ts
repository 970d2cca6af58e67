import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import { callbacks, type CallbackName } from "@sluice/abi";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { closed, readBytes } from "../support/connection-pair.ts";
import { type Failure, failingModule } from "../support/failing-callbacks.ts";
import { listenerPorts } from "../support/listener-ports.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, staticCluster, typeUrl, wasmConfig } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

// A trap and an endless loop in each callback of a network filter and of a listener filter, on the one worker that 50
// connections of neighbours are at work on: these lose nothing, and the connections of the failed VM are closed.

const waitMs = 60_000;
const folder = scratchFolder({ after });

/** A callback, and whether it runs when the connection has ended. */
interface FailingCallback {
  readonly name: CallbackName;
  readonly place: "network" | "listener";
  readonly atEnd?: boolean;
  /** More of the module. */
  readonly more?: string;
}

/** Opens a connection to a cluster whose name is two letters. */
const opens = (cluster: string): string => `(data (i32.const 512) "${cluster}")
  (func (export "proxy_on_new_connection") (param i32) (result i32)
    (drop (call $sluice_tcp_connect (i32.const 512) (i32.const 2) (i32.const 520))) (i32.const 1))`;

const failing: readonly FailingCallback[] = [
  { name: "proxy_on_new_connection", place: "network" },
  { name: "proxy_on_downstream_data", place: "network" },
  { name: "proxy_on_upstream_data", place: "network" },
  // The answer to a byte that is told to the guest as the upstream's end.
  { name: "proxy_on_upstream_connection_close", place: "network" },
  { name: "proxy_on_downstream_connection_close", place: "network", atEnd: true },
  { name: "sluice_on_tcp_connected", place: "network", more: opens("up") },
  { name: "sluice_on_tcp_data", place: "network", more: opens("up") },
  { name: "sluice_on_tcp_close", place: "network", more: opens("go") },
  { name: "sluice_on_accept", place: "listener" },
  {
    name: "sluice_on_first_bytes",
    place: "listener",
    more: `(func (export "sluice_on_accept") (param i32) (result i32)
      (drop (call $sluice_want_first_bytes (i32.const 10))) (i32.const 1))`,
  },
];

/** A listener with the module in front of an echo, or of an answer that ends the connection. */
async function listener(
  name: string,
  code: Uint8Array,
  place: "network" | "listener",
  ends = false,
): Promise<JsonObject> {
  const file = path.join(folder, `${name}.wasm`);
  writeFileSync(file, code);
  const config = wasmConfig(file, { name, vm: { vm_id: name } });
  const filter = (type: string): JsonObject => ({
    name: "guest",
    typed_config: { ...config, "@type": typeUrl(type) },
  });
  const last = ends
    ? {
        "@type": typeUrl("envoy.extensions.filters.network.direct_response.v3.Config"),
        response: { inline_string: "x" },
      }
    : { "@type": typeUrl("envoy.extensions.filters.network.echo.v3.Echo") };
  const isNetwork = place === "network";
  return {
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    listener_filters: isNetwork ? [] : [filter("sluice.listener.wasm.v1.Wasm")],
    filter_chains: [
      {
        filters: [
          ...(isNetwork ? [filter("envoy.extensions.filters.network.wasm.v3.Wasm")] : []),
          { name: "last", typed_config: last },
        ],
      },
    ],
  };
}

const cases = failing.flatMap((callback) =>
  (["trap", "loop"] as const).map((failure: Failure) => ({
    callback,
    failure,
    name: `${callback.name}.${failure}`,
  })),
);
const listeners: JsonObject[] = [];
for (const { callback, failure, name } of cases) {
  const code = await failingModule({ ...callback, outcome: "any" }, failure);
  const ends = callback.name === "proxy_on_upstream_connection_close";
  listeners.push(await listener(name, code, callback.place, ends));
}
const passing = `(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32) (i32.const 0))`;
listeners.push(await listener("neighbour", await guest(passing), "network"));
/** Greets, or resets the connection. */
async function server(onConnection: (socket: net.Socket) => void): Promise<number> {
  const made = net.createServer((socket) => {
    onConnection(socket.on("error", () => undefined));
  });
  made.listen(0, "127.0.0.1");
  await once(made, "listening");
  after(() => made.close());
  return (made.address() as net.AddressInfo).port;
}
const clusters = [
  staticCluster("up", [await server((socket) => socket.write("hello"))]),
  staticCluster("go", [await server((socket) => socket.resetAndDestroy())]),
];
const adminPort = await freePort();
await startSluice(
  { after },
  {
    folder,
    config: bootstrap(listeners, clusters, adminAt(adminPort)),
    args: ["--concurrency", "1"],
  },
);
const ports = await listenerPorts(adminPort);

async function connect(name: string): Promise<net.Socket> {
  const socket = net.connect({ port: ports.get(name)!, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

const neighbours = await Promise.all(Array.from({ length: 50 }, () => connect("neighbour")));
after(() => {
  for (const socket of neighbours) socket.destroy();
});

/** Each neighbour sends and gets back. */
async function neighboursEcho(): Promise<void> {
  await Promise.all(
    neighbours.map(async (socket) => {
      socket.write("hello");
      assert.equal(await readBytes(socket, 5), "hello");
    }),
  );
}

async function untilFailed(name: string): Promise<ReadonlyMap<string, number>> {
  for (const deadline = performance.now() + waitMs; ; await sleep(20)) {
    const stats = await statsBelow(adminPort, `sluice.wasm.${name}.`);
    if (stats.get("vm_failed") === 1) return stats;
    assert.ok(performance.now() < deadline, `${name} has not failed`);
  }
}

for (const { callback, failure, name } of cases) {
  test(`a ${failure} in ${callback.name} costs the connections of its VM only`, async () => {
    const meanwhile = neighboursEcho();
    const client = await connect(name);
    client.write("hello");
    if (callback.atEnd === true) {
      assert.equal(await readBytes(client, 5), "hello");
      client.destroy();
    } else {
      await closed(client);
    }
    await meanwhile;
    const stats = await untilFailed(name);
    assert.equal(stats.get("cpu_limit_exceeded"), failure === "loop" ? 1 : 0);
    await closed(await connect(name));
    await neighboursEcho();
  });
}

test("every callback that connections and accepted sockets have of their own is among them", () => {
  const own = Object.keys(callbacks).filter((name) => /^sluice_|connection|_data$/.test(name));
  assert.deepEqual(failing.map((each) => each.name).sort(), own.sort());
});
