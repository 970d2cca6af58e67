import type { DataBuffer } from "../../contracts/buffer.ts";
import type { Dispatcher } from "../../contracts/event.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import type { StreamResetReason } from "../../contracts/http/codec.ts";
import type { HttpFilterChain } from "../../contracts/http/filter-chain.ts";
import type { LocalReply } from "../../contracts/http/filter.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import type { Connection } from "../../contracts/network/connection.ts";
import type { Route } from "../../contracts/router/route.ts";
import type { StreamInfo, UpstreamInfo } from "../../contracts/stream-info.ts";
import type { HttpConnectionPool } from "../../contracts/upstream/cluster.ts";
import type { HostDescription } from "../../contracts/upstream/host.ts";
import type { FilterManagerCallbacks } from "../filter-manager/filter-manager-callbacks.ts";
import type { FilteredRequestOwner, UpstreamAttempt } from "./upstream-attempt.ts";
import { UpstreamCodecFilter } from "./upstream-codec-filter.ts";
import { UpstreamFilterManager } from "./upstream-filter-manager.ts";

/**
 * An attempt with filters of its own: they see the request after the load balancer has chosen, and the response
 * before its owner. The connection is asked for first, and the filters run without waiting for it.
 */
export class FilteredUpstreamRequest implements UpstreamAttempt, FilterManagerCallbacks {
  readonly proxy100Continue = true;
  awaitingHeaders = true;
  readonly #owner: FilteredRequestOwner;
  readonly #info: UpstreamInfo;
  readonly #manager: UpstreamFilterManager;
  readonly #codec: UpstreamCodecFilter;
  /** Times that the owner was told to stop sending, and not yet to go on. */
  #requestPauses = 0;
  #watchesDownstream = false;
  #over = false;

  constructor(
    owner: FilteredRequestOwner,
    info: UpstreamInfo,
    headers: RequestHeaderMap,
    internal: boolean,
    chain: HttpFilterChain,
  ) {
    this.#owner = owner;
    this.#info = info;
    this.#codec = new UpstreamCodecFilter(this, owner.cluster, info, headers, internal);
    const limit = owner.callbacks.decoderBufferLimit;
    this.#manager = new UpstreamFilterManager(this, chain, this.#codec, limit);
    this.#manager.setRequestHeaders(headers);
  }

  get internal(): boolean {
    return this.#codec.request.internal;
  }

  get canary(): boolean {
    return this.#codec.request.canary;
  }

  set canary(canary: boolean) {
    this.#codec.request.canary = canary;
  }

  get host(): HostDescription | undefined {
    return this.#codec.request.host;
  }

  get isReady(): boolean {
    return this.#codec.request.isReady;
  }

  // The request, from the owner.

  start(pool: HttpConnectionPool, endStream: boolean): void {
    this.#info.host = pool.host;
    this.#manager.createFilterChain();
    this.#codec.request.connect(pool);
    if (this.#over) return;
    this.#manager.remoteDecodeComplete = endStream;
    this.#manager.decodeHeaders(endStream);
  }

  acceptData(data: DataBuffer, endStream: boolean): void {
    if (endStream) this.#manager.remoteDecodeComplete = true;
    this.#manager.decodeData(data, endStream);
    // What no filter has taken is nobody's: the attempt is over.
    if (this.#over) data.drain(data.length);
  }

  acceptTrailers(trailers: TrailerMap): void {
    this.#manager.remoteDecodeComplete = true;
    this.#manager.decodeTrailers(trailers);
  }

  acceptMetadata(metadata: MetadataMap): void {
    this.#manager.decodeMetadata(metadata);
  }

  pauseResponse(pause: boolean): void {
    if (this.#over) return;
    if (pause) this.#manager.callHighWatermarkCallbacks();
    else this.#manager.callLowWatermarkCallbacks();
  }

  reset(): void {
    if (this.#over) return;
    this.#codec.request.reset();
    this.#end();
  }

  finish(): void {
    if (this.#over) return;
    this.#codec.request.finish();
    this.#end();
  }

  // The codec filter.

  onUpstreamReady(): void {
    this.#owner.onUpstreamReady();
  }

  onUpstreamReset(reason: StreamResetReason, details: string): void {
    this.#end();
    this.#owner.onUpstreamReset(reason, details);
  }

  onInvalidHead(problem: string): void {
    this.#end();
    this.#owner.onInvalidHead(problem);
  }

  // The filter manager.

  get connection(): Connection | undefined {
    return this.#owner.callbacks.connection;
  }

  get dispatcher(): Dispatcher {
    return this.#owner.callbacks.dispatcher;
  }

  get streamInfo(): StreamInfo {
    return this.#owner.callbacks.streamInfo;
  }

  get streamId(): number {
    return this.#owner.callbacks.streamId;
  }

  route(): Route | undefined {
    return this.#owner.callbacks.route();
  }

  clearRouteCache(): void {
    // The route has been taken.
  }

  encode1xxHeaders(headers: ResponseHeaderMap): void {
    this.#owner.onUpstream1xxHeaders(headers);
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.awaitingHeaders = false;
    if (!endStream) {
      this.#watchesDownstream = true;
      this.#owner.callbacks.addDownstreamWatermarkCallbacks(this.#owner);
    }
    this.#owner.onUpstreamHeaders(headers, endStream);
  }

  encodeData(data: DataBuffer, endStream: boolean): void {
    this.#owner.onUpstreamData(data, endStream);
  }

  encodeTrailers(trailers: TrailerMap): void {
    this.#owner.onUpstreamTrailers(trailers);
  }

  encodeMetadata(metadata: MetadataMap): void {
    this.#owner.onUpstreamMetadata(metadata);
  }

  endStream(): void {
    // The owner has finished the attempt.
  }

  sendLocalReply(reply: LocalReply): void {
    if (this.#over) return;
    this.reset();
    this.#owner.onFilterReply(reply);
  }

  resetStream(reason: StreamResetReason, details: string): void {
    if (this.#over) return;
    this.reset();
    this.#owner.onFilterReset(reason, details);
  }

  resetIdleTimer(): void {
    // The stream of the client keeps time.
  }

  disarmRequestTimeout(): void {
    // The same.
  }

  onLocalReply(): void {
    // Replies are the owner's.
  }

  onRequestDataTooLarge(): void {
    // The reply says it.
  }

  onResponseDataTooLarge(): void {
    // The same.
  }

  onDecoderFilterAboveWriteBufferHighWatermark(): void {
    if (this.#over) return;
    this.#requestPauses += 1;
    this.#owner.callbacks.onDecoderFilterAboveWriteBufferHighWatermark();
  }

  onDecoderFilterBelowWriteBufferLowWatermark(): void {
    if (this.#requestPauses > 0) this.#resumeRequest();
  }

  /** Gives back what the attempt holds of the client's side, and ends the filters. */
  #end(): void {
    this.#over = true;
    this.#manager.end();
    while (this.#requestPauses > 0) this.#resumeRequest();
    if (!this.#watchesDownstream) return;
    this.#watchesDownstream = false;
    this.#owner.callbacks.removeDownstreamWatermarkCallbacks(this.#owner);
  }

  #resumeRequest(): void {
    this.#requestPauses -= 1;
    this.#owner.callbacks.onDecoderFilterBelowWriteBufferLowWatermark();
  }
}
