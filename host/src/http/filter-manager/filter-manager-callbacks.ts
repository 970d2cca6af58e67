import type { DataBuffer } from "../../contracts/buffer.ts";
import type { Dispatcher } from "../../contracts/event.ts";
import type { ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import type { StreamResetReason } from "../../contracts/http/codec.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import type { Connection } from "../../contracts/network/connection.ts";
import type { Route } from "../../contracts/router/route.ts";
import type { StreamInfo } from "../../contracts/stream-info.ts";

/**
 * What the filter manager needs from the stream that owns it (Envoy: `FilterManagerCallbacks`). The `encode…`
 * methods are the end of the encoder chain: what arrives there goes to the codec.
 */
export interface FilterManagerCallbacks {
  readonly connection: Connection | undefined;
  readonly dispatcher: Dispatcher;
  readonly streamInfo: StreamInfo;
  /** Unique per stream on this thread. */
  readonly streamId: number;
  /** False: 1xx responses from the terminal filter are dropped. */
  readonly proxy100Continue: boolean;

  route(): Route | undefined;
  clearRouteCache(): void;

  encode1xxHeaders(headers: ResponseHeaderMap): void;
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void;
  encodeData(data: DataBuffer, endStream: boolean): void;
  encodeTrailers(trailers: TrailerMap): void;
  encodeMetadata(metadata: MetadataMap): void;
  /** The response has left the encoder chain whole. */
  endStream(): void;
  /** Answers nothing more; the client sees a reset (HTTP/1: a closed connection). */
  resetStream(reason: StreamResetReason, details: string): void;

  /** Something moved: the stream is not idle. */
  resetIdleTimer(): void;
  /** The whole request has passed the decoder chain, or the response has begun. */
  disarmRequestTimeout(): void;
  /** A local reply of this status is about to be made. */
  onLocalReply(code: number): void;
  onRequestDataTooLarge(): void;
  onResponseDataTooLarge(): void;
  /** Stop (resume) reading the request; they nest. */
  onDecoderFilterAboveWriteBufferHighWatermark(): void;
  onDecoderFilterBelowWriteBufferLowWatermark(): void;
}
