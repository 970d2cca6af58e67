import type { Address } from "../contracts/address.ts";
import type { Dispatcher } from "../contracts/event.ts";
import type { ClientConnection } from "../contracts/network/connection.ts";
import type {
  UpstreamHandshake,
  UpstreamTransportSockets,
} from "../contracts/network/transport-socket.ts";
import { ClientConnectionImpl, type ClientConnectionOptions } from "./client-connection.ts";
import { SecureClientConnection, UnreadyClientConnection } from "./secure-client-connection.ts";
import { SecureSocketIo } from "./secure-socket-io.ts";

/** Encryption of an upstream connection. */
export interface ClientEncryption {
  readonly sockets: UpstreamTransportSockets;
  readonly handshake: UpstreamHandshake;
}

/** A connection to `address`, not yet begun; without `encryption` in plain text. */
export function createClientConnection(
  dispatcher: Dispatcher,
  address: Address,
  options: ClientConnectionOptions,
  encryption?: ClientEncryption,
): ClientConnection {
  if (encryption === undefined) return new ClientConnectionImpl(dispatcher, address, options);
  const { sockets, handshake } = encryption;
  const io = SecureSocketIo.connecting((onread) => sockets.connect(handshake, onread));
  return io === undefined
    ? new UnreadyClientConnection(dispatcher, address, options)
    : new SecureClientConnection(dispatcher, address, options, io);
}
