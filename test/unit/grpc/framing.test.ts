import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnedBuffer } from "../../../host/src/common/data-buffer.ts";
import { frame, MessageReader } from "../../../host/src/grpc/framing.ts";
import { grpcTimeout } from "../../../host/src/common/grpc-timeout.ts";

function readAll(reader: MessageReader): string[] {
  const messages: string[] = [];
  for (let next = reader.next(); next !== undefined; next = reader.next()) {
    messages.push(next.toString());
  }
  return messages;
}

test("MessageReader gives the same messages wherever the body is cut", () => {
  const texts = ["one", "", "x".repeat(300)];
  const body = Buffer.concat(texts.map((text) => frame(Buffer.from(text))));
  for (let cut = 0; cut <= body.length; cut += 1) {
    const reader = new MessageReader(1000);
    reader.accept(OwnedBuffer.of(Buffer.from(body.subarray(0, cut))));
    const first = readAll(reader);
    reader.accept(OwnedBuffer.of(Buffer.from(body.subarray(cut))));
    assert.deepEqual([...first, ...readAll(reader)], texts);
    assert.equal(reader.problem, undefined);
  }
});

test("MessageReader refuses compressed messages, but for empty ones", () => {
  const reader = new MessageReader(1000);
  reader.accept(OwnedBuffer.of(Buffer.from([1, 0, 0, 0, 0])));
  assert.deepEqual(readAll(reader), [""]);
  reader.accept(OwnedBuffer.of(Buffer.from([1, 0, 0, 0, 1])));
  assert.deepEqual(readAll(reader), []);
  assert.equal(reader.problem, "compressed");
});

test("MessageReader refuses a message that is too long before it has come", () => {
  const reader = new MessageReader(3);
  reader.accept(OwnedBuffer.of(frame(Buffer.from("abc"))));
  assert.deepEqual(readAll(reader), ["abc"]);
  reader.accept(OwnedBuffer.of(Buffer.from([0, 0, 0, 0, 4])));
  assert.deepEqual(readAll(reader), []);
  assert.equal(reader.problem, "too_long");
});

test("grpcTimeout() has at most eight digits", () => {
  assert.equal(grpcTimeout(1), "1m");
  assert.equal(grpcTimeout(99_999_999), "99999999m");
  assert.equal(grpcTimeout(0xffff_ffff), "4294967S");
  assert.equal(grpcTimeout(1e12), "16666666M");
  assert.equal(grpcTimeout(1e15), "99999999H");
});
