import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { before, test } from "node:test";
import { networkFilters } from "../../../../../host/src/extensions/network-filters/wasm/network-filters.ts";
import { assemblyScript } from "../../../../support/assemblyscript.ts";
import { closed, readBytes } from "../../../../support/connection-pair.ts";
import {
  chain,
  clusterConfig,
  echo,
  ListenerHarness,
  listenerConfig,
  network,
} from "../../../../support/listener-harness.ts";
import { WasmHost } from "../../../../support/wasm.ts";

let module: Uint8Array;
before(async () => {
  module = await assemblyScript("test/fixtures/wasm/assembly/tcp-router.ts");
});

/** A listener that sends each line to the cluster that it names, and upstream servers. */
class Routing implements Disposable {
  readonly host = new WasmHost();
  readonly harness = new ListenerHarness();
  /** By cluster: the sockets that were accepted, and what came there in all. */
  readonly sockets: { [cluster: string]: net.Socket[] } = {};
  readonly received: { [cluster: string]: string } = {};

  static async start(bufferLimit = 1_048_576): Promise<Routing> {
    const routing = new Routing();
    const { host, harness } = routing;
    Object.assign(host.clusters.manager, {
      getThreadLocalCluster: (name: string) => harness.clusterManager.getThreadLocalCluster(name),
      clusterNames: () => ["a", "b"],
    });
    const filters = [network(networkFilters(await host.start(module))), echo()];
    const options = { perConnectionBufferLimitBytes: bufferLimit };
    await harness.put(listenerConfig("l", [chain(filters)], options));
    return routing;
  }

  /** A server that keeps what it gets, unless it is not to read. */
  async upstream(name: string, reading = true, bufferLimit = 1_048_576): Promise<void> {
    this.sockets[name] = [];
    this.received[name] = "";
    const onConnection = (socket: net.Socket): void => {
      this.sockets[name]!.push(socket);
      if (!reading) return;
      socket.on("data", (chunk: Buffer) => {
        this.received[name] += chunk.toString();
      });
    };
    await this.harness.upstream(name, onConnection, { perConnectionBufferLimitBytes: bufferLimit });
  }

  connect(): Promise<net.Socket> {
    return this.harness.connect("l");
  }

  async untilReceived(name: string, text: string): Promise<void> {
    await this.harness.until(() => this.received[name] === text);
  }

  [Symbol.dispose](): void {
    this.harness[Symbol.dispose]();
  }
}

/** What the socket gets next is this text. */
async function gets(socket: net.Socket, text: string): Promise<void> {
  assert.equal(await readBytes(socket, text.length), text);
}

test("lines go to the clusters that they name, and answers come back", async () => {
  using routing = await Routing.start();
  await routing.upstream("a");
  await routing.upstream("b");
  const client = await routing.connect();
  client.write("a one\nb two\na thr");
  await routing.untilReceived("a", "hello\none\n".replace("hello\none", "one\nhello"));
  await routing.untilReceived("b", "two\nhello\n");
  client.write("ee\n");
  await routing.untilReceived("a", "one\nhello\nthree\n");
  assert.equal(routing.sockets["a"]!.length, 1);
  routing.sockets["b"]![0]!.write("yes");
  routing.sockets["b"]![0]!.write("!\n");
  await gets(client, "b: yes!\n");
  routing.sockets["a"]![0]!.write("1\n2\n");
  await gets(client, "a: 1\na: 2\n");
  assert.equal(routing.harness.counter("cluster.a.upstream_cx_total"), 1);
});

test("what cannot be connected to is told at once, or when it has failed", async () => {
  using routing = await Routing.start();
  const client = await routing.connect();
  client.write("c text\n");
  await gets(client, "c is not there: 2\n");
  assert.ok(
    routing.host.logger.lines.some((each) => each.includes('there is no cluster "c"')),
    routing.host.logger.lines.join("\n"),
  );
  routing.harness.cluster(clusterConfig("empty", []));
  client.write("empty text\n");
  await gets(client, "empty is not there: 10\n");
  // Nobody listens there.
  const nobody = { kind: "ip", ip: "127.0.0.1", port: 1, family: 4 } as const;
  routing.harness.cluster(clusterConfig("nobody", [nobody]));
  client.write("nobody text\n");
  await gets(client, "nobody closed by 0\n");
  client.write("-nobody\n");
  await gets(client, "nobody is not open: 1\n");
});

test("either side closes an opened connection, and another can be opened", async () => {
  using routing = await Routing.start();
  await routing.upstream("a");
  const client = await routing.connect();
  client.write("a 1\n");
  await routing.untilReceived("a", "1\nhello\n");
  routing.sockets["a"]![0]!.resetAndDestroy();
  await gets(client, "a closed by 2\n");
  client.write("a 2\n");
  await routing.untilReceived("a", "1\nhello\n2\nhello\n");
  const ended = closed(routing.sockets["a"]![1]!);
  client.write("a 3\n-a\n");
  await gets(client, "a closed by 1\n");
  await ended;
  assert.equal(routing.received["a"], "1\nhello\n2\nhello\n3\n");
});

test("ends pass in both directions", async () => {
  using routing = await Routing.start();
  await routing.upstream("a");
  const client = await routing.connect();
  client.write("a 1\n");
  await routing.untilReceived("a", "1\nhello\n");
  const [socket] = routing.sockets["a"]!;
  const told = new Promise((resolve) => socket!.once("end", resolve));
  client.end();
  await told;
  socket!.end("last\n");
  await gets(client, "a: last\na closed by 1\n");
});

test("opened connections end with the client's", async () => {
  using routing = await Routing.start();
  await routing.upstream("a");
  for (const last of ["!\n", "?\n", undefined]) {
    const client = await routing.connect();
    const before = routing.sockets["a"]!.length;
    client.write("a 1\n");
    await routing.harness.until(() => routing.sockets["a"]!.length > before);
    const ended = closed(routing.sockets["a"]![before]!);
    if (last === undefined) client.resetAndDestroy();
    else client.write(last);
    await ended;
    if (last === "?\n") break;
  }
  assert.equal(routing.host.stats.vmFailed.value, 1);
});

test("a host that does not read stops the client", async () => {
  using routing = await Routing.start();
  await routing.upstream("a", false, 65_536);
  const client = await routing.connect();
  const text = `a ${"x".repeat(1000)}\n`.repeat(24_000);
  client.write(text);
  const { harness } = routing;
  await harness.until(() => (routing.sockets["a"]![0]?.readableLength ?? 0) > 0);
  await harness.until(() => harness.gauge("cluster.a.upstream_cx_tx_bytes_buffered") > 65_536);
  assert.ok(client.writableLength > 0);
  let received = 0;
  routing.sockets["a"]![0]!.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await harness.until(() => received === 24_000 * 1001 + 6);
});

test("a client that does not read stops the hosts", async () => {
  using routing = await Routing.start(65_536);
  await routing.upstream("a");
  const client = await routing.connect();
  client.write("a 1\n");
  await routing.untilReceived("a", "1\nhello\n");
  const [socket] = routing.sockets["a"]!;
  const text = `${"y".repeat(1000)}\n`.repeat(24_000);
  socket!.write(text);
  const { harness } = routing;
  await harness.until(() => client.readableLength > 0);
  for (let turn = 0; turn < 300; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(harness.counter("cluster.a.upstream_cx_rx_bytes_total") < text.length);
  let received = 0;
  client.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await harness.until(() => received === 24_000 * 1004);
});

test("a context opens 64 connections at most", async () => {
  using routing = await Routing.start();
  const server = net.createServer((socket) => socket.on("error", () => undefined));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const address = { kind: "ip", ip: "127.0.0.1", port, family: 4 } as const;
  const client = await routing.connect();
  for (let i = 0; i <= 64; i += 1) {
    routing.harness.cluster(clusterConfig(`c${i}`, [address]));
    client.write(`c${i} text\n`);
  }
  await gets(client, "c64 is not there: 10\n");
  server.close();
});
