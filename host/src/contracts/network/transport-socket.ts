import type { OnReadOpts, Socket } from "node:net";
import type { Address } from "../address.ts";
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
  /** No more sockets come. */
  dispose?(): void;
}

/** The client's side of encryption, on a socket of its own that is yet to be connected. */
export interface SecureClientSocket extends SecureSocket {
  /** The socket is connected: the handshake begins. */
  start(): void;
}

/** What one upstream connection wants of its handshake (Envoy: `TransportSocketOptions`). */
export interface UpstreamHandshake {
  readonly address: Address;
  /** `Endpoint.hostname`; empty when none. */
  readonly hostname: string;
  /** Instead of the name that is configured; undefined: that one. */
  readonly serverName: string | undefined;
  /** The certificate must have one of these names, too; empty: any will do. */
  readonly subjectAltNames: readonly string[];
  /** Offered instead of the protocols that are configured; undefined: those. */
  readonly alpnProtocols?: readonly string[] | undefined;
  /** Offered when the configuration names no protocols. */
  readonly applicationProtocols: readonly string[];
}

/** Puts encryption on the connections to the hosts of one cluster (Envoy: `UpstreamTransportSocketFactory`). */
export interface UpstreamTransportSockets {
  /**
   * `onread`: where the socket reads to. Undefined: there is nothing to encrypt with (a secret has not arrived), and
   * no connection can be made.
   */
  connect(handshake: UpstreamHandshake, onread: OnReadOpts): SecureClientSocket | undefined;
  /** No more connections are made. */
  dispose?(): void;
}
