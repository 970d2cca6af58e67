import type { DataBuffer } from "../buffer.ts";
import type { Dispatcher } from "../event.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../headers.ts";
import type { Connection } from "../network/connection.ts";
import type { Route } from "../router/route.ts";
import type { StreamInfo } from "../stream-info.ts";
import type { StreamResetReason } from "./codec.ts";
import type { MetadataMap } from "./metadata.ts";

/** Return of `decodeHeaders`/`encodeHeaders` (Envoy: `Http::FilterHeadersStatus`). */
export const FilterHeadersStatus = {
  /** Hand the headers to the next filter. */
  Continue: 0,
  /**
   * Later filters do not see the headers yet. Data and trailers still come to this filter; resumed by
   * `continueDecoding()`, or by Continue from a later data or trailers callback.
   */
  StopIteration: 1,
  /** Pass the headers on with `endStream` false although the stream ended: the filter adds data or trailers. */
  ContinueAndDontEndStream: 2,
  /** No callback of any kind until continue; data is buffered, beyond the limit: 413 or 500. */
  StopAllIterationAndBuffer: 3,
  /** The same, but at the limit reading pauses. */
  StopAllIterationAndWatermark: 4,
} as const;
export type FilterHeadersStatus = (typeof FilterHeadersStatus)[keyof typeof FilterHeadersStatus];

/** Return of `decodeData`/`encodeData` (Envoy: `Http::FilterDataStatus`). */
export const FilterDataStatus = {
  /** Pass the data (all that is buffered, when this filter had stopped) to the next filter. */
  Continue: 0,
  /** Append to the stream's buffer; beyond the limit: 413 or 500. */
  StopIterationAndBuffer: 1,
  /** Append to the stream's buffer; at the limit reading pauses. */
  StopIterationAndWatermark: 2,
  /** The data is gone unless the filter kept it. */
  StopIterationNoBuffer: 3,
} as const;
export type FilterDataStatus = (typeof FilterDataStatus)[keyof typeof FilterDataStatus];

/** Return of `decodeTrailers`/`encodeTrailers` (Envoy: `Http::FilterTrailersStatus`). */
export const FilterTrailersStatus = { Continue: 0, StopIteration: 1 } as const;
export type FilterTrailersStatus = (typeof FilterTrailersStatus)[keyof typeof FilterTrailersStatus];

/** Return of `encode1xxHeaders` (Envoy: `Http::Filter1xxHeadersStatus`). */
export const Filter1xxHeadersStatus = { Continue: 0, StopIteration: 1 } as const;
export type Filter1xxHeadersStatus =
  (typeof Filter1xxHeadersStatus)[keyof typeof Filter1xxHeadersStatus];

/** Return of `decodeMetadata`/`encodeMetadata` (Envoy: `Http::FilterMetadataStatus`). */
export const FilterMetadataStatus = {
  /** Hand the metadata to the next filter, whatever has stopped here. */
  Continue: 0,
  /** The same, and go on with the headers and data that this filter has stopped, the headers first. */
  ContinueAll: 1,
  /** The filter has answered: the metadata goes no further. */
  StopIterationForLocalReply: 2,
} as const;
export type FilterMetadataStatus = (typeof FilterMetadataStatus)[keyof typeof FilterMetadataStatus];

/** Return of `onLocalReply` (Envoy: `Http::LocalErrorStatus`). */
export const LocalErrorStatus = { Continue: 0, ContinueAndResetStream: 1 } as const;
export type LocalErrorStatus = (typeof LocalErrorStatus)[keyof typeof LocalErrorStatus];

/** What `onLocalReply` is told. */
export interface LocalReplyData {
  readonly code: number;
  readonly details: string;
  /** True when the stream will be reset instead of answered. */
  readonly resetImminent: boolean;
}

/** Callbacks of either direction, valid until `onDestroy`. */
export interface StreamFilterCallbacks {
  /** The downstream connection; undefined for streams that no connection began. */
  readonly connection: Connection | undefined;
  readonly dispatcher: Dispatcher;
  readonly streamInfo: StreamInfo;
  /** Unique per stream on this thread. */
  readonly streamId: number;
  /** The matched route; computed once, then cached. `undefined`: none matched. */
  route(): Route | undefined;
  /** Forgets the cached route; the next `route()` matches again. */
  clearRouteCache(): void;
  /** The most specific per-route configuration of this filter (what `parseRouteConfig` gave). */
  mostSpecificPerFilterConfig(): unknown;
  /** All levels of per-route configuration, least specific first. */
  perFilterConfigs(): readonly unknown[];
  /** Ends the stream abruptly: nothing more reaches the client but a reset. */
  resetStream(reason?: StreamResetReason, details?: string): void;
  /** The maps as they are now; filters of either direction may look. */
  readonly requestHeaders: RequestHeaderMap | undefined;
  readonly requestTrailers: TrailerMap | undefined;
  readonly responseHeaders: ResponseHeaderMap | undefined;
  readonly responseTrailers: TrailerMap | undefined;
}

/** Arguments of `sendLocalReply`. */
export interface LocalReply {
  /** 200–599. */
  readonly code: number;
  /** Empty for none. Bytes, one per character. */
  readonly body: string;
  /** Applied to the response headers before they go through the encoder filters. */
  readonly modifyHeaders?: ((headers: ResponseHeaderMap) => void) | undefined;
  /** `grpc-status` for gRPC requests; mapped from the code when absent. */
  readonly grpcStatus?: number | undefined;
  /** `%RESPONSE_CODE_DETAILS%`. */
  readonly details: string;
}

/** What a decoder filter may do (Envoy: `StreamDecoderFilterCallbacks`). */
export interface StreamDecoderFilterCallbacks extends StreamFilterCallbacks {
  /**
   * Resumes after a Stop status: headers if they have not been passed on, buffered data, trailers.
   * Never from inside the filter's own callback. Ignored after the stream's end.
   */
  continueDecoding(): void;
  /** The request body buffered so far; undefined when none is. */
  decodingBuffer(): DataBuffer | undefined;
  /** Changes the buffered body in place; only while this filter has iteration stopped. */
  modifyDecodingBuffer(modify: (buffer: DataBuffer) => void): void;
  /** Adds request body. `streaming`: hand it on at once with watermarks, else buffer it. */
  addDecodedData(data: DataBuffer, streaming: boolean): void;
  /** Hands data to the filters after this one. */
  injectDecodedDataToFilterChain(data: DataBuffer, endStream: boolean): void;
  /** Only inside `decodeData` with `endStream`. */
  addDecodedTrailers(): TrailerMap;
  /** Adds metadata, which all filters see; a running callback ends first. */
  addDecodedMetadata(metadata: MetadataMap): void;
  /**
   * Answers the client from here. The reply passes all encoder filters. From a decoder callback the filter
   * must then return a Stop status. After response headers went out, the stream is reset instead.
   */
  sendLocalReply(reply: LocalReply): void;
  /** The terminal filter's way back: hands the response to the encoder filters. */
  encode1xxHeaders(headers: ResponseHeaderMap): void;
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean, details: string): void;
  encodeData(data: DataBuffer, endStream: boolean): void;
  encodeTrailers(trailers: TrailerMap): void;
  encodeMetadata(metadata: MetadataMap): void;
  /** Back-pressure from the terminal filter towards the client; they nest. */
  onDecoderFilterAboveWriteBufferHighWatermark(): void;
  onDecoderFilterBelowWriteBufferLowWatermark(): void;
  /** The terminal filter learns when the *client* is slow. */
  addDownstreamWatermarkCallbacks(callbacks: DownstreamWatermarkCallbacks): void;
  removeDownstreamWatermarkCallbacks(callbacks: DownstreamWatermarkCallbacks): void;
  readonly decoderBufferLimit: number;
  setDecoderBufferLimit(bytes: number): void;
}

/** Told when the downstream side cannot take more response data. */
export interface DownstreamWatermarkCallbacks {
  onAboveWriteBufferHighWatermark(): void;
  onBelowWriteBufferLowWatermark(): void;
}

/** What an encoder filter may do (Envoy: `StreamEncoderFilterCallbacks`). */
export interface StreamEncoderFilterCallbacks extends StreamFilterCallbacks {
  continueEncoding(): void;
  encodingBuffer(): DataBuffer | undefined;
  modifyEncodingBuffer(modify: (buffer: DataBuffer) => void): void;
  addEncodedData(data: DataBuffer, streaming: boolean): void;
  injectEncodedDataToFilterChain(data: DataBuffer, endStream: boolean): void;
  addEncodedTrailers(): TrailerMap;
  /** Adds metadata, which the filters that come after this one see, at once. */
  addEncodedMetadata(metadata: MetadataMap): void;
  sendLocalReply(reply: LocalReply): void;
  onEncoderFilterAboveWriteBufferHighWatermark(): void;
  onEncoderFilterBelowWriteBufferLowWatermark(): void;
  readonly encoderBufferLimit: number;
  setEncoderBufferLimit(bytes: number): void;
}

/** Common to both directions. */
export interface StreamFilterBase {
  /** The stream is over; called before the access log, once. */
  onStreamComplete?(): void;
  /** Last call: cancel timers and callouts, drop references. No callback may be used from here on. */
  onDestroy(): void;
  /** A local reply is about to be made, by whichever filter. */
  onLocalReply?(data: LocalReplyData): LocalErrorStatus;
}

/** Sees requests. Decoder filters run in configured order. */
export interface StreamDecoderFilter extends StreamFilterBase {
  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void;
  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus;
  /** `data` may be changed in place. */
  decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus;
  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus;
  /** Behind the headers; never while the filter has stopped all iteration. The map may be changed. */
  decodeMetadata?(metadata: MetadataMap): FilterMetadataStatus;
  /** The whole request has been passed through the chain. */
  decodeComplete?(): void;
}

/** Sees responses. Encoder filters run in reverse configured order; local replies reach all of them. */
export interface StreamEncoderFilter extends StreamFilterBase {
  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void;
  encode1xxHeaders?(headers: ResponseHeaderMap): Filter1xxHeadersStatus;
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus;
  encodeData(data: DataBuffer, endStream: boolean): FilterDataStatus;
  encodeTrailers(trailers: TrailerMap): FilterTrailersStatus;
  encodeMetadata?(metadata: MetadataMap): FilterMetadataStatus;
  encodeComplete?(): void;
}

/** One object in both chains. */
export interface StreamFilter extends StreamDecoderFilter, StreamEncoderFilter {}

/** Given to a filter factory once per stream. */
export interface FilterChainFactoryCallbacks {
  addStreamDecoderFilter(filter: StreamDecoderFilter): void;
  addStreamEncoderFilter(filter: StreamEncoderFilter): void;
  addStreamFilter(filter: StreamFilter): void;
  /** Called after the filters' `onStreamComplete`, with the access loggers. */
  addAccessLogHandler(handler: (streamInfo: StreamInfo) => void): void;
  readonly dispatcher: Dispatcher;
}

/**
 * What `createFilterFactory` makes, once per configuration and worker: it creates the filters of a stream
 * and holds what they share (a VM, a script state).
 */
export interface HttpFilterInstances {
  createFilters(callbacks: FilterChainFactoryCallbacks): void;
  /**
   * A newer generation took over and the last stream of this one has ended, or its time is up
   * (`generation_drain_timeout`). Frees what is shared. Called at most once.
   */
  dispose?(): void;
}
