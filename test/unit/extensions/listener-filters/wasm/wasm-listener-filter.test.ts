import assert from "node:assert/strict";
import { before, test } from "node:test";
import { listenerFilters } from "../../../../../host/src/extensions/listener-filters/wasm/listener-filters.ts";
import type { Connection } from "../../../../../host/src/contracts/network/connection.ts";
import type { PluginSettings } from "../../../../../host/src/guest/wasm/plugin.ts";
import { assemblyScript } from "../../../../support/assemblyscript.ts";
import { closed, readBytes } from "../../../../support/connection-pair.ts";
import {
  chain,
  echo,
  ListenerHarness,
  listenerConfig,
  listenerFilters as filtersOf,
  network,
} from "../../../../support/listener-harness.ts";
import { pluginSettings, WasmHost } from "../../../../support/wasm.ts";
import { guest } from "../../../../support/wasm-guest.ts";

let module: Uint8Array;
before(async () => {
  module = await assemblyScript("test/fixtures/wasm/assembly/accepted.ts");
});

/** A listener with the module in front of an echo. */
class Accepting implements Disposable {
  readonly host = new WasmHost();
  readonly harness = new ListenerHarness();
  /** Connections, as the network filters in front of the echo see them. */
  readonly connections: Connection[] = [];

  static async start(
    told: string,
    settings: Partial<PluginSettings> = {},
    timeoutMs = 0,
  ): Promise<Accepting> {
    const accepting = new Accepting();
    const { host, harness, connections } = accepting;
    const { configuration: _configuration, vm: _vm, ...changes } = settings;
    const plugin = await host.start(module, pluginSettings({ ...changes, configuration: told }));
    host.logger.take();
    const note = network((connection) => void connections.push(connection));
    const options = {
      listenerFilters: [filtersOf(listenerFilters(plugin))],
      listenerFiltersTimeoutMs: timeoutMs,
      continueOnListenerFiltersTimeout: true,
    };
    await harness.put(listenerConfig("l", [chain([note, echo()])], options));
    return accepting;
  }

  /** What the module has logged. */
  get log(): string[] {
    return this.host.logger.lines.map((line) => line.replace(/^info wasm log plugin: /, ""));
  }

  /** What the module has kept of a connection. */
  kept(index = 0): string {
    const state = this.connections[index]!.streamInfo.filterState.get("wasm.first_line");
    return Buffer.from(state as Uint8Array).toString();
  }

  [Symbol.dispose](): void {
    this.harness[Symbol.dispose]();
  }
}

test("a module that goes on lets the connection be", async () => {
  using accepting = await Accepting.start("");
  const client = await accepting.harness.connect("l");
  client.write("hello");
  assert.equal(await readBytes(client, 5), "hello");
  assert.deepEqual(accepting.log, ["accept", "done", "delete"]);
});

test("first bytes are shown as they come, and the connection gets them too", async () => {
  using accepting = await Accepting.start("accept=want:64;bytes=look");
  const client = await accepting.harness.connect("l");
  client.write("hel");
  await accepting.harness.until(() => accepting.log.includes("bytes 3 hel"));
  client.write("lo world");
  assert.equal(await readBytes(client, 11), "hello world");
  assert.equal(accepting.kept(), "hello");
  assert.deepEqual(accepting.log, [
    "accept",
    "bytes 3 hel",
    "bytes 11 hello world",
    "done",
    "delete",
  ]);
});

test("no more bytes are shown than were wanted", async () => {
  using accepting = await Accepting.start("accept=want:4;bytes=nothing");
  const client = await accepting.harness.connect("l");
  client.write("hello");
  assert.equal(await readBytes(client, 5), "hello");
  assert.deepEqual(accepting.log, ["accept", "bytes 4 hell", "done", "delete"]);
});

test("bytes that are taken away are seen by nobody behind", async () => {
  using accepting = await Accepting.start("accept=want:64;bytes=line");
  const client = await accepting.harness.connect("l");
  client.write("PROXY me\nrest");
  assert.equal(await readBytes(client, 4), "rest");
  assert.equal(accepting.kept(), "PROXY me");
});

test("first bytes cannot be changed, nor more be taken than are there", async () => {
  for (const [action, line] of [
    ["change", "change 2"],
    ["take:9", "take 2"],
  ]) {
    using accepting = await Accepting.start(`accept=want:64;bytes=${action}`);
    const client = await accepting.harness.connect("l");
    client.write("hello");
    assert.equal(await readBytes(client, 5), "hello");
    assert.ok(accepting.log.includes(line!), accepting.log.join("\n"));
  }
});

test("wanting no bytes, or too many, is a bad argument; wanting them elsewhere finds nothing", async () => {
  for (const size of [0, 65_537]) {
    using accepting = await Accepting.start(`accept=want:${size}`, {}, 30);
    const client = await accepting.harness.connect("l");
    client.write("hello");
    assert.equal(await readBytes(client, 5), "hello");
    assert.deepEqual(accepting.log, ["accept", "want 2", "done", "delete"]);
  }
  const host = new WasmHost();
  await host.load(module, pluginSettings());
  assert.deepEqual(host.logger.take(), ["info wasm log: want 1"], "in on_configure");
});

test("a socket waits for the module without being read", async () => {
  using accepting = await Accepting.start("accept=wait");
  const { host, harness } = accepting;
  const client = await harness.connect("l");
  client.write("hello");
  await harness.until(() => accepting.log.includes("accept"));
  assert.equal(harness.gauge("listener.l.downstream_pre_cx_active"), 1);
  host.dispatcher.advance(10);
  assert.equal(await readBytes(client, 5), "hello");
  assert.deepEqual(accepting.log, ["accept", "done", "delete"]);
});

test("continuing by a host call counts more than saying to wait", async () => {
  using accepting = await Accepting.start("accept=continue");
  const client = await accepting.harness.connect("l");
  client.write("hello");
  assert.equal(await readBytes(client, 5), "hello");
});

for (const event of ["accept", "bytes"]) {
  test(`a module closes a socket: ${event}`, async () => {
    const told = event === "accept" ? "accept=close" : "accept=want:1;bytes=close";
    using accepting = await Accepting.start(told);
    const { harness } = accepting;
    const client = await harness.connect("l");
    client.write("h");
    await closed(client);
    await harness.untilLogged(1);
    assert.equal(harness.counter("listener.l.downstream_cx_total"), 0);
    assert.deepEqual(accepting.log.slice(-2), ["done", "delete"]);
  });
}

test("properties of the connection are there before it is", async () => {
  using accepting = await Accepting.start("accept=address");
  const client = await accepting.harness.connect("l");
  client.write("hello");
  assert.equal(await readBytes(client, 5), "hello");
  assert.equal(accepting.kept(), `127.0.0.1:${client.localPort}`);
});

test("the access log of the listener sees the state that the module has set", async () => {
  using accepting = await Accepting.start("accept=address");
  const client = await accepting.harness.connect("l");
  const address = `127.0.0.1:${client.localPort}`;
  client.write("h");
  await readBytes(client, 1);
  client.end();
  const [line] = await accepting.harness.untilLogged(1);
  const state = line!.info.filterState.get("wasm.first_line");
  assert.equal(Buffer.from(state as Uint8Array).toString(), address);
});

test("a socket that goes away, or waits too long, ends the context", async () => {
  using leaving = await Accepting.start("accept=want:64;bytes=look");
  const client = await leaving.harness.connect("l");
  client.write("hel");
  await leaving.harness.until(() => leaving.log.includes("bytes 3 hel"));
  client.destroy();
  await leaving.harness.until(() => leaving.log.includes("delete"));
  using waiting = await Accepting.start("accept=want:64;bytes=look", {}, 30);
  const patient = await waiting.harness.connect("l");
  patient.write("hel");
  assert.equal(await readBytes(patient, 3), "hel");
  assert.deepEqual(waiting.log.slice(-2), ["done", "delete"]);
});

for (const event of ["accept", "bytes"]) {
  const told = event === "accept" ? "accept=trap" : "accept=want:64;bytes=trap";
  test(`FAIL_CLOSED closes the socket, and later ones: ${event}`, async () => {
    using accepting = await Accepting.start(told, { failurePolicy: "closed" });
    for (let i = 1; i <= 2; i += 1) {
      const client = await accepting.harness.connect("l");
      client.write("hello");
      await closed(client);
    }
    assert.equal(accepting.host.stats.vmFailed.value, 1);
  });

  test(`FAIL_OPEN closes the socket and lets later ones go without: ${event}`, async () => {
    using accepting = await Accepting.start(told, { failurePolicy: "open" });
    const first = await accepting.harness.connect("l");
    first.write("hello");
    await closed(first);
    const second = await accepting.harness.connect("l");
    second.write("hello");
    assert.equal(await readBytes(second, 5), "hello");
  });

  test(`fail_open lets the socket go on as well: ${event}`, async () => {
    const settings = { failurePolicy: "open", liveStreamsGoOn: true } as const;
    using accepting = await Accepting.start(told, settings);
    const client = await accepting.harness.connect("l");
    client.write("hello");
    assert.equal(await readBytes(client, 5), "hello");
  });
}

test("a trap elsewhere in the VM closes the sockets that wait for it", async () => {
  using accepting = await Accepting.start("accept=want:64;bytes=look");
  const client = await accepting.harness.connect("l");
  client.write("hel");
  await accepting.harness.until(() => accepting.log.includes("bytes 3 hel"));
  const other = await accepting.harness.connect("l");
  other.write("!");
  await Promise.all([closed(client), closed(other)]);
});

test("a module without the callbacks goes on", async () => {
  const host = new WasmHost();
  using harness = new ListenerHarness();
  const plugin = await host.start(await guest(""));
  const options = { listenerFilters: [filtersOf(listenerFilters(plugin))] };
  await harness.put(listenerConfig("l", [chain([echo()])], options));
  const client = await harness.connect("l");
  client.write("hello");
  assert.equal(await readBytes(client, 5), "hello");
});

test("a socket is closed when the plugin refuses streams", async () => {
  using harness = new ListenerHarness();
  const refusing = { rootForStream: () => "refused" as const, dispose: () => undefined };
  const options = { listenerFilters: [filtersOf(listenerFilters(refusing))] };
  await harness.put(listenerConfig("l", [chain([echo()])], options));
  await closed(await harness.connect("l"));
});

test("the plugin is let go when the listener has another version and no socket waits", async () => {
  using accepting = await Accepting.start("accept=want:64;bytes=look");
  const { harness, host } = accepting;
  const waiting = await harness.connect("l");
  waiting.write("hel");
  await harness.until(() => accepting.log.includes("bytes 3 hel"));
  await harness.put(listenerConfig("l", [chain([echo()])]));
  assert.equal(host.runtime.vmCount, 1);
  const client = await harness.connect("l");
  client.write("new");
  assert.equal(await readBytes(client, 3), "new");
  waiting.write("lo");
  assert.equal(await readBytes(waiting, 5), "hello");
  assert.equal(host.runtime.vmCount, 0);
});
