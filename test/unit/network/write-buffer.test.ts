import assert from "node:assert/strict";
import { test } from "node:test";
import type { SocketOutput, WriteDone } from "../../../host/src/network/socket-io.ts";
import { WriteBuffer } from "../../../host/src/network/write-buffer.ts";
import { bytes } from "../../support/connection-pair.ts";

/** Takes down what a socket would be asked to do. */
class FakeOutput implements SocketOutput {
  readonly calls: string[] = [];
  readonly sizes: number[] = [];
  text = "";

  writeText(text: string, done: WriteDone): void {
    this.calls.push("text");
    this.#take(text);
    done();
  }

  writeChunk(chunk: Buffer, done: WriteDone): void {
    this.calls.push("chunk");
    this.#take(chunk);
    done();
  }

  writeParts(parts: readonly (string | Buffer)[], done: WriteDone): void {
    this.calls.push(parts.map((part) => (typeof part === "string" ? "text" : "chunk")).join("+"));
    for (const part of parts) this.#take(part);
    done();
  }

  #take(part: string | Buffer): void {
    this.sizes.push(part.length);
    this.text += part.toString("latin1");
  }
}

/** Writes once; says how many bytes went. */
function write(buffer: WriteBuffer, output: FakeOutput): number {
  const size = buffer.nextSize;
  let done = 0;
  buffer.writeTo(output, () => (done += 1));
  assert.equal(done, 1);
  return size;
}

test("WriteBuffer makes one string of a head and a small body", () => {
  const buffer = new WriteBuffer();
  const output = new FakeOutput();
  buffer.appendText("head ");
  buffer.move(bytes("b\xe9dy"));
  assert.equal(buffer.length, 9);
  assert.equal(write(buffer, output), 9);
  assert.deepEqual(output.calls, ["text"]);
  assert.equal(output.text, "head b\xe9dy");
  assert.equal(buffer.length, 0);
});

test("WriteBuffer writes a lone chunk as it is", () => {
  const buffer = new WriteBuffer();
  const output = new FakeOutput();
  buffer.move(bytes("chunk"));
  write(buffer, output);
  assert.deepEqual(output.calls, ["chunk"]);
});

test("WriteBuffer writes a vector of a head and a large body", () => {
  const buffer = new WriteBuffer();
  const output = new FakeOutput();
  buffer.appendText("head");
  buffer.move(bytes("x".repeat(4097)));
  buffer.appendText("tail");
  assert.equal(write(buffer, output), 4105);
  assert.deepEqual(output.calls, ["text+chunk+text"]);
  assert.equal(output.text, `head${"x".repeat(4097)}tail`);
});

test("WriteBuffer begins a new string at 16 KiB", () => {
  const buffer = new WriteBuffer();
  const output = new FakeOutput();
  for (let i = 0; i < 5; i += 1) buffer.appendText("t".repeat(4000));
  write(buffer, output);
  assert.deepEqual(output.sizes, [16_000, 4000]);
});

test("WriteBuffer hands over at most 256 KiB at once", () => {
  const buffer = new WriteBuffer();
  const output = new FakeOutput();
  buffer.appendText("head");
  buffer.move(bytes("x".repeat(300_000)));
  buffer.appendText("tail");
  assert.equal(write(buffer, output), 262_144);
  assert.equal(buffer.length, 300_008 - 262_144);
  assert.equal(write(buffer, output), 300_008 - 262_144);
  assert.equal(buffer.length, 0);
  assert.equal(output.text, `head${"x".repeat(300_000)}tail`);
});

test("WriteBuffer.clear() forgets everything", () => {
  const buffer = new WriteBuffer();
  buffer.appendText("a");
  buffer.move(bytes("b".repeat(5000)));
  buffer.clear();
  assert.equal(buffer.length, 0);
});
