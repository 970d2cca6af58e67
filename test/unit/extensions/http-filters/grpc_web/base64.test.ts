import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OwnedBuffer } from "../../../../../host/src/common/data-buffer.ts";
import {
  Base64Decoder,
  FrameBase64Encoder,
} from "../../../../../host/src/extensions/http-filters/grpc_web/base64.ts";
import { frame } from "../../../../../host/src/grpc/framing.ts";

function piecesOf(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length]!;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function decode(text: string, sizes: readonly number[]): { bytes: Buffer; whole: boolean } {
  const decoder = new Base64Decoder();
  const bytes: Buffer[] = [];
  for (const piece of piecesOf(Buffer.from(text), sizes)) {
    const data = OwnedBuffer.of(piece);
    if (!decoder.decode(data)) throw new Error("no Base64");
    bytes.push(Buffer.from(data.toBuffer()));
  }
  return { bytes: Buffer.concat(bytes), whole: decoder.isWhole };
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });

test("Base64Decoder.decode() reads blocks with padding of their own, however they are cut", () => {
  const blocks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1 });
  fc.assert(
    fc.property(blocks, sizes, (all, cuts) => {
      const text = all.map((block) => Buffer.from(block).toString("base64")).join("");
      const { bytes, whole } = decode(text, cuts);
      assert.deepEqual(bytes, Buffer.concat(all));
      assert.ok(whole);
    }),
  );
});

test("Base64Decoder.decode() refuses what is none, and tells what is missing", () => {
  for (const text of ["AAA!", "A===", "====", "AA=A", "AA\nA"]) {
    assert.throws(() => decode(text, [100]), /no Base64/, text);
  }
  assert.equal(decode("AAAAAA", [3]).whole, false);
});

test("FrameBase64Encoder.encode() encodes each message by itself, however they are cut", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1 });
  fc.assert(
    fc.property(messages, sizes, (all, cuts) => {
      const frames = all.map((message) => frame(message));
      const encoder = new FrameBase64Encoder();
      let text = "";
      for (const piece of piecesOf(Buffer.concat(frames), cuts)) {
        const data = OwnedBuffer.of(piece);
        encoder.encode(data);
        text += data.toBuffer().toString("latin1");
      }
      assert.equal(text, frames.map((each) => each.toString("base64")).join(""));
    }),
  );
});

test("FrameBase64Encoder.encode() drops what comes behind flags that gRPC does not have", () => {
  const encoder = new FrameBase64Encoder();
  const data = OwnedBuffer.of(Buffer.concat([frame(Buffer.from("ok")), Buffer.from([7, 0, 0])]));
  encoder.encode(data);
  assert.equal(data.toBuffer().toString(), frame(Buffer.from("ok")).toString("base64"));
});
