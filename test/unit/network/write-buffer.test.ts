import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { WriteBuffer } from "../../../host/src/network/write-buffer.ts";
import { bytes } from "../../support/connection-pair.ts";

/** Takes down what a socket would be asked to do. */
class FakeSocket {
  readonly calls: string[] = [];
  readonly sizes: number[] = [];
  text = "";
  write(part: string | Buffer): boolean {
    this.calls.push(typeof part === "string" ? "text" : "buffer");
    this.sizes.push(part.length);
    this.text += part.toString("latin1");
    return true;
  }
  cork(): void {
    this.calls.push("cork");
  }
  uncork(): void {
    this.calls.push("uncork");
  }
  get asSocket(): Socket {
    return this as unknown as Socket;
  }
}

test("WriteBuffer makes one string of a head and a small body", () => {
  const buffer = new WriteBuffer();
  const socket = new FakeSocket();
  buffer.appendText("head ");
  buffer.move(bytes("b\xe9dy"));
  assert.equal(buffer.length, 9);
  assert.equal(buffer.writeTo(socket.asSocket), 9);
  assert.deepEqual(socket.calls, ["text"]);
  assert.equal(socket.text, "head b\xe9dy");
  assert.equal(buffer.length, 0);
});

test("WriteBuffer writes a lone chunk as it is", () => {
  const buffer = new WriteBuffer();
  const socket = new FakeSocket();
  buffer.move(bytes("chunk"));
  buffer.writeTo(socket.asSocket);
  assert.deepEqual(socket.calls, ["buffer"]);
});

test("WriteBuffer writes a vector of a head and a large body", () => {
  const buffer = new WriteBuffer();
  const socket = new FakeSocket();
  buffer.appendText("head");
  buffer.move(bytes("x".repeat(4097)));
  buffer.appendText("tail");
  assert.equal(buffer.writeTo(socket.asSocket), 4105);
  assert.deepEqual(socket.calls, ["cork", "text", "buffer", "text", "uncork"]);
  assert.equal(socket.text, `head${"x".repeat(4097)}tail`);
});

test("WriteBuffer begins a new string at 16 KiB", () => {
  const buffer = new WriteBuffer();
  const socket = new FakeSocket();
  for (let i = 0; i < 5; i += 1) buffer.appendText("t".repeat(4000));
  buffer.writeTo(socket.asSocket);
  assert.deepEqual(socket.sizes, [16_000, 4000]);
});

test("WriteBuffer hands over at most 256 KiB at once", () => {
  const buffer = new WriteBuffer();
  const socket = new FakeSocket();
  buffer.appendText("head");
  buffer.move(bytes("x".repeat(300_000)));
  buffer.appendText("tail");
  assert.equal(buffer.writeTo(socket.asSocket), 262_144);
  assert.equal(buffer.length, 300_008 - 262_144);
  assert.equal(buffer.writeTo(socket.asSocket), 300_008 - 262_144);
  assert.equal(buffer.length, 0);
  assert.equal(socket.text, `head${"x".repeat(300_000)}tail`);
});

test("WriteBuffer.clear() forgets everything", () => {
  const buffer = new WriteBuffer();
  buffer.appendText("a");
  buffer.move(bytes("b".repeat(5000)));
  buffer.clear();
  assert.equal(buffer.length, 0);
});
