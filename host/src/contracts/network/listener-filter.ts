import type { Address } from "../address.ts";
import type { Dispatcher } from "../event.ts";
import type { StreamInfo } from "../stream-info.ts";
import type { FilterStatus } from "./filter.ts";

/** A socket that was accepted and is not a connection yet; listener filters write what they find. */
export interface ConnectionSocket {
  localAddress: Address;
  remoteAddress: Address;
  readonly directRemoteAddress: Address;
  /** `tls`, `raw_buffer`; empty while unknown. */
  detectedTransportProtocol: string;
  requestedApplicationProtocols: readonly string[];
  /** Lower case; empty when none. */
  requestedServerName: string;
}

/** What a listener filter may do to its socket. */
export interface ListenerFilterCallbacks {
  readonly socket: ConnectionSocket;
  readonly dispatcher: Dispatcher;
  readonly streamInfo: StreamInfo;
  /** After a StopIteration: go on with the next filter, or close the socket. */
  continueFilterChain(success: boolean): void;
}

/** The first bytes of a connection, seen without being consumed. */
export interface ListenerFilterBuffer {
  /** All bytes peeked so far. Valid during the call. */
  readonly bytes: Buffer;
  /** Consumes the first `length` bytes: the connection will not see them. */
  drain(length: number): void;
}

/** Looks at a socket before there is a connection (Envoy: `Network::ListenerFilter`). */
export interface ListenerFilter {
  /** StopIteration: wait for `onData` when `maxReadBytes > 0`, else for `continueFilterChain`. */
  onAccept(callbacks: ListenerFilterCallbacks): FilterStatus;
  /** More bytes were peeked. Continue moves on to the next filter. To close: `continueFilterChain(false)`. */
  onData(buffer: ListenerFilterBuffer): FilterStatus;
  /** How many bytes the filter wants to look at; 0 = none. May grow between calls. */
  readonly maxReadBytes: number;
  /** The socket went away, or the filter chain ended before this filter was done. */
  onClose(): void;
}

/** Adds listener filters; called once per accepted socket. */
export interface ListenerFilterFactoryCb {
  (add: (filter: ListenerFilter) => void): void;
  /** The listener, or this version of it, is out of service and none of its filters runs any more. */
  dispose?(): void;
}
