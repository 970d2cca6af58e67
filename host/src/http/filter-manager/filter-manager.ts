import { OwnedBuffer } from "../../common/data-buffer.ts";
import { HeaderId } from "../../common/headers/header-id.ts";
import type { DataBuffer } from "../../contracts/buffer.ts";
import type { Dispatcher } from "../../contracts/event.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import { StreamResetReason } from "../../contracts/http/codec.ts";
import type { FilteredStream, HttpFilterChain } from "../../contracts/http/filter-chain.ts";
import {
  LocalErrorStatus,
  type LocalReply,
  type StreamDecoderFilter,
  type StreamEncoderFilter,
  type StreamFilter,
} from "../../contracts/http/filter.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import type { FilterGeneration, GenerationUser } from "../../contracts/runtime.ts";
import type { StreamInfo } from "../../contracts/stream-info.ts";
import { ActiveDecoderFilter } from "./active-decoder-filter.ts";
import { ActiveEncoderFilter } from "./active-encoder-filter.ts";
import type { ActiveFilter } from "./active-filter.ts";
import { decodingMask, encodingMask } from "./call-state.ts";
import { decodeData, decodeHeaders, decodeTrailers } from "./decoder-chain.ts";
import { encodeData, encodeHeaders } from "./encoder-chain.ts";
import type { FilterManagerCallbacks } from "./filter-manager-callbacks.ts";
import {
  isGrpcRequest,
  LocalReplyDetails,
  prepareLocalReply,
  type PreparedLocalReply,
} from "./local-reply.ts";
import { decodeMetadata } from "./metadata-chain.ts";
import { StreamBuffers } from "./stream-buffers.ts";

/**
 * The filters of one stream: owns the heads and the state of both chains. The iteration is in
 * `decoder-chain.ts` and `encoder-chain.ts`; fields without a comment on who may write them belong to these two
 * and to the filter wrappers.
 */
export class FilterManager extends StreamBuffers implements FilteredStream, GenerationUser {
  readonly #chain: HttpFilterChain;

  requestHeaders: RequestHeaderMap | undefined = undefined;
  requestTrailers: TrailerMap | undefined = undefined;
  informationalHeaders: ResponseHeaderMap | undefined = undefined;
  responseHeaders: ResponseHeaderMap | undefined = undefined;
  responseTrailers: TrailerMap | undefined = undefined;

  firstDecoder: ActiveDecoderFilter | undefined = undefined;
  firstEncoder: ActiveEncoderFilter | undefined = undefined;
  #lastDecoder: ActiveDecoderFilter | undefined = undefined;
  #firstFilter: ActiveFilter | undefined = undefined;
  #lastFilter: ActiveFilter | undefined = undefined;
  #filterName = "";
  #generations: { generation: FilterGeneration; place: number }[] | undefined = undefined;
  #accessLogHandlers: ((streamInfo: StreamInfo) => void)[] | undefined = undefined;

  /** Which filter callbacks are on the stack: bits of `CallState`. */
  callState = 0;
  /** Metadata of the request that filters have made up during the callback on the stack. */
  addedMetadata: MetadataMap[] | undefined = undefined;
  /** The request has arrived whole. */
  remoteDecodeComplete = false;
  /** The response was given whole to the encoder chain. */
  localComplete = false;
  /** The response has left the encoder chain whole. */
  remoteEncodeComplete = false;
  /** The response's head (not a 1xx) went to the codec. */
  responseHeadersEncoded = false;
  has1xxHeaders = false;
  /** A local reply, a reset or the end of the stream happened inside a callback: its iteration ends. */
  decodingAborted = false;
  encodingAborted = false;

  #chainCreated = false;
  #isHead = false;
  #isGrpc = false;
  #preparedReply: PreparedLocalReply | undefined = undefined;
  #replying = false;

  /** `bufferLimit`: bytes of either body that may be held; 0 = no limit. */
  constructor(callbacks: FilterManagerCallbacks, chain: HttpFilterChain, bufferLimit: number) {
    super(callbacks, bufferLimit);
    this.#chain = chain;
  }

  get dispatcher(): Dispatcher {
    return this.callbacks.dispatcher;
  }

  /** A response, or a local reply that waits for its sender's callback to return, is there. */
  get responseStarted(): boolean {
    return this.responseHeaders !== undefined || this.#preparedReply !== undefined;
  }

  // ---- request path, called by the stream

  /** To be called once, before anything else can answer: replies depend on what was asked. */
  setRequestHeaders(headers: RequestHeaderMap): void {
    this.requestHeaders = headers;
    this.callbacks.streamInfo.requestHeaders = headers;
    this.#isHead = headers.getId(HeaderId.Method) === "HEAD";
    this.#isGrpc = headers.hasId(HeaderId.ContentType) && isGrpcRequest(headers);
  }

  /** Makes the filters, for the route that is known now; does nothing the second time. */
  createFilterChain(): void {
    if (this.#chainCreated) return;
    this.#chainCreated = true;
    const route = this.requestHeaders === undefined ? undefined : this.callbacks.route();
    this.#chain.createFilters(this, route);
  }

  decodeHeaders(endStream: boolean): void {
    if (this.requestHeaders !== undefined) {
      decodeHeaders(this, undefined, this.requestHeaders, endStream);
    }
  }

  decodeData(data: DataBuffer, endStream: boolean): void {
    decodeData(this, undefined, data, endStream, true);
  }

  decodeTrailers(trailers: TrailerMap): void {
    if (this.destroyed) return;
    this.requestTrailers = trailers;
    decodeTrailers(this, undefined, trailers);
  }

  decodeMetadata(metadata: MetadataMap): void {
    decodeMetadata(this, undefined, metadata);
  }

  // ---- filters

  beginFilter(name: string): void {
    this.#filterName = name;
  }

  addStreamDecoderFilter(filter: StreamDecoderFilter): void {
    this.#link(this.#addDecoder(filter));
  }

  addStreamEncoderFilter(filter: StreamEncoderFilter): void {
    this.#link(this.#addEncoder(filter));
  }

  addStreamFilter(filter: StreamFilter): void {
    this.#link(this.#addDecoder(filter));
    this.#addEncoder(filter);
  }

  addAccessLogHandler(handler: (streamInfo: StreamInfo) => void): void {
    (this.#accessLogHandlers ??= []).push(handler);
  }

  holdGeneration(generation: FilterGeneration): void {
    (this.#generations ??= []).push({ generation, place: generation.acquire(this) });
  }

  resetForGenerationEnd(): void {
    this.resetStream(StreamResetReason.LocalReset, LocalReplyDetails.GenerationEnded);
  }

  // ---- response state

  setResponseHeaders(headers: ResponseHeaderMap): void {
    this.responseHeaders = headers;
    this.callbacks.streamInfo.responseHeaders = headers;
  }

  setResponseTrailers(trailers: TrailerMap): void {
    this.responseTrailers = trailers;
    this.callbacks.streamInfo.responseTrailers = trailers;
  }

  /** After the encoder filters: a response needs a status. False: it was answered with 502. */
  hasRequiredResponseHeaders(headers: ResponseHeaderMap): boolean {
    const status = headers.getId(HeaderId.Status);
    if (status !== undefined && isStatus(status)) return true;
    const message = "missing required header: :status";
    const details = `${LocalReplyDetails.FilterRemovedRequiredResponseHeaders}{${message.replaceAll(" ", "_")}}`;
    this.sendLocalReply({ code: 502, body: message, details });
    return false;
  }

  maybeEndEncode(endStream: boolean): void {
    if (!endStream) return;
    this.remoteEncodeComplete = true;
    this.callbacks.endStream();
  }

  // ---- local replies

  /**
   * Answers from here. Nothing sent yet: through the whole encoder chain, and from inside a decoder callback not
   * before that has returned. A response under way in the chain: past it, straight to the codec. Its head already
   * sent: only a reset is left.
   */
  override sendLocalReply(reply: LocalReply): void {
    if (this.destroyed || this.#replying || this.#preparedReply !== undefined) return;
    this.#abortIteration();
    this.callbacks.streamInfo.responseCodeDetails = reply.details;
    if (this.#tellFilters(reply)) {
      this.callbacks.resetStream(StreamResetReason.LocalReset, reply.details);
      return;
    }
    if (this.destroyed) return;
    if (this.responseHeadersEncoded) {
      this.callbacks.resetStream(StreamResetReason.LocalReset, reply.details);
    } else if (this.responseHeaders !== undefined || this.informationalHeaders !== undefined) {
      this.#encodeDirectly(this.#prepare(reply));
    } else {
      // A reply to a request that was refused early: response filters and access loggers are to see it too.
      this.createFilterChain();
      this.#preparedReply = this.#prepare(reply);
      if ((this.callState & decodingMask) === 0) this.executePreparedLocalReply();
    }
  }

  /** A filter broke the rules of the contract: its stream fails. */
  failFilter(details: string): void {
    this.sendLocalReply({ code: 502, body: "Filter error", details });
  }

  /** For the decoder chain, after each callback: sends the reply that the callback asked for. */
  executePreparedLocalReply(): void {
    const reply = this.#preparedReply;
    if (reply === undefined || this.destroyed) return;
    this.#preparedReply = undefined;
    this.setResponseHeaders(reply.headers);
    encodeHeaders(this, undefined, reply.headers, reply.body === "");
    if (reply.body === "" || this.destroyed || this.localComplete) return;
    encodeData(this, undefined, OwnedBuffer.latin1(reply.body), true, true);
  }

  resetStream(reason: StreamResetReason, details: string): void {
    if (this.destroyed) return;
    this.#abortIteration();
    this.callbacks.resetStream(reason, details);
  }

  #abortIteration(): void {
    if ((this.callState & decodingMask) !== 0) this.decodingAborted = true;
    else if ((this.callState & encodingMask) !== 0) this.encodingAborted = true;
  }

  /** True when a filter wants the stream reset instead of answered. */
  #tellFilters(reply: LocalReply): boolean {
    this.#replying = true;
    this.callbacks.onLocalReply(reply.code);
    let reset = false;
    let entry = this.#firstFilter;
    while (entry !== undefined && !this.destroyed) {
      const told = { code: reply.code, details: reply.details, resetImminent: reset };
      if (entry.base.onLocalReply?.(told) === LocalErrorStatus.ContinueAndResetStream) reset = true;
      entry = entry.nextFilter;
    }
    this.#replying = false;
    return reset && !this.destroyed;
  }

  #prepare(reply: LocalReply): PreparedLocalReply {
    const streamInfo = this.callbacks.streamInfo;
    const route = this.requestHeaders === undefined ? undefined : this.callbacks.route();
    const request = { isHead: this.#isHead, isGrpc: this.#isGrpc };
    streamInfo.localReplyBody = reply.body;
    return prepareLocalReply(
      reply,
      request,
      route?.routeEntry && ((headers) => route.finalizeResponseHeaders(headers, streamInfo)),
    );
  }

  #encodeDirectly(reply: PreparedLocalReply): void {
    const end = reply.body === "";
    this.callbacks.resetIdleTimer();
    this.localComplete = true;
    this.responseHeadersEncoded = true;
    this.setResponseHeaders(reply.headers);
    this.callbacks.encodeHeaders(reply.headers, end);
    if (this.destroyed) return;
    if (!end) this.callbacks.encodeData(OwnedBuffer.latin1(reply.body), true);
    if (!this.destroyed) this.maybeEndEncode(true);
  }

  // ---- the end

  /** Tells the filters that the stream is over; then `log`, then `destroyFilters`. */
  onStreamComplete(): void {
    this.destroyed = true;
    this.decodingAborted = true;
    this.encodingAborted = true;
    this.#preparedReply = undefined;
    let entry = this.#firstFilter;
    while (entry !== undefined) {
      entry.base.onStreamComplete?.();
      entry = entry.nextFilter;
    }
  }

  /** Calls the access log handlers that filters added. */
  log(): void {
    const handlers = this.#accessLogHandlers;
    if (handlers === undefined) return;
    for (let i = 0; i < handlers.length; i += 1) handlers[i]!(this.callbacks.streamInfo);
  }

  /** Ends every filter, once. */
  destroyFilters(): void {
    let entry = this.#firstFilter;
    this.#firstFilter = undefined;
    while (entry !== undefined) {
      entry.base.onDestroy();
      entry = entry.nextFilter;
    }
    const generations = this.#generations;
    this.#generations = undefined;
    if (generations === undefined) return;
    for (let i = 0; i < generations.length; i += 1) {
      const { generation, place } = generations[i]!;
      generation.release(place);
    }
  }

  #addDecoder(filter: StreamDecoderFilter): ActiveDecoderFilter {
    const active = new ActiveDecoderFilter(this, this.#filterName, filter);
    filter.setDecoderFilterCallbacks(active);
    if (this.#lastDecoder === undefined) this.firstDecoder = active;
    else this.#lastDecoder.next = active;
    this.#lastDecoder = active;
    return active;
  }

  #addEncoder(filter: StreamEncoderFilter): ActiveEncoderFilter {
    const active = new ActiveEncoderFilter(this, this.#filterName, filter);
    filter.setEncoderFilterCallbacks(active);
    active.next = this.firstEncoder;
    this.firstEncoder = active;
    return active;
  }

  #link(active: ActiveFilter): void {
    if (this.#lastFilter === undefined) this.#firstFilter = active;
    else this.#lastFilter.nextFilter = active;
    this.#lastFilter = active;
  }
}

/** Three digits, as HTTP/1 writes them. */
function isStatus(text: string): boolean {
  if (text.length !== 3) return false;
  for (let i = 0; i < 3; i += 1) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return text.charCodeAt(0) !== 48;
}
