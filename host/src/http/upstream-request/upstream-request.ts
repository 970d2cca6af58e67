import { OwnedBuffer } from "../../common/data-buffer.ts";
import type { DataBuffer } from "../../contracts/buffer.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import {
  type RequestEncoder,
  type ResponseDecoder,
  type StreamCallbacks,
  StreamResetReason,
} from "../../contracts/http/codec.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import type { UpstreamInfo } from "../../contracts/stream-info.ts";
import type {
  HttpConnectionPool,
  HttpPoolCallbacks,
  PoolCancellable,
  PoolFailureReason,
  PoolReady,
} from "../../contracts/upstream/cluster.ts";
import type { HostDescription } from "../../contracts/upstream/host.ts";
import { poolFailureReset } from "./reset-reason.ts";
import type { UpstreamAttempt, UpstreamRequestOwner } from "./upstream-attempt.ts";

/** An attempt with nothing between its owner and the stream on the connection. */
export class UpstreamRequest
  implements UpstreamAttempt, ResponseDecoder, HttpPoolCallbacks, StreamCallbacks
{
  readonly internal: boolean;
  canary = false;
  host: HostDescription | undefined = undefined;
  awaitingHeaders = true;
  readonly #owner: UpstreamRequestOwner;
  readonly #info: UpstreamInfo;
  readonly #headers: RequestHeaderMap;
  #cancellable: PoolCancellable | undefined = undefined;
  #encoder: RequestEncoder | undefined = undefined;
  /** The head may be sent. */
  #headersAccepted = false;
  /** What there is of the request ends it. */
  #requestEnded = false;
  #waitingBody: OwnedBuffer | undefined = undefined;
  #waitingTrailers: TrailerMap | undefined = undefined;
  #waitingMetadata: MetadataMap[] | undefined = undefined;
  /** Times that the client was told to stop sending, and not yet to go on. */
  #requestPauses = 0;
  #waitingBodyPauses = false;
  /** The owner hears from the client's side. */
  #watchesDownstream = false;
  #over = false;
  #startedMs = 0;

  constructor(
    owner: UpstreamRequestOwner,
    info: UpstreamInfo,
    headers: RequestHeaderMap,
    internal: boolean,
  ) {
    this.#owner = owner;
    this.#info = info;
    this.#headers = headers;
    this.internal = internal;
  }

  get isReady(): boolean {
    return this.#encoder !== undefined;
  }

  start(pool: HttpConnectionPool, endStream: boolean): void {
    this.acceptHeaders(endStream);
    this.connect(pool);
  }

  /** Asks the pool for a stream, on which the head goes out as soon as it has been accepted. */
  connect(pool: HttpConnectionPool): void {
    this.#startedMs = this.#nowMs();
    this.#info.host = pool.host;
    const cancellable = pool.newStream(this, this);
    if (!this.#over) this.#cancellable = cancellable;
  }

  /** Called once, before body and trailers. */
  acceptHeaders(endStream: boolean): void {
    this.#headersAccepted = true;
    this.#requestEnded = endStream;
    if (this.#encoder !== undefined) this.#sendWhatWaits(this.#encoder);
  }

  acceptData(data: DataBuffer, endStream: boolean): void {
    if (endStream) this.#requestEnded = true;
    if (this.#encoder !== undefined) {
      this.#encoder.encodeData(data, endStream);
      if (endStream) this.#noteRequestSent();
      return;
    }
    this.#waitingBody ??= new OwnedBuffer();
    this.#waitingBody.move(data);
    const limit = this.#owner.callbacks.decoderBufferLimit;
    if (limit > 0 && this.#waitingBody.length > limit && !this.#waitingBodyPauses) {
      this.#waitingBodyPauses = true;
      this.#owner.callbacks.onDecoderFilterAboveWriteBufferHighWatermark();
    }
  }

  acceptTrailers(trailers: TrailerMap): void {
    this.#requestEnded = true;
    if (this.#encoder === undefined) {
      this.#waitingTrailers = trailers;
      return;
    }
    this.#encoder.encodeTrailers(trailers);
    this.#noteRequestSent();
  }

  /** What comes before there is a connection goes out behind the head. */
  acceptMetadata(metadata: MetadataMap): void {
    if (this.#over) return;
    if (this.#encoder === undefined) (this.#waitingMetadata ??= []).push(metadata);
    else this.#encoder.encodeMetadata(metadata);
  }

  reset(): void {
    if (this.#over) return;
    this.#end();
    this.#cancellable?.cancel();
    const stream = this.#encoder?.stream;
    stream?.removeCallbacks(this);
    stream?.resetStream(StreamResetReason.LocalReset);
  }

  finish(): void {
    if (this.#over) return;
    this.#end();
    this.#encoder?.stream.removeCallbacks(this);
  }

  // The pool.

  onPoolReady(ready: PoolReady): void {
    const { connection, host } = ready;
    this.#cancellable = undefined;
    this.#encoder = ready.encoder;
    this.host = host;
    this.canary = host.canary;
    const info = this.#info;
    info.host = host;
    info.localAddress = connection.localAddress;
    info.remoteAddress = connection.remoteAddress;
    info.connectionId = connection.id;
    info.ssl = connection.ssl;
    info.protocol = ready.protocol;
    info.firstTxByteMs = this.#nowMs();
    info.poolReadyDurationMs = info.firstTxByteMs - this.#startedMs;
    ready.encoder.stream.addCallbacks(this);
    if (this.#headersAccepted) this.#sendWhatWaits(ready.encoder);
    if (!this.#over) this.#owner.onUpstreamReady();
  }

  onPoolFailure(
    reason: PoolFailureReason,
    transportFailureReason: string,
    host: HostDescription | undefined,
  ): void {
    this.#cancellable = undefined;
    this.host = host;
    this.#info.host = host;
    this.#info.transportFailureReason = transportFailureReason;
    this.#fail(poolFailureReset(reason), transportFailureReason);
  }

  #sendWhatWaits(encoder: RequestEncoder): void {
    const body = this.#waitingBody;
    const trailers = this.#waitingTrailers;
    const headersEnd = this.#requestEnded && body === undefined && trailers === undefined;
    const problem = encoder.encodeHeaders(this.#headers, headersEnd);
    if (problem !== undefined) {
      this.reset();
      this.#owner.onInvalidHead(problem);
      return;
    }
    if (this.#waitingMetadata !== undefined) this.#sendWaitingMetadata(encoder);
    if (body !== undefined) {
      this.#waitingBody = undefined;
      this.#resumeAfterWaitingBody();
      encoder.encodeData(body, this.#requestEnded && trailers === undefined);
    }
    if (trailers !== undefined) encoder.encodeTrailers(trailers);
    if (this.#requestEnded) this.#noteRequestSent();
  }

  #sendWaitingMetadata(encoder: RequestEncoder): void {
    const waiting = this.#waitingMetadata!;
    this.#waitingMetadata = undefined;
    for (let i = 0; i < waiting.length; i += 1) encoder.encodeMetadata(waiting[i]!);
  }

  #resumeAfterWaitingBody(): void {
    if (!this.#waitingBodyPauses) return;
    this.#waitingBodyPauses = false;
    this.#owner.callbacks.onDecoderFilterBelowWriteBufferLowWatermark();
  }

  #noteRequestSent(): void {
    this.#info.lastTxByteMs = this.#nowMs();
  }

  // The response.

  decode1xxHeaders(headers: ResponseHeaderMap): void {
    this.#owner.onUpstream1xxHeaders(headers);
  }

  decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.awaitingHeaders = false;
    if (!endStream) {
      this.#watchesDownstream = true;
      this.#owner.callbacks.addDownstreamWatermarkCallbacks(this.#owner);
    }
    this.#owner.onUpstreamHeaders(headers, endStream);
  }

  decodeData(data: DataBuffer, endStream: boolean): void {
    this.#owner.onUpstreamData(data, endStream);
  }

  decodeTrailers(trailers: TrailerMap): void {
    this.#owner.onUpstreamTrailers(trailers);
  }

  decodeMetadata(metadata: MetadataMap): void {
    if (!this.#over) this.#owner.onUpstreamMetadata(metadata);
  }

  /** `details`: of a local reset, what the codec found; else what happened to the connection. */
  onResetStream(reason: StreamResetReason, details: string): void {
    if (this.#over) return;
    if (reason !== StreamResetReason.LocalReset) this.#info.transportFailureReason = details;
    this.#fail(reason, details);
  }

  #fail(reason: StreamResetReason, details: string): void {
    this.#end();
    this.#owner.onUpstreamReset(reason, details);
  }

  // Back-pressure.

  /** The upstream takes the request more slowly than it comes. */
  onAboveWriteBufferHighWatermark(): void {
    if (this.#over) return;
    this.#requestPauses += 1;
    this.#owner.cluster.stats.upstreamFlowControlBackedUpTotal.inc();
    this.#owner.callbacks.onDecoderFilterAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    if (this.#requestPauses > 0) this.#resumeRequest();
  }

  pauseResponse(pause: boolean): void {
    if (this.#over || this.#encoder === undefined) return;
    const { stats } = this.#owner.cluster;
    if (pause) stats.upstreamFlowControlPausedReadingTotal.inc();
    else stats.upstreamFlowControlResumedReadingTotal.inc();
    this.#encoder.stream.readDisable(pause);
  }

  /** Gives back what the attempt holds of the client's side. */
  #end(): void {
    this.#over = true;
    while (this.#requestPauses > 0) this.#resumeRequest();
    this.#resumeAfterWaitingBody();
    if (!this.#watchesDownstream) return;
    this.#watchesDownstream = false;
    this.#owner.callbacks.removeDownstreamWatermarkCallbacks(this.#owner);
  }

  #resumeRequest(): void {
    this.#requestPauses -= 1;
    this.#owner.cluster.stats.upstreamFlowControlDrainedTotal.inc();
    this.#owner.callbacks.onDecoderFilterBelowWriteBufferLowWatermark();
  }

  #nowMs(): number {
    return this.#owner.callbacks.dispatcher.time.monotonicMs();
  }
}
