import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnedBuffer } from "../../../../../host/src/common/data-buffer.ts";
import { slabBytes, slabPool } from "../../../../../host/src/common/slab-pool.ts";
import { FrameWriter } from "../../../../../host/src/http/codec/http2/frame-writer.ts";
import { OutboundFrames } from "../../../../../host/src/http/codec/http2/outbound-frames.ts";
import { createHttp2CodecStats } from "../../../../../host/src/http/codec/http2/stats.ts";
import { ThreadStats } from "../../../../../host/src/stats/thread-stats.ts";
import { defaultHttp2Settings } from "../../../../support/http2.ts";
import { MemoryConnection } from "../../../../support/memory-connection.ts";

function writerOn(connection: MemoryConnection): FrameWriter {
  const stats = createHttp2CodecStats(new ThreadStats(() => undefined).scope("http2"));
  return new FrameWriter(connection, new OutboundFrames(defaultHttp2Settings, stats));
}

test("data() cuts a chunk of a slab into frames, and the slab comes back with the last piece only", () => {
  const connection = new MemoryConnection();
  const writer = writerOn(connection);
  const slab = slabPool.take();
  slab.fill("d");
  const data = OwnedBuffer.of(slabPool.lend(slab, slabBytes));
  while (data.length > 0) writer.data(1, data, Math.min(16_384, data.length), false);
  const chunks = connection.written.chunks.slice();
  assert.equal(chunks.length, 8);
  for (const chunk of chunks.slice(0, -1)) slabPool.giveBack(chunk);
  const other = slabPool.take();
  assert.notEqual(other, slab);
  slabPool.giveBack(chunks.at(-1)!);
  assert.equal(slabPool.take(), slab);
});

test("frames of one turn leave as one chunk, in order", () => {
  const connection = new MemoryConnection();
  const writer = writerOn(connection);
  writer.ping(Buffer.from("12345678"), 0, true);
  writer.data(3, OwnedBuffer.latin1("ab"), 2, true);
  writer.windowUpdate(0, 7);
  assert.equal(connection.written.length, 0);
  const text = connection.takeWritten();
  assert.equal(
    Buffer.from(text, "latin1").toString("hex"),
    "000008060100000000" +
      "3132333435363738" +
      "000002000100000003" +
      "6162" +
      "000004080000000000" +
      "00000007",
  );
});
