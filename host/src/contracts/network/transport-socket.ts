import type { Socket } from "node:net";
import type { Dispatcher } from "../event.ts";
import type { Counter } from "../stats.ts";
import type { SslConnectionInfo } from "./connection.ts";

/** What an encrypting transport tells its connection. A failed handshake is an error of the socket. */
export interface SecureSocketOwner {
  /** The handshake is over and the peer is accepted: bytes flow. */
  onSecured(): void;
}

/**
 * A socket with encryption on it. Bytes are read from and written to `socket` in plain text; what is written
 * before the handshake is over waits for it.
 */
export interface SecureSocket {
  readonly socket: Socket;
  owner: SecureSocketOwner | undefined;
  /** The handshake is over and the peer was accepted. */
  readonly secured: boolean;
  /** The protocol that ALPN chose; empty when none. */
  readonly nextProtocol: string;
  /** Undefined until `secured`. */
  readonly ssl: SslConnectionInfo | undefined;
  /** What Envoy writes for `%DOWNSTREAM_TRANSPORT_FAILURE_REASON%`; empty when nothing failed. */
  readonly failureReason: string;
  /** Closes with RST. */
  reset(): void;
}

/** What listener filters and the chain say of an accepted socket. */
export interface AcceptedSocket {
  readonly socket: Socket;
  /** Bytes that were read from the socket already. */
  readonly peeked: Buffer;
  /** As a listener filter read them from the client's first message; empty when none did. */
  readonly requestedApplicationProtocols: readonly string[];
  readonly dispatcher: Dispatcher;
  /** `transport_socket_connect_timeout`; 0 = none. */
  readonly handshakeTimeoutMs: number;
  /** Counts handshakes that took longer. */
  readonly handshakeTimeouts: Counter;
}

/** Puts encryption on the accepted sockets of one filter chain (Envoy: `DownstreamTransportSocketFactory`). */
export interface DownstreamTransportSockets {
  secure(accepted: AcceptedSocket): SecureSocket;
}
