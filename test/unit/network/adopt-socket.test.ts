import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { SocketIo, socketOptions } from "../../../host/src/network/socket-io.ts";

/** What a client gets that sends `sent` to a server whose accepted sockets are put behind a `SocketIo` and echo. */
async function echoed(sent: Buffer): Promise<Buffer> {
  const server = net.createServer({ ...socketOptions, pauseOnConnect: true, noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  server.once("connection", (accepted: net.Socket) => {
    const { remotePort } = accepted;
    const received: Buffer[] = [];
    const io = SocketIo.accepted(accepted, {
      onSocketData: (chunk) => received.push(chunk) > 0,
      onSocketEnd: () => io.socket.end(Buffer.concat(received), () => io.destroy()),
      onSocketError: (error) => client.destroy(error),
    });
    assert.notEqual(io.socket, accepted);
    assert.equal(io.socket.remotePort, remotePort);
    io.resumeReading();
  });
  const { port } = server.address() as net.AddressInfo;
  const client = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  client.end(sent);
  const answer: Buffer[] = [];
  for await (const chunk of client) answer.push(chunk as Buffer);
  // Waits for all connections of the server: the new sockets are counted as its own.
  server.close();
  await once(server, "close");
  return Buffer.concat(answer);
}

test("an accepted socket in memory that all share brings what comes, whatever its size, and its end", async () => {
  const sizes = [1, 16_383, 16_384, 16_385, 3_000_000];
  for (const size of sizes) {
    const sent = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 7919) >>> 8));
    assert.ok((await echoed(sent)).equals(sent), `${size} bytes`);
  }
});

test("two accepted sockets that read in turns do not see each other's bytes", async () => {
  const texts = Array.from({ length: 20 }, (_, i) => Buffer.alloc(9000 + i, `${i}`));
  const answers = await Promise.all(texts.map(echoed));
  texts.forEach((text, i) => assert.ok(answers[i]!.equals(text)));
});
