import type { DataBuffer } from "../buffer.ts";
import type { HostDescription } from "../upstream/host.ts";
import type { Connection } from "./connection.ts";

/** Return of network and listener filters (Envoy: `Network::FilterStatus`). */
export const FilterStatus = {
  /** Go on with the next filter. */
  Continue: 0,
  /** Later filters are not called until `continueReading()`, or until this filter is called again and continues. */
  StopIteration: 1,
} as const;
export type FilterStatus = (typeof FilterStatus)[keyof typeof FilterStatus];

/** What a read filter may do to its connection. */
export interface ReadFilterCallbacks {
  readonly connection: Connection;
  /** Resumes at the filter *after* this one, with what the connection's read buffer holds. */
  continueReading(): void;
  /** Hands `data` to the filters after this one, as if they had been reached by iteration. */
  injectReadDataToFilterChain(data: DataBuffer, endStream: boolean): void;
  /** The upstream host this connection is proxied to, once chosen; for the access log. */
  upstreamHost: HostDescription | undefined;
}

/** What a write filter may do to its connection. */
export interface WriteFilterCallbacks {
  readonly connection: Connection;
  /** Hands `data` to the write filters between this one and the socket. */
  injectWriteDataToFilterChain(data: DataBuffer, endStream: boolean): void;
}

/** Sees what the peer sends. Read filters run in configured order. */
export interface ReadFilter {
  /** Called once, before any other method. */
  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void;
  /** The connection exists; called before the first `onData`. */
  onNewConnection(): FilterStatus;
  /**
   * The connection's read buffer: drain what is consumed. What a stopping filter leaves is presented
   * again, with new data behind it, to the *first* filter. `endStream` is true only with half-close on.
   */
  onData(data: DataBuffer, endStream: boolean): FilterStatus;
}

/** Sees what is sent to the peer. Write filters run in reverse configured order. */
export interface WriteFilter {
  initializeWriteFilterCallbacks(callbacks: WriteFilterCallbacks): void;
  /** StopIteration: this write goes nowhere; the filter keeps the bytes and may inject them later. */
  onWrite(data: DataBuffer, endStream: boolean): FilterStatus;
}

/** Adds its filters to a connection of a filter chain; called once per connection. */
export interface NetworkFilterFactoryCb {
  (connection: Connection): void;
  /** The filter chain is out of service and its last connection has ended. */
  dispose?(): void;
}
