import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import {
  ConnectionCloseType,
  ConnectionState,
} from "../../../host/src/contracts/network/connection.ts";
import { FilterStatus, type WriteFilter } from "../../../host/src/contracts/network/filter.ts";
import {
  begin,
  bytes,
  connectionPair,
  readBytes,
  readToEnd,
  RecordingCallbacks,
  RecordingReadFilter,
} from "../../support/connection-pair.ts";
import { SimulatedDispatcher } from "../../support/simulated-dispatcher.ts";

const oneMiB = 1_048_576;

test("ConnectionImpl.write() coalesces what is written during one event", async () => {
  await using pair = await connectionPair();
  const { connection, peer } = pair;
  const filter = new RecordingReadFilter();
  filter.onEachData = () => {
    connection.writeLatin1("HTTP/1.1 200 OK\r\n\r\n");
    connection.write(bytes("body"), false);
    connection.writeLatin1("more");
  };
  connection.addReadFilter(filter);
  const writes: unknown[] = [];
  connection.addBytesSentCallback((sent) => writes.push(sent));
  begin(connection);
  peer.write("x");
  assert.equal(await readBytes(peer, 27), "HTTP/1.1 200 OK\r\n\r\nbodymore");
  assert.deepEqual(writes, [27], "one write carried all of it");
});

test("ConnectionImpl.write() outside of socket events leaves in one write as well", async () => {
  await using pair = await connectionPair();
  const sent: number[] = [];
  pair.connection.addBytesSentCallback((count) => sent.push(count));
  pair.connection.writeLatin1("ab");
  pair.connection.write(bytes("cd"), false);
  assert.deepEqual(sent, [], "nothing leaves before the event is over");
  assert.equal(await readBytes(pair.peer, 4), "abcd");
  assert.deepEqual(sent, [4]);
});

test("ConnectionImpl.write() keeps the order of text, small and large chunks", async () => {
  await using pair = await connectionPair();
  const expected = [];
  for (let i = 0; i < 40; i += 1) {
    const text = `<${i}>`.repeat(1 + (i % 5) * 700);
    expected.push(text);
    if (i % 3 === 0) pair.connection.writeLatin1(text);
    else pair.connection.write(bytes(text), false);
  }
  pair.connection.close(ConnectionCloseType.FlushWrite);
  assert.equal(await readToEnd(pair.peer), expected.join(""));
});

test("ConnectionImpl sees a request that comes one byte at a time", async () => {
  await using pair = await connectionPair();
  const filter = new RecordingReadFilter();
  pair.connection.addReadFilter(filter);
  begin(pair.connection);
  const text = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
  for (let i = 0; i < text.length; i += 1) {
    pair.peer.write(text.slice(i, i + 1));
    await filter.until(() => filter.received.length === i + 1);
  }
  assert.equal(filter.received, text);
});

test("ConnectionImpl raises the high watermark once and the low one at half of the limit", async () => {
  await using pair = await connectionPair({ bufferLimit: 100_000 });
  const { connection, peer } = pair;
  const callbacks = new RecordingCallbacks(connection);
  peer.pause();
  let written = 0;
  while (!connection.aboveHighWatermark) {
    connection.write(bytes("x".repeat(50_000)), false);
    written += 50_000;
    await new Promise((resolve) => setImmediate(resolve));
  }
  connection.write(bytes("y".repeat(50_000)), false);
  written += 50_000;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(callbacks.events, ["high"], "the peer does not read");
  const received = readBytes(peer, written);
  await callbacks.until("low");
  assert.equal((await received).length, written);
  assert.deepEqual(callbacks.events, ["high", "low"]);
  assert.equal(connection.aboveHighWatermark, false);
});

test("ConnectionImpl.setBufferLimits() measures what is already buffered", async () => {
  await using pair = await connectionPair({ bufferLimit: 0 });
  const callbacks = new RecordingCallbacks(pair.connection);
  pair.connection.write(bytes("x".repeat(1000)), false);
  pair.connection.setBufferLimits(999);
  assert.deepEqual(callbacks.events, ["high"]);
  pair.connection.setBufferLimits(0);
  assert.deepEqual(callbacks.events, ["high", "low"]);
});

test("ConnectionImpl stops reading when the read buffer is above the limit, and goes on at half of it", async () => {
  await using pair = await connectionPair({ bufferLimit: 65_536 });
  const { connection, peer } = pair;
  const filter = new RecordingReadFilter();
  filter.drains = false;
  connection.addReadFilter(filter);
  begin(connection);
  const total = 8 * oneMiB;
  peer.write(Buffer.alloc(total, "z"));
  await filter.until(() => connection.readBuffer.length > 65_536);
  const calls = filter.calls;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(filter.calls, calls, "reading is paused");
  assert.ok(connection.readBuffer.length <= 65_536 + 65_536, "the limit and one read");
  filter.drains = true;
  filter.received = "";
  connection.readBuffer.drain(connection.readBuffer.length);
  await filter.until(() => filter.received.length >= total - 131_072);
});

test("ConnectionImpl.readDisable() nests and delivers what had been read", async () => {
  await using pair = await connectionPair();
  const { connection, peer } = pair;
  const filter = new RecordingReadFilter();
  connection.addReadFilter(filter);
  begin(connection);
  connection.readDisable(true);
  connection.readDisable(true);
  peer.write("held");
  connection.readDisable(false);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(filter.received, "", "still disabled once");
  assert.equal(connection.readEnabled, false);
  connection.readDisable(false);
  await filter.until(() => filter.received === "held");
  assert.throws(() => connection.readDisable(false), /without readDisable\(true\)/);
});

test("ConnectionImpl takes a bounded amount from a peer while reading is disabled", async () => {
  await using pair = await connectionPair();
  const { connection, peer } = pair;
  connection.addReadFilter(new RecordingReadFilter());
  begin(connection);
  connection.readDisable(true);
  peer.write(Buffer.alloc(4 * oneMiB));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(connection.readBuffer.length > 0);
  assert.ok(connection.readBuffer.length <= 16_384 + 65_536, `${connection.readBuffer.length}`);
});

test("ConnectionImpl ends at FIN when half-close is off, after delivering the data", async () => {
  await using pair = await connectionPair();
  const filter = new RecordingReadFilter();
  const callbacks = new RecordingCallbacks(pair.connection);
  pair.connection.addReadFilter(filter);
  begin(pair.connection);
  pair.peer.end("last words");
  await callbacks.closed;
  assert.equal(filter.received, "last words");
  assert.equal(filter.endStream, false);
  assert.deepEqual(callbacks.events, ["RemoteClose"]);
  assert.equal(pair.connection.state, ConnectionState.Closed);
  assert.equal(pair.connection.detectedCloseType, "normal");
});

test("ConnectionImpl notices FIN while reading is disabled, unless half-close is on", async () => {
  await using closing = await connectionPair();
  closing.connection.addReadFilter(new RecordingReadFilter());
  const callbacks = new RecordingCallbacks(closing.connection);
  begin(closing.connection);
  closing.connection.readDisable(true);
  closing.peer.end("unread");
  await callbacks.closed;
  assert.deepEqual(callbacks.events, ["RemoteClose"]);

  await using waiting = await connectionPair();
  const filter = new RecordingReadFilter();
  waiting.connection.addReadFilter(filter);
  waiting.connection.enableHalfClose(true);
  begin(waiting.connection);
  waiting.connection.readDisable(true);
  waiting.peer.end("unread");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(waiting.connection.state, ConnectionState.Open);
  waiting.connection.readDisable(false);
  await filter.until(() => filter.endStream);
  assert.equal(filter.received, "unread");
});

test("ConnectionImpl with half-close ends when both sides have, the last one giving the event", async () => {
  await using remoteLast = await connectionPair();
  const events = new RecordingCallbacks(remoteLast.connection);
  const filter = new RecordingReadFilter();
  remoteLast.connection.addReadFilter(filter);
  remoteLast.connection.enableHalfClose(true);
  begin(remoteLast.connection);
  remoteLast.connection.write(bytes("bye"), true);
  assert.equal(await readToEnd(remoteLast.peer), "bye");
  assert.equal(remoteLast.connection.state, ConnectionState.Open);
  remoteLast.peer.end("too");
  await events.closed;
  assert.equal(filter.received, "too");
  assert.deepEqual(events.events, ["RemoteClose"]);

  await using localLast = await connectionPair();
  const callbacks = new RecordingCallbacks(localLast.connection);
  const reader = new RecordingReadFilter();
  localLast.connection.addReadFilter(reader);
  localLast.connection.enableHalfClose(true);
  begin(localLast.connection);
  localLast.peer.end("first");
  await reader.until(() => reader.endStream);
  assert.equal(localLast.connection.state, ConnectionState.Open);
  localLast.connection.write(bytes("last"), true);
  localLast.connection.write(bytes("ignored"), false);
  assert.equal(await readToEnd(localLast.peer), "last");
  await callbacks.closed;
  assert.deepEqual(callbacks.events, ["LocalClose"]);
});

test("ConnectionImpl reports RST of the peer as a remote reset", async () => {
  await using pair = await connectionPair();
  const callbacks = new RecordingCallbacks(pair.connection);
  pair.connection.addReadFilter(new RecordingReadFilter());
  begin(pair.connection);
  pair.peer.resetAndDestroy();
  await callbacks.closed;
  assert.deepEqual(callbacks.events, ["RemoteClose"]);
  assert.equal(pair.connection.detectedCloseType, "remote-reset");
});

test("ConnectionImpl.close(FlushWrite) sends what is pending, to a slow reader too", async () => {
  await using pair = await connectionPair();
  const { connection, peer } = pair;
  const callbacks = new RecordingCallbacks(connection);
  connection.addReadFilter(new RecordingReadFilter());
  begin(connection);
  connection.write(bytes("z".repeat(8 * oneMiB)), false);
  connection.close(ConnectionCloseType.FlushWrite, "because");
  assert.equal(connection.state, ConnectionState.Closing);
  connection.write(bytes("late"), false);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(callbacks.events, []);
  assert.equal((await readToEnd(peer)).length, 8 * oneMiB);
  await callbacks.closed;
  assert.deepEqual(callbacks.events, ["LocalClose"]);
  assert.equal(connection.localCloseReason, "because");
});

test("ConnectionImpl.close(FlushWrite) without a backlog closes at once", async () => {
  await using pair = await connectionPair();
  const callbacks = new RecordingCallbacks(pair.connection);
  pair.connection.write(bytes("done"), false);
  pair.connection.close(ConnectionCloseType.FlushWrite);
  assert.deepEqual(callbacks.events, ["LocalClose"]);
  assert.equal(await readToEnd(pair.peer), "done");
});

test("ConnectionImpl.close(NoFlush) sends what the kernel takes and drops the rest", async () => {
  await using pair = await connectionPair();
  const callbacks = new RecordingCallbacks(pair.connection);
  pair.connection.write(bytes("small"), false);
  pair.connection.close(ConnectionCloseType.NoFlush);
  assert.deepEqual(callbacks.events, ["LocalClose"]);
  assert.equal(await readToEnd(pair.peer), "small");
});

test("ConnectionImpl.close(Abort) drops what is pending", async () => {
  await using pair = await connectionPair();
  pair.connection.write(bytes("dropped"), false);
  pair.connection.close(ConnectionCloseType.Abort);
  assert.equal(await readToEnd(pair.peer), "");
});

test("ConnectionImpl.close(AbortReset) sends RST, also when the peer does not read", async () => {
  await using pair = await connectionPair();
  const callbacks = new RecordingCallbacks(pair.connection);
  pair.connection.write(bytes("z".repeat(8 * oneMiB)), false);
  await new Promise((resolve) => setImmediate(resolve));
  const failed = once(pair.peer.resume(), "error");
  pair.connection.close(ConnectionCloseType.AbortReset);
  const [error] = (await failed) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNRESET");
  assert.deepEqual(callbacks.events, ["LocalClose"]);
  assert.equal(pair.connection.detectedCloseType, "local-reset");
});

test("ConnectionImpl.close(FlushWriteAndDelay) gives the peer time to close first", async () => {
  const dispatcher = new SimulatedDispatcher();
  await using pair = await connectionPair({ dispatcher });
  const { connection, peer } = pair;
  const callbacks = new RecordingCallbacks(connection);
  connection.addReadFilter(new RecordingReadFilter());
  connection.setDelayedCloseTimeout(1000);
  begin(connection);
  connection.write(bytes("answer"), false);
  connection.close(ConnectionCloseType.FlushWriteAndDelay);
  assert.equal(await readBytes(peer, 6), "answer");
  dispatcher.advance(900);
  assert.deepEqual(callbacks.events, []);
  peer.write("the rest of the request is read and dropped");
  peer.end();
  await callbacks.closed;
  assert.deepEqual(callbacks.events, ["RemoteClose"]);
});

test("ConnectionImpl.close(FlushWriteAndDelay) ends when the delay is over", async () => {
  const dispatcher = new SimulatedDispatcher();
  await using pair = await connectionPair({ dispatcher });
  const { connection } = pair;
  const callbacks = new RecordingCallbacks(connection);
  connection.setDelayedCloseTimeout(1000);
  begin(connection);
  connection.close(ConnectionCloseType.FlushWriteAndDelay);
  dispatcher.advance(990);
  assert.deepEqual(callbacks.events, []);
  dispatcher.advance(20);
  assert.deepEqual(callbacks.events, ["LocalClose"]);
  assert.equal(connection.localCloseReason, "triggered_delayed_close_timeout");
});

test("ConnectionImpl.close() can be made harsher while it waits", async () => {
  const dispatcher = new SimulatedDispatcher();
  await using pair = await connectionPair({ dispatcher });
  const callbacks = new RecordingCallbacks(pair.connection);
  pair.connection.setDelayedCloseTimeout(1000);
  pair.connection.close(ConnectionCloseType.FlushWriteAndDelay);
  pair.connection.close(ConnectionCloseType.FlushWriteAndDelay);
  assert.deepEqual(callbacks.events, []);
  pair.connection.close(ConnectionCloseType.FlushWrite);
  assert.deepEqual(callbacks.events, ["LocalClose"]);
});

test("ConnectionImpl calls nobody after the close, and callbacks may remove themselves", async () => {
  await using pair = await connectionPair();
  const seen: string[] = [];
  const nothing = (): void => undefined;
  const second = {
    onEvent: (): void => {
      seen.push("second");
    },
    onAboveWriteBufferHighWatermark: nothing,
    onBelowWriteBufferLowWatermark: nothing,
  };
  pair.connection.addConnectionCallbacks({
    onEvent: () => {
      seen.push("first");
      pair.connection.removeConnectionCallbacks(second);
    },
    onAboveWriteBufferHighWatermark: nothing,
    onBelowWriteBufferLowWatermark: nothing,
  });
  pair.connection.addConnectionCallbacks(second);
  pair.connection.close(ConnectionCloseType.NoFlush);
  pair.connection.close(ConnectionCloseType.AbortReset);
  pair.connection.raiseDrain();
  assert.deepEqual(seen, ["first"]);
});

test("ConnectionImpl counts bytes in its stream info and stats", async () => {
  await using pair = await connectionPair();
  const { connection, peer } = pair;
  const filter = new RecordingReadFilter();
  filter.drains = false;
  connection.addReadFilter(filter);
  const value = { rx: 0, rxBuffered: 0, tx: 0, txBuffered: 0 };
  const stat = (key: keyof typeof value) => ({
    name: key,
    value: 0,
    inc: () => undefined,
    dec: () => undefined,
    set: () => undefined,
    sub: () => undefined,
    add: (amount: number) => {
      value[key] += amount;
    },
  });
  connection.setConnectionStats({
    rxBytesTotal: stat("rx"),
    rxBytesBuffered: stat("rxBuffered"),
    txBytesTotal: stat("tx"),
    txBytesBuffered: stat("txBuffered"),
  });
  begin(connection);
  peer.write("12345");
  await filter.until(() => filter.calls === 1);
  await new Promise((resolve) => setImmediate(resolve));
  connection.writeLatin1("123");
  await readBytes(peer, 3);
  assert.deepEqual(value, { rx: 5, rxBuffered: 5, tx: 3, txBuffered: 0 });
  connection.readBuffer.drain(2);
  assert.equal(value.rxBuffered, 3);
  connection.close(ConnectionCloseType.NoFlush);
  assert.deepEqual(value, { rx: 5, rxBuffered: 0, tx: 3, txBuffered: 0 });
  assert.equal(connection.streamInfo.bytesReceived, 5);
  assert.equal(connection.streamInfo.bytesSent, 3);
});

test("ConnectionImpl.write() goes through write filters, writeLatin1() too", async () => {
  await using pair = await connectionPair();
  const upper: WriteFilter = {
    initializeWriteFilterCallbacks: () => undefined,
    onWrite: (data) => {
      const text = data.toBuffer().toString("latin1").toUpperCase();
      data.drain(data.length);
      data.append(Buffer.from(text, "latin1"));
      return FilterStatus.Continue;
    },
  };
  pair.connection.addWriteFilter(upper);
  pair.connection.writeLatin1("ab");
  pair.connection.write(bytes("cd"), false);
  assert.equal(await readBytes(pair.peer, 4), "ABCD");
});

test("ConnectionImpl.start() shows peeked bytes to the filters first", async () => {
  await using pair = await connectionPair();
  const filter = new RecordingReadFilter();
  pair.connection.addReadFilter(filter);
  pair.peer.write(" world");
  begin(pair.connection, Buffer.from("hello"));
  assert.equal(filter.received, "hello");
  await filter.until(() => filter.received === "hello world");
});
