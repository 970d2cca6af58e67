import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { networkFilters } from "../../../../../host/src/extensions/network-filters/wasm/network-filters.ts";
import type { PluginSettings } from "../../../../../host/src/guest/wasm/plugin.ts";
import { closed, readBytes, readToEnd } from "../../../../support/connection-pair.ts";
import {
  chain,
  echo,
  ListenerHarness,
  listenerConfig,
  network,
  tcpProxy,
} from "../../../../support/listener-harness.ts";
import { pluginSettings, WasmHost } from "../../../../support/wasm.ts";
import { guest } from "../../../../support/wasm-guest.ts";

// What connections do with a module is compared with Envoy in test/integration/wasm-network-golden.test.ts; here is
// what that cannot show.

const rust = readFileSync(
  path.resolve(import.meta.dirname, "../../../../fixtures/wasm/rust/network.wasm"),
);

interface StartOptions {
  readonly told?: string;
  readonly code?: Uint8Array;
  readonly settings?: Partial<Omit<PluginSettings, "configuration" | "vm">>;
  readonly bufferLimit?: number;
}

/** A listener with a module in front of an echo, or of a cluster. */
class Proxying implements Disposable {
  readonly host = new WasmHost();
  readonly harness = new ListenerHarness();
  /** The socket at the upstream, and what came there. */
  upstream: net.Socket | undefined;
  received = "";

  static async echo(options: StartOptions): Promise<Proxying> {
    const proxying = new Proxying();
    await proxying.put(options, "echo");
    return proxying;
  }

  static async cluster(options: StartOptions, reading = true): Promise<Proxying> {
    const proxying = new Proxying();
    const limit = { perConnectionBufferLimitBytes: options.bufferLimit ?? 1_048_576 };
    const onConnection = (socket: net.Socket): void => {
      proxying.upstream = socket;
      if (!reading) return;
      socket.on("data", (chunk: Buffer) => {
        proxying.received += chunk.toString("latin1");
      });
    };
    await proxying.harness.upstream("up", onConnection, limit);
    await proxying.put(options, "cluster");
    return proxying;
  }

  /** Puts a version of the listener into service. */
  async put(options: StartOptions, behind: "echo" | "cluster"): Promise<void> {
    const { told = "", code = rust, settings = {}, bufferLimit = 1_048_576 } = options;
    const plugin = await this.host.start(
      code,
      pluginSettings({ ...settings, configuration: told }),
    );
    const filters = [network(networkFilters(plugin)), behind === "echo" ? echo() : tcpProxy({})];
    const limit = { perConnectionBufferLimitBytes: bufferLimit };
    await this.harness.put(listenerConfig("l", [chain(filters)], limit));
  }

  /** What the module has logged. */
  get log(): string[] {
    return this.host.logger.lines.map((line) => line.replace(/^info wasm log plugin: /, ""));
  }

  /** Bytes that the module saw in its last callback. */
  get lastSize(): number {
    const sizes = this.log.map((line) => /^down (\d+) /.exec(line)?.[1]).filter(Boolean);
    return Number(sizes.at(-1) ?? 0);
  }

  [Symbol.dispose](): void {
    this.harness[Symbol.dispose]();
  }
}

test("large data passes both ways through a module that rewrites it", async () => {
  using proxying = await Proxying.cluster({ told: "down=upper;up=upper", bufferLimit: 65_536 });
  const { harness } = proxying;
  const client = await harness.connect("l");
  const text = "abcdefghijklmnop".repeat(125_000);
  client.write(text);
  await harness.until(() => proxying.received.length === text.length);
  assert.ok(proxying.received === text.toUpperCase());
  const back = readBytes(client, text.length);
  proxying.upstream!.write(text);
  assert.ok((await back) === text.toUpperCase());
});

test("an upstream that does not read stops the client, and gets everything when it reads", async () => {
  using proxying = await Proxying.cluster({ bufferLimit: 65_536 }, false);
  const { harness } = proxying;
  const client = await harness.connect("l");
  const total = 24_000_000;
  client.write("x".repeat(total));
  await harness.until(() => proxying.upstream !== undefined);
  const paused = "tcp.t.downstream_flow_control_paused_reading_total";
  await harness.until(() => harness.counter(paused) > 0);
  assert.ok(client.writableLength > 0);
  client.end();
  assert.equal((await readToEnd(proxying.upstream!)).length, total);
});

test("what a module holds back is limited by the connection's buffer", async () => {
  using proxying = await Proxying.echo({ told: "down=stop", bufferLimit: 32_768 });
  const { harness } = proxying;
  const client = await harness.connect("l");
  client.write("x".repeat(24_000_000));
  await harness.until(() => proxying.lastSize > 32_768);
  for (let turn = 0; turn < 100; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(proxying.lastSize < 1_000_000, `${proxying.lastSize}`);
  assert.ok(client.writableLength > 0);
});

test("a connection keeps the version of the module that it began with", async () => {
  using proxying = await Proxying.echo({ told: "down=prepend:1" });
  const { harness, host } = proxying;
  const first = await harness.connect("l");
  first.write("a");
  assert.equal(await readBytes(first, 2), "1a");
  await proxying.put({ told: "down=prepend:2", settings: { rootId: "next" } }, "echo");
  const second = await harness.connect("l");
  second.write("a");
  first.write("b");
  assert.equal(await readBytes(second, 2), "2a");
  assert.equal(await readBytes(first, 2), "1b");
  const roots = (): number => host.logger.lines.filter((line) => line.endsWith(": done")).length;
  assert.equal(roots(), 0);
  first.destroy();
  await harness.until(() => roots() === 1);
  second.write("c");
  assert.equal(await readBytes(second, 2), "2c");
});

test("the VM is let go when its listener is replaced and its last connection has ended", async () => {
  using proxying = await Proxying.echo({ told: "" });
  const { harness, host } = proxying;
  const client = await harness.connect("l");
  client.write("a");
  assert.equal(await readBytes(client, 1), "a");
  await harness.put(listenerConfig("l", [chain([echo()])]));
  client.write("b");
  assert.equal(await readBytes(client, 1), "b");
  assert.equal(host.runtime.vmCount, 1);
  client.destroy();
  await harness.until(() => host.runtime.vmCount === 0);
});

test("a trap closes the connections of the VM that wait for it at once", async () => {
  using proxying = await Proxying.cluster({ told: "down=line;up=trap" });
  const { harness } = proxying;
  const waiting = await harness.connect("l");
  waiting.write("no line end");
  await harness.until(() => proxying.log.some((line) => line.startsWith("down 11")));
  const other = await harness.connect("l");
  other.write("line\n");
  await harness.until(() => proxying.received === "LINE\n");
  proxying.upstream!.write("trap");
  await Promise.all([closed(waiting), closed(other)]);
});

test("with fail_open a trap hands on what waits for the VM", async () => {
  const settings = { failurePolicy: "open", liveStreamsGoOn: true } as const;
  using proxying = await Proxying.echo({ told: "down=line;done=trap", settings });
  const { harness } = proxying;
  const waiting = await harness.connect("l");
  waiting.write("no line end");
  await harness.until(() => proxying.log.some((line) => line.startsWith("down 11")));
  (await harness.connect("l")).resetAndDestroy();
  assert.equal(await readBytes(waiting, 11), "no line end");
});

for (const callback of [
  "proxy_on_context_create",
  "proxy_on_new_connection",
  "proxy_on_downstream_data",
  "proxy_on_upstream_data",
  "proxy_on_downstream_connection_close",
  "proxy_on_done",
  "proxy_on_log",
  "proxy_on_delete",
]) {
  test(`a trap in ${callback} ends the connection, and later ones at once`, async () => {
    const results = /create|connection_close|log|delete/.test(callback) ? "" : "(result i32)";
    const params = { create: 2, data: 3, close: 2 }[/[a-z]+$/.exec(callback)![0]] ?? 1;
    // The root context has some of these callbacks too; it is number 1.
    const code = await guest(
      `(func (export "${callback}") (param ${"i32 ".repeat(params)}) ${results}
        (if (i32.gt_u (local.get 0) (i32.const 1)) (then unreachable))
        ${results === "" ? "" : "(i32.const 1)"})`,
    );
    using proxying = await Proxying.echo({ code });
    const { harness, host } = proxying;
    const client = await harness.connect("l");
    client.write("hello");
    const isEnd = /close|done|log|delete/.test(callback);
    if (isEnd) {
      assert.equal(await readBytes(client, 5), "hello");
      client.destroy();
    } else {
      await closed(client);
    }
    await harness.until(() => host.stats.vmFailed.value === 1);
    await closed(await harness.connect("l"));
    assert.equal(host.stats.vmFailed.value, 1);
  });
}

test("what has been resumed inside a callback is handed on once, its end too", async () => {
  const code = await guest(
    `(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
      (drop (call $proxy_continue_stream (i32.const 2)))
      (i32.const 0))`,
  );
  using proxying = await Proxying.echo({ code });
  const client = await proxying.harness.connect("l");
  client.end("hello");
  assert.equal(await readToEnd(client), "hello");
});

test("a connection is closed before anybody hears of it when the plugin refuses streams", async () => {
  using harness = new ListenerHarness();
  const refusing = { rootForStream: () => "refused" as const, dispose: () => undefined };
  let heard = 0;
  await harness.upstream("up", () => (heard += 1));
  await harness.put(
    listenerConfig("l", [chain([network(networkFilters(refusing)), tcpProxy({})])]),
  );
  await closed(await harness.connect("l"));
  await harness.untilLogged(1);
  assert.equal(heard, 0);
  assert.equal(harness.counter("cluster.up.upstream_cx_total"), 0);
});
