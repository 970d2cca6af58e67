import type { DataBuffer } from "../../contracts/buffer.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import type { StreamResetReason } from "../../contracts/http/codec.ts";
import type { HttpFilterChain } from "../../contracts/http/filter-chain.ts";
import type {
  DownstreamWatermarkCallbacks,
  LocalReply,
  StreamDecoderFilterCallbacks,
} from "../../contracts/http/filter.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import type { UpstreamInfo } from "../../contracts/stream-info.ts";
import type {
  ClusterInfo,
  HttpConnectionPool,
  ResponseOrigin,
} from "../../contracts/upstream/cluster.ts";
import { FilteredUpstreamRequest } from "./filtered-upstream-request.ts";
import { UpstreamRequest } from "./upstream-request.ts";

/**
 * One attempt at an upstream host: waits for a connection, sends the request as it comes, hands the response to its
 * owner, and carries back-pressure both ways.
 */
export interface UpstreamAttempt extends ResponseOrigin {
  canary: boolean;
  /** No response headers (but 1xx) have come. */
  readonly awaitingHeaders: boolean;
  /** The request has a stream on a connection. */
  readonly isReady: boolean;
  /** Asks the pool for a stream. The owner may be told of success or failure before this returns. */
  start(pool: HttpConnectionPool, endStream: boolean): void;
  /** Takes all of `data`. */
  acceptData(data: DataBuffer, endStream: boolean): void;
  acceptTrailers(trailers: TrailerMap): void;
  acceptMetadata(metadata: MetadataMap): void;
  /** The client takes the response more slowly than it comes (`true`), or can take more again. */
  pauseResponse(pause: boolean): void;
  /** Ends the attempt from this side; nothing is called any more. */
  reset(): void;
  /** The response has ended, or the codec has: releases what the attempt holds of the client's side. */
  finish(): void;
}

/** What an attempt needs of the stream that it is made for. */
export type UpstreamRequestCallbacks = Pick<
  StreamDecoderFilterCallbacks,
  | "dispatcher"
  | "decoderBufferLimit"
  | "onDecoderFilterAboveWriteBufferHighWatermark"
  | "onDecoderFilterBelowWriteBufferLowWatermark"
  | "addDownstreamWatermarkCallbacks"
  | "removeDownstreamWatermarkCallbacks"
>;

/** Whoever makes an attempt, as the attempt sees it. */
export interface UpstreamRequestOwner extends DownstreamWatermarkCallbacks {
  readonly callbacks: UpstreamRequestCallbacks;
  readonly cluster: ClusterInfo;
  /** There is a stream on a connection. */
  onUpstreamReady(): void;
  onUpstream1xxHeaders(headers: ResponseHeaderMap): void;
  onUpstreamHeaders(headers: ResponseHeaderMap, endStream: boolean): void;
  onUpstreamData(data: DataBuffer, endStream: boolean): void;
  onUpstreamTrailers(trailers: TrailerMap): void;
  /** Perhaps before the headers. */
  onUpstreamMetadata(metadata: MetadataMap): void;
  /** The stream is gone; the request object is of no more use. `details`: what more is known; may be empty. */
  onUpstreamReset(reason: StreamResetReason, details: string): void;
  /** The head cannot be written: a filter took something away that it needs. */
  onInvalidHead(problem: string): void;
}

/** The same of an attempt with filters, which may end it. */
export interface FilteredRequestOwner extends UpstreamRequestOwner {
  readonly callbacks: UpstreamRequestCallbacks &
    Pick<StreamDecoderFilterCallbacks, "connection" | "streamInfo" | "streamId" | "route">;
  /** A filter answers instead of the upstream. The attempt is of no more use. */
  onFilterReply(reply: LocalReply): void;
  /** A filter ends the stream. The attempt is of no more use. */
  onFilterReset(reason: StreamResetReason, details: string): void;
}

/**
 * `info` is told what becomes known of the upstream. `internal`: the request came from inside (`x-envoy-internal`).
 * `chain`: the filters that every attempt passes; undefined when there are none.
 */
export function createAttempt(
  owner: FilteredRequestOwner,
  info: UpstreamInfo,
  headers: RequestHeaderMap,
  internal: boolean,
  chain: HttpFilterChain | undefined,
): UpstreamAttempt {
  return chain === undefined
    ? new UpstreamRequest(owner, info, headers, internal)
    : new FilteredUpstreamRequest(owner, info, headers, internal, chain);
}
