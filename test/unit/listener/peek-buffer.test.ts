import assert from "node:assert/strict";
import { test } from "node:test";
import { PeekBuffer } from "../../../host/src/listener/peek-buffer.ts";

test("PeekBuffer shows up to its capacity and keeps everything", () => {
  const buffer = new PeekBuffer();
  buffer.capacity = 4;
  buffer.append(Buffer.from("ab"));
  assert.equal(buffer.bytes.toString(), "ab");
  buffer.append(Buffer.from("cdef"));
  assert.equal(buffer.bytes.toString(), "abcd");
  assert.equal(buffer.all.toString(), "abcdef");
  assert.equal(buffer.length, 6);
});

test("PeekBuffer.drain() takes from the front", () => {
  const buffer = new PeekBuffer();
  buffer.capacity = 100;
  buffer.append(Buffer.from("header body"));
  buffer.drain(7);
  assert.equal(buffer.bytes.toString(), "body");
  buffer.append(Buffer.from("!"));
  assert.equal(buffer.all.toString(), "body!");
  assert.throws(() => buffer.drain(6), RangeError);
});

test("PeekBuffer grows for many small chunks", () => {
  const buffer = new PeekBuffer();
  buffer.capacity = 100_000;
  for (let i = 0; i < 70_000; i += 1) buffer.append(Buffer.from([i & 255]));
  assert.equal(buffer.length, 70_000);
  for (let i = 0; i < 70_000; i += 997) assert.equal(buffer.bytes[i], i & 255);
});
