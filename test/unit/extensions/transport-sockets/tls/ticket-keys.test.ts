import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import {
  nodeTicketKeys,
  openTicketsOf,
} from "../../../../../host/src/extensions/transport-sockets/tls/ticket-keys.ts";
import { tlsText } from "../../../../support/tls.ts";

/** Keys of 80 bytes, each of one byte. */
const keysOf = (...bytes: number[]): Uint8Array[] =>
  bytes.map((byte) => new Uint8Array(80).fill(byte));

class TicketServer implements AsyncDisposable {
  readonly #server: net.Server;

  constructor(keys: readonly Uint8Array[]) {
    const secureContext = tls.createSecureContext({
      cert: tlsText("server-cert.pem"),
      key: tlsText("server-key.pem"),
      sessionIdContext: "test",
      ticketKeys: nodeTicketKeys(keys[0]!),
    });
    if (keys.length > 1) openTicketsOf(keys, secureContext);
    this.#server = net.createServer((socket) => {
      const secure = new tls.TLSSocket(socket, { isServer: true, secureContext });
      secure.on("error", () => undefined);
      secure.on("secure", () => secure.end("x"));
    });
    this.#server.listen(0, "127.0.0.1");
  }

  /** Connects; gives whether the session was resumed, and the last ticket that came. */
  async connect(
    maxVersion: tls.SecureVersion,
    session?: Buffer,
  ): Promise<{ readonly reused: boolean; readonly ticket: Buffer | undefined }> {
    if (!this.#server.listening) await once(this.#server, "listening");
    const { port } = this.#server.address() as AddressInfo;
    const ca = tlsText("ca-cert.pem");
    const options = { host: "127.0.0.1", port, ca, servername: "server.test", maxVersion };
    const socket = tls.connect(session === undefined ? options : { ...options, session });
    let ticket: Buffer | undefined;
    let reused = false;
    socket.on("secureConnect", () => (reused = socket.isSessionReused()));
    socket.on("session", (data: Buffer) => (ticket = data));
    socket.resume();
    await once(socket, "close");
    return { reused, ticket };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  /** Gets a ticket with the first keys, and shows it where the second ones are. */
  const carriesOver = async (first: Uint8Array[], second: Uint8Array[]): Promise<boolean> => {
    await using old = new TicketServer(first);
    const { ticket } = await old.connect(version);
    await using next = new TicketServer(second);
    const { reused } = await next.connect(version, ticket);
    return reused;
  };

  test(`tickets of ${version} are opened by every key of the list`, async () => {
    assert.equal(await carriesOver(keysOf(1), keysOf(1)), true);
    assert.equal(await carriesOver(keysOf(1), keysOf(2, 1)), true);
    assert.equal(await carriesOver(keysOf(2, 1), keysOf(3, 2)), true);
    assert.equal(await carriesOver(keysOf(2, 1), keysOf(2)), true);
  });

  test(`tickets of ${version} are sealed by the first key only, and not opened without it`, async () => {
    assert.equal(await carriesOver(keysOf(2, 1), keysOf(1)), false);
    assert.equal(await carriesOver(keysOf(1), keysOf(2)), false);
    assert.equal(await carriesOver(keysOf(1), keysOf(3, 2)), false);
  });
}
