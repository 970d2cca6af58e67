import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { ThreadDispatcher } from "../../../host/src/common/time/dispatcher.ts";
import type { Address } from "../../../host/src/contracts/address.ts";
import {
  ConnectionCloseType,
  ConnectionState,
} from "../../../host/src/contracts/network/connection.ts";
import { createClientConnection } from "../../../host/src/network/create-client-connection.ts";
import { bytes, RecordingCallbacks, RecordingReadFilter } from "../../support/connection-pair.ts";

const dispatcher = new ThreadDispatcher("worker_0");

async function listen(onConnection: (socket: net.Socket) => void, at?: string) {
  const sockets: net.Socket[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on("error", () => undefined));
    onConnection(socket);
  });
  if (at === undefined) server.listen(0, "127.0.0.1");
  else server.listen(at);
  await once(server, "listening");
  const bound = server.address();
  const address: Address =
    typeof bound === "string"
      ? { kind: "pipe", path: bound, mode: 0 }
      : { kind: "ip", ip: "127.0.0.1", port: bound!.port, family: 4 };
  return {
    address,
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test("ClientConnectionImpl.connect() sends what was written before, and reads the answer", async () => {
  using upstream = await listen((socket) => socket.pipe(socket));
  const connection = createClientConnection(dispatcher, upstream.address, { bufferLimit: 0 });
  const callbacks = new RecordingCallbacks(connection);
  const filter = new RecordingReadFilter();
  connection.addReadFilter(filter);
  assert.equal(connection.initializeReadFilters(), true);
  connection.write(bytes("early"), false);
  connection.connect();
  assert.deepEqual(callbacks.events, [], "never from inside connect()");
  assert.equal(connection.state, ConnectionState.Connecting);
  await filter.until(() => filter.received === "early");
  assert.deepEqual(callbacks.events, ["Connected"]);
  assert.equal(connection.localAddress.kind === "ip" && connection.localAddress.ip, "127.0.0.1");
  connection.close(ConnectionCloseType.NoFlush);
  assert.deepEqual(callbacks.events, ["Connected", "LocalClose"]);
});

test("ClientConnectionImpl reads nothing while reading is disabled", async () => {
  using upstream = await listen((socket) => socket.write("at once"));
  const connection = createClientConnection(dispatcher, upstream.address, { bufferLimit: 0 });
  const callbacks = new RecordingCallbacks(connection);
  const filter = new RecordingReadFilter();
  connection.enableHalfClose(true);
  connection.addReadFilter(filter);
  connection.readDisable(true);
  connection.connect();
  await callbacks.until("Connected");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(connection.streamInfo.bytesReceived, 0);
  connection.readDisable(false);
  await filter.until(() => filter.received === "at once");
  connection.close(ConnectionCloseType.NoFlush);
});

test("ClientConnectionImpl.connect() raises RemoteClose with Envoy's words when refused", async () => {
  const refused: Address = { kind: "ip", ip: "127.0.0.1", port: 1, family: 4 };
  const connection = createClientConnection(dispatcher, refused, { bufferLimit: 0 });
  const callbacks = new RecordingCallbacks(connection);
  connection.connect();
  assert.deepEqual(callbacks.events, []);
  await callbacks.closed;
  assert.deepEqual(callbacks.events, ["RemoteClose"]);
  assert.equal(connection.transportFailureReason, "delayed connect error: Connection refused");
});

test("ClientConnectionImpl.connect() names the address when connecting fails at once", async () => {
  const missing = path.join(tmpdir(), "sluice-no-such.sock");
  const connection = createClientConnection(
    dispatcher,
    { kind: "pipe", path: missing, mode: 0 },
    { bufferLimit: 0 },
  );
  const callbacks = new RecordingCallbacks(connection);
  connection.connect();
  await callbacks.closed;
  assert.equal(
    connection.transportFailureReason,
    `immediate connect error: No such file or directory|remote address:${missing}`,
  );
});

test("ClientConnectionImpl.connect() survives an address that Node refuses", async () => {
  const tooLong: Address = { kind: "pipe", path: `/tmp/${"x".repeat(300)}`, mode: 0 };
  const connection = createClientConnection(dispatcher, tooLong, { bufferLimit: 0 });
  const callbacks = new RecordingCallbacks(connection);
  connection.connect();
  assert.deepEqual(callbacks.events, []);
  await callbacks.closed;
  assert.deepEqual(callbacks.events, ["RemoteClose"]);
});

test("ClientConnectionImpl.close() before the connection is up ends it", async () => {
  using upstream = await listen(() => assert.ok(true));
  const connection = createClientConnection(dispatcher, upstream.address, { bufferLimit: 0 });
  const callbacks = new RecordingCallbacks(connection);
  connection.write(bytes("never"), false);
  connection.connect();
  connection.close(ConnectionCloseType.FlushWrite);
  assert.deepEqual(callbacks.events, ["LocalClose"]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(callbacks.events, ["LocalClose"]);
});

test("ClientConnectionImpl works over a Unix domain socket, abstract ones too", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-"));
  const abstract = `@sluice-test-${process.pid}`;
  for (const name of [path.join(folder, "up.sock"), abstract]) {
    using _ = await listen(
      (socket) => socket.end("hello"),
      name.startsWith("@") ? `\0${name.slice(1)}` : name,
    );
    const address: Address = { kind: "pipe", path: name, mode: 0 };
    const connection = createClientConnection(dispatcher, address, { bufferLimit: 0 });
    const callbacks = new RecordingCallbacks(connection);
    const filter = new RecordingReadFilter();
    connection.addReadFilter(filter);
    connection.connect();
    await callbacks.closed;
    assert.equal(filter.received, "hello");
    assert.deepEqual(callbacks.events, ["Connected", "RemoteClose"]);
    connection.close(ConnectionCloseType.AbortReset);
  }
  rmSync(folder, { recursive: true });
});

test("ClientConnectionImpl.close(AbortReset) resets the upstream", async () => {
  let error: Promise<unknown[]> | undefined;
  using upstream = await listen((socket) => {
    error = once(socket.resume(), "error");
  });
  const connection = createClientConnection(dispatcher, upstream.address, { bufferLimit: 0 });
  const callbacks = new RecordingCallbacks(connection);
  connection.connect();
  await callbacks.until("Connected");
  while (error === undefined) await new Promise((resolve) => setImmediate(resolve));
  connection.close(ConnectionCloseType.AbortReset);
  const [reason] = (await error) as [NodeJS.ErrnoException];
  assert.equal(reason.code, "ECONNRESET");
});

test("ClientConnectionImpl delivers what came before FIN, however slowly it is read", async () => {
  const total = 2_000_000;
  using upstream = await listen((socket) => socket.end(Buffer.alloc(total, "r")));
  const connection = createClientConnection(dispatcher, upstream.address, { bufferLimit: 0 });
  const callbacks = new RecordingCallbacks(connection);
  const filter = new RecordingReadFilter();
  filter.drains = false;
  let received = 0;
  filter.onEachData = (data) => {
    const part = Math.min(data.length, 10_000);
    data.drain(part);
    received += part;
    connection.readDisable(true);
    setImmediate(() => connection.readDisable(false));
  };
  connection.addReadFilter(filter);
  connection.connect();
  await callbacks.closed;
  assert.equal(received, total);
  assert.deepEqual(callbacks.events, ["Connected", "RemoteClose"]);
});
