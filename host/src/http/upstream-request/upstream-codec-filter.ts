import type { DataBuffer } from "../../contracts/buffer.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import type { StreamResetReason } from "../../contracts/http/codec.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterMetadataStatus,
  FilterTrailersStatus,
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
} from "../../contracts/http/filter.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import type { UpstreamInfo } from "../../contracts/stream-info.ts";
import type { ClusterInfo } from "../../contracts/upstream/cluster.ts";
import type { UpstreamRequestOwner } from "./upstream-attempt.ts";
import { UpstreamRequest } from "./upstream-request.ts";

/** `%RESPONSE_CODE_DETAILS%` of what an upstream has answered. */
const viaUpstream = "via_upstream";

/** Told what ends the attempt that the filter belongs to. */
export type CodecFilterOwner = Pick<
  UpstreamRequestOwner,
  "onUpstreamReady" | "onUpstreamReset" | "onInvalidHead"
>;

/** The last filter of an upstream chain (`envoy.filters.http.upstream_codec`): the stream on the connection. */
export class UpstreamCodecFilter implements StreamDecoderFilter, UpstreamRequestOwner {
  callbacks!: StreamDecoderFilterCallbacks;
  readonly cluster: ClusterInfo;
  readonly request: UpstreamRequest;
  readonly #owner: CodecFilterOwner;

  constructor(
    owner: CodecFilterOwner,
    cluster: ClusterInfo,
    info: UpstreamInfo,
    headers: RequestHeaderMap,
    internal: boolean,
  ) {
    this.#owner = owner;
    this.cluster = cluster;
    this.request = new UpstreamRequest(this, info, headers, internal);
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.callbacks = callbacks;
  }

  decodeHeaders(_headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    this.request.acceptHeaders(endStream);
    return FilterHeadersStatus.Continue;
  }

  decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    this.request.acceptData(data, endStream);
    return FilterDataStatus.Continue;
  }

  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.request.acceptTrailers(trailers);
    return FilterTrailersStatus.Continue;
  }

  decodeMetadata(metadata: MetadataMap): FilterMetadataStatus {
    this.request.acceptMetadata(metadata);
    return FilterMetadataStatus.Continue;
  }

  onDestroy(): void {
    // The attempt has ended the request.
  }

  onUpstreamReady(): void {
    this.#owner.onUpstreamReady();
  }

  onUpstream1xxHeaders(headers: ResponseHeaderMap): void {
    this.callbacks.encode1xxHeaders(headers);
  }

  onUpstreamHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.callbacks.encodeHeaders(headers, endStream, viaUpstream);
  }

  onUpstreamData(data: DataBuffer, endStream: boolean): void {
    this.callbacks.encodeData(data, endStream);
  }

  onUpstreamTrailers(trailers: TrailerMap): void {
    this.callbacks.encodeTrailers(trailers);
  }

  onUpstreamMetadata(metadata: MetadataMap): void {
    this.callbacks.encodeMetadata(metadata);
  }

  onUpstreamReset(reason: StreamResetReason, details: string): void {
    this.#owner.onUpstreamReset(reason, details);
  }

  onInvalidHead(problem: string): void {
    this.#owner.onInvalidHead(problem);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.request.pauseResponse(true);
  }

  onBelowWriteBufferLowWatermark(): void {
    this.request.pauseResponse(false);
  }
}
