import type { Address } from "../address.ts";
import type { DataBuffer } from "../buffer.ts";
import type { Dispatcher } from "../event.ts";
import type { Counter, Gauge } from "../stats.ts";
import type { StreamInfo } from "../stream-info.ts";
import type { ReadFilter, WriteFilter } from "./filter.ts";

/** What became of a connection (Envoy: `Network::ConnectionEvent`). */
export const ConnectionEvent = {
  /** The peer closed or reset. */
  RemoteClose: 0,
  /** We closed. */
  LocalClose: 1,
  /** An upstream connection is up. Never raised downstream. */
  Connected: 2,
} as const;
export type ConnectionEvent = (typeof ConnectionEvent)[keyof typeof ConnectionEvent];

/** Somebody who keeps bytes back during a turn, to write them in one piece. */
export interface HeldBack {
  /** Writes them with `write` of the connection. */
  writeHeldBack(): void;
}

/** How to close (Envoy: `Network::ConnectionCloseType`). */
export const ConnectionCloseType = {
  /** Write out what is pending, then close. The delayed close timeout bounds it. */
  FlushWrite: 0,
  /** Drop what is pending. */
  NoFlush: 1,
  /** Flush, then leave the peer `delayedCloseTimeoutMs` to read and close first. */
  FlushWriteAndDelay: 2,
  /** Like NoFlush, never delayed. */
  Abort: 3,
  /** Close with RST. */
  AbortReset: 4,
} as const;
export type ConnectionCloseType = (typeof ConnectionCloseType)[keyof typeof ConnectionCloseType];

/** How the peer ended, once known (Envoy: `StreamInfo::DetectedCloseType`). */
export type DetectedCloseType = "normal" | "local-reset" | "remote-reset";

/** A connection only ever goes on to a later state. */
export const ConnectionState = { Connecting: 0, Open: 1, Closing: 2, Closed: 3 } as const;
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

/** Told about a connection's life and about its write buffer. Called in the order of registration. */
export interface ConnectionCallbacks {
  /** Exactly one of RemoteClose and LocalClose ends a connection; nothing is called after it. */
  onEvent(event: ConnectionEvent): void;
  /** The write buffer rose above the limit: stop producing. Strictly alternates with the other. */
  onAboveWriteBufferHighWatermark(): void;
  /** The write buffer fell to half of the limit or below. */
  onBelowWriteBufferLowWatermark(): void;
  /** The listener, its filter chain or the server is going away: finish what is in flight, then close. */
  onDrain?(): void;
}

/** What a connection counts of itself (Envoy: `Connection::ConnectionStats`). */
export interface ConnectionStats {
  readonly rxBytesTotal: Counter;
  readonly rxBytesBuffered: Gauge;
  readonly txBytesTotal: Counter;
  readonly txBytesBuffered: Gauge;
  /** The delayed close timeout ended the connection. */
  readonly delayedCloseTimeouts?: Counter | undefined;
}

/** A certificate's subject, taken apart (RFC 4519). */
export interface SubjectName {
  /** Empty when absent. */
  readonly commonName: string;
  readonly organizationNames: readonly string[];
}

/** What identifies a certificate; lower hex. */
export interface CertificateFacts {
  readonly sha256Digest: string;
  readonly serialNumber: string;
}

/** What identifies the certificates of a chain; lower hex. */
export interface CertificateChainFacts {
  readonly sha256Digests: readonly string[];
  readonly sha1Digests: readonly string[];
  readonly serialNumbers: readonly string[];
}

/**
 * What a TLS handshake has brought (Envoy: `Ssl::ConnectionInfo`). Texts are empty, lists too, where there is no
 * certificate or it does not say.
 */
export interface SslConnectionInfo {
  /** The server name that the client has asked for. */
  readonly sni?: string;
  readonly peerCertificatePresented: boolean;
  /** False on resumed sessions. */
  readonly peerCertificateValidated: boolean;
  readonly uriSansPeerCertificate: readonly string[];
  readonly uriSansLocalCertificate: readonly string[];
  readonly dnsSansPeerCertificate: readonly string[];
  readonly dnsSansLocalCertificate: readonly string[];
  readonly ipSansPeerCertificate?: readonly string[];
  readonly ipSansLocalCertificate?: readonly string[];
  readonly emailSansPeerCertificate?: readonly string[];
  readonly emailSansLocalCertificate?: readonly string[];
  readonly oidsPeerCertificate: readonly string[];
  readonly oidsLocalCertificate: readonly string[];
  /** Lower hex, as are the serial number and the session id. */
  readonly sha256PeerCertificateDigest: string;
  readonly sha1PeerCertificateDigest?: string;
  /** Of the certificates that the peer sent, its own first. */
  readonly peerCertificateChain?: CertificateChainFacts | undefined;
  /** The certificate that the peer's is signed with; undefined when it is not known. */
  readonly issuerOfPeerCertificate?: CertificateFacts | undefined;
  readonly serialNumberPeerCertificate: string;
  /** RFC 2253, as are the subjects. */
  readonly issuerPeerCertificate: string;
  readonly subjectPeerCertificate: string;
  readonly subjectLocalCertificate: string;
  readonly parsedSubjectPeerCertificate: SubjectName | undefined;
  readonly urlEncodedPemPeerCertificate: string;
  readonly urlEncodedPemPeerCertificateChain: string;
  /** Seconds since the epoch; 0 when absent. */
  readonly validFromPeerCertificate: number;
  readonly expirationPeerCertificate: number;
  readonly sessionId: string;
  /** IANA's number; 0xffff when none. */
  readonly ciphersuiteId: number;
  readonly ciphersuite: string;
  /** `TLSv1.2`, `TLSv1.3`. */
  readonly tlsVersion: string;
}

/**
 * One TCP or Unix-domain connection with its filter chain, downstream or upstream.
 *
 * Writes made during one event leave in one `write(2)`/`writev(2)` after the event. Nothing throws: a
 * failing socket raises RemoteClose.
 */
export interface Connection {
  /** Unique in the process. */
  readonly id: number;
  readonly dispatcher: Dispatcher;
  readonly state: ConnectionState;
  readonly streamInfo: StreamInfo;
  /** After proxy_protocol or original_dst, what these say; else the socket's. */
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly directRemoteAddress: Address;
  /** From listener filters: `http/1.1`, `h2` …; empty when unknown. */
  readonly requestedApplicationProtocols: readonly string[];
  /** Of the handshake; empty in plain text. */
  readonly nextProtocol: string;
  readonly requestedServerName: string;
  readonly isTls: boolean;
  /** Undefined in plain text. */
  readonly ssl?: SslConnectionInfo | undefined;
  /** How the peer ended; meaningful once RemoteClose was raised. */
  readonly detectedCloseType: DetectedCloseType;
  /** The text behind `%CONNECTION_TERMINATION_DETAILS%` and transport errors; empty when none. */
  readonly transportFailureReason: string;
  /** The `details` of the first `close()` (`%DOWNSTREAM_LOCAL_CLOSE_REASON%`); empty when none. */
  readonly localCloseReason: string;

  addConnectionCallbacks(callbacks: ConnectionCallbacks): void;
  removeConnectionCallbacks(callbacks: ConnectionCallbacks): void;
  /** Called once for each time that bytes have left for the socket; used by idle timers and byte counts. */
  addBytesSentCallback(callback: (bytes: number) => void): void;

  addReadFilter(filter: ReadFilter): void;
  addWriteFilter(filter: WriteFilter): void;
  addFilter(filter: ReadFilter & WriteFilter): void;
  /** Calls `onNewConnection` of the read filters; false when there are none. */
  initializeReadFilters(): boolean;

  /** Sends `data` (drained) through the write filters to the socket; with `endStream`, FIN follows. */
  write(data: DataBuffer, endStream: boolean): void;
  /** The same for text of one byte per character; the cheapest way to send a head. */
  writeLatin1(text: string): void;
  /** Calls `source.writeHeldBack()` once, before the connection is flushed next: at the end of the turn, or in `close`. */
  holdBack(source: HeldBack): void;
  /** Ends the connection. Further calls may only make it harsher. */
  close(type: ConnectionCloseType, details?: string): void;

  /** Nested: reading resumes when every `true` has had its `false`. */
  readDisable(disable: boolean): void;
  readonly readEnabled: boolean;
  /** Off: a FIN of the peer ends the connection. On: it becomes `endStream` in `onData`. */
  enableHalfClose(enabled: boolean): void;
  /** Bytes of the write buffer above which the high watermark is raised; 0 = no limit. */
  setBufferLimits(bytes: number): void;
  readonly bufferLimit: number;
  readonly aboveHighWatermark: boolean;
  setDelayedCloseTimeout(ms: number): void;
  noDelay(on: boolean): void;
  /** Whose stats this connection updates; replaces the previous ones. */
  setConnectionStats(stats: ConnectionStats): void;
}

/** An upstream connection before it is up. */
export interface ClientConnection extends Connection {
  /** Starts connecting; `Connected` or `RemoteClose` follows, never from inside this call. */
  connect(): void;
}
