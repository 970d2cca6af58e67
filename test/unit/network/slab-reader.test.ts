import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { OwnedBuffer } from "../../../host/src/common/data-buffer.ts";
import { ThreadDispatcher } from "../../../host/src/common/time/dispatcher.ts";
import { createClientConnection } from "../../../host/src/network/create-client-connection.ts";
import { slabBytes, slabPool } from "../../../host/src/common/slab-pool.ts";
import { SlabReader } from "../../../host/src/network/slab-reader.ts";
import { connectionPair, RecordingReadFilter } from "../../support/connection-pair.ts";

/** A reader, and the chunks that it gave. */
class Reading {
  readonly chunks: Buffer[] = [];
  readonly #reader = new SlabReader((chunk) => {
    this.chunks.push(chunk);
    return true;
  });

  get capacity(): number {
    return this.#target.length;
  }

  get #target(): Uint8Array {
    const { buffer } = this.#reader.options;
    return typeof buffer === "function" ? buffer() : buffer;
  }

  /** What Node does with `length` bytes, all of the same value. */
  read(length: number, value: number): void {
    const target = this.#target;
    target.fill(value, 0, length);
    this.#reader.options.callback(length, target);
  }
}

function isAll(chunk: Buffer, length: number, value: number): boolean {
  return chunk.length === length && chunk.every((byte) => byte === value);
}

test("SlabReader gives chunks that later reads, also of other sockets, do not change", () => {
  const one = new Reading();
  const other = new Reading();
  const sizes = [10, 16_384, 65_536, 65_536, 40_000, 3, 16_384, 4096, 16_384, 4097, 1];
  for (const [i, size] of sizes.entries()) {
    one.read(size, i + 1);
    other.read(size, 100 + i);
  }
  for (const [i, size] of sizes.entries()) {
    assert.ok(isAll(one.chunks[i]!, size, i + 1), `read ${i} of one`);
    assert.ok(isAll(other.chunks[i]!, size, 100 + i), `read ${i} of the other`);
  }
});

test("SlabReader reads in large steps as long as reads are full", () => {
  const reading = new Reading();
  const small = reading.capacity;
  reading.read(small, 1);
  assert.equal(reading.capacity, slabBytes);
  reading.read(slabBytes, 2);
  assert.equal(reading.capacity, slabBytes);
  reading.read(slabBytes - 1, 3);
  assert.equal(reading.capacity, small);
});

test("slabPool takes the memory of a chunk back once, and of a cut chunk never", () => {
  const slab = slabPool.take();
  const chunk = slabPool.lend(slab, 5000);
  assert.equal(chunk.length, 5000);
  slabPool.giveBack(chunk.subarray(1));
  slabPool.giveBack(Buffer.alloc(5000));
  assert.notEqual(slabPool.take(), slab);
  slabPool.giveBack(chunk);
  slabPool.giveBack(chunk);
  assert.equal(slabPool.take(), slab);
  assert.notEqual(slabPool.take(), slab);
});

test("what goes from one connection to another arrives unchanged, also at a slow reader", async () => {
  await using pair = await connectionPair({ bufferLimit: 262_144 });
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const sender = once(server, "connection") as Promise<[net.Socket]>;
  const upstream = createClientConnection(
    new ThreadDispatcher("worker_0"),
    { kind: "ip", ip: "127.0.0.1", port, family: 4 },
    { bufferLimit: 262_144 },
  );
  const forward = new RecordingReadFilter();
  forward.drains = false;
  forward.onEachData = (data) => pair.connection.write(takeAll(data), false);
  upstream.addReadFilter(forward);
  upstream.initializeReadFilters();
  pair.connection.addConnectionCallbacks({
    onEvent: () => undefined,
    onAboveWriteBufferHighWatermark: () => upstream.readDisable(true),
    onBelowWriteBufferLowWatermark: () => upstream.readDisable(false),
  });
  upstream.connect();
  const [socket] = await sender;
  const sent = Buffer.alloc(12_000_000);
  for (let i = 0; i < sent.length; i += 4) sent.writeUInt32LE(i, i);
  for (let at = 0; at < sent.length; at += 1_000_000)
    socket.write(sent.subarray(at, at + 1_000_000));
  let compared = 0;
  for await (const chunk of pair.peer as AsyncIterable<Buffer>) {
    assert.equal(chunk.compare(sent, compared, compared + chunk.length), 0, `at ${compared}`);
    compared += chunk.length;
    if (compared === sent.length) break;
    if (compared % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(compared, sent.length);
  socket.destroy();
  server.close();
});

function takeAll(data: Parameters<OwnedBuffer["move"]>[0]): OwnedBuffer {
  const all = new OwnedBuffer();
  all.move(data);
  return all;
}
