import type { Address } from "../contracts/address.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";

/** What is known of a socket when it becomes a connection. */
export interface ConnectionParameters {
  readonly id: number;
  readonly streamInfo: StreamInfo;
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly directRemoteAddress: Address;
  readonly requestedApplicationProtocols: readonly string[];
  readonly requestedServerName: string;
  /** Bytes, both directions; 0 = no limit. */
  readonly bufferLimit: number;
}
