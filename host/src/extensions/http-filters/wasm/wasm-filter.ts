import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../../../contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterMetadataStatus,
  FilterTrailersStatus,
  LocalErrorStatus,
  type StreamFilter,
} from "../../../contracts/http/filter.ts";
import type { MetadataMap } from "../../../contracts/http/metadata.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import type { GuestCallback } from "../../../guest/wasm/proxy-wasm/guest-exports.ts";
import { HttpContext } from "../../../guest/wasm/proxy-wasm/http-context.ts";
import type { RootContext } from "../../../guest/wasm/proxy-wasm/root-context.ts";
import type { StreamPredicate } from "./stream-predicate.ts";
import { dataStatus, headersStatus, trailersStatus } from "./status.ts";
import { WasmStream } from "./wasm-stream.ts";

/** The plugin as a route configures it; undefined: not at all; `refused`: the stream must not have it. */
export type RouteRoot = RootContext | "refused" | undefined;

export interface RouteRoots {
  /** `config`: what the filter has on the route, which is something. */
  rootOfRoute(config: unknown): RouteRoot;
  /** Which streams matter to the module; undefined: all. */
  readonly predicate?: StreamPredicate | undefined;
}

/**
 * One stream of a Wasm plugin: hands the filter's callbacks to the guest, and reads what it returns. Once the VM has
 * failed the stream is answered 503, by whichever callback comes first.
 */
export class WasmFilter extends WasmStream implements StreamFilter {
  readonly #routes: RouteRoots;
  readonly #refused: boolean;
  /** The route does not want the plugin. */
  #left = false;
  /** Held for the plugin that was started for it: see `RouteVariants`. */
  protected routeConfig: unknown = undefined;
  /** Local replies by anyone that the stream has seen. */
  #localReplies = 0;

  /** `refused`: streams are answered 503, unless their route says otherwise. */
  constructor(root: RootContext, routes: RouteRoots, refused = false) {
    super(root);
    this.#refused = refused;
    this.#routes = routes;
  }

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const routeConfig = this.decoder.mostSpecificPerFilterConfig();
    if (routeConfig !== undefined) {
      const root = this.#routes.rootOfRoute(routeConfig);
      if (root === undefined) return this.#leave();
      if (root === "refused") return this.#refuse();
      this.root = root;
      this.vm = root.vm;
      this.routeConfig = routeConfig;
    } else if (this.#refused) {
      return this.#refuse();
    }
    if (this.#routes.predicate?.matters(headers) === false) return this.#leave();
    const context = this.#createContext();
    const callback = this.vm.exports.onRequestHeaders;
    if (callback === undefined) return this.#decodedHeaders(context, 0, false);
    context.requestHeaders = headers;
    const replied = this.replied;
    const result = this.#call(context, callback, headers.size, endStream);
    return this.#decodedHeaders(context, result, !replied && this.replied);
  }

  decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    const context = this.context;
    const callback = this.vm.exports.onRequestBody;
    if (context === undefined || callback === undefined) return this.#withoutBodyCallback();
    context.requestBody = this.bufferingRequest ? this.#bufferedRequest(data) : data;
    if (context.requestBody === undefined) return FilterDataStatus.StopIterationNoBuffer;
    context.mayAddRequestTrailers = endStream;
    const replied = this.replied;
    const result = this.#call(context, callback, context.requestBody.length, endStream);
    context.requestBody = undefined;
    context.mayAddRequestTrailers = false;
    const status = this.#dataStatus(result, !replied && this.replied);
    this.bufferingRequest = status === FilterDataStatus.StopIterationAndBuffer;
    this.decodingStopped = status !== FilterDataStatus.Continue;
    return status;
  }

  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    const context = this.context;
    const callback = this.vm.exports.onRequestTrailers;
    if (context === undefined || callback === undefined) return this.#withoutTrailersCallback();
    context.requestTrailers = trailers;
    const replied = this.replied;
    const result = this.#callTrailers(context, callback, trailers.size);
    const status = this.#trailersStatus(result, !replied && this.replied);
    if (status === FilterTrailersStatus.Continue) context.requestTrailers = undefined;
    this.decodingStopped = status !== FilterTrailersStatus.Continue;
    return status;
  }

  decodeMetadata(metadata: MetadataMap): FilterMetadataStatus {
    return this.#onMetadata(this.vm.exports.onRequestMetadata, metadata);
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    const context = this.context;
    const callback = this.vm.exports.onResponseHeaders;
    if (context === undefined || this.#failedBefore()) return FilterHeadersStatus.Continue;
    if (callback === undefined) return this.#encodedHeaders(context, 0, false);
    context.responseHeaders = headers;
    const replied = this.replied;
    const result = this.#call(context, callback, headers.size, endStream);
    return this.#encodedHeaders(context, result, !replied && this.replied);
  }

  encodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    const context = this.context;
    const callback = this.vm.exports.onResponseBody;
    if (context === undefined || this.#failedBefore()) return FilterDataStatus.Continue;
    if (callback === undefined) return this.#withoutBodyCallback();
    context.responseBody = this.bufferingResponse ? this.#bufferedResponse(data) : data;
    if (context.responseBody === undefined) return FilterDataStatus.StopIterationNoBuffer;
    context.mayAddResponseTrailers = endStream;
    const replied = this.replied;
    const result = this.#call(context, callback, context.responseBody.length, endStream);
    context.responseBody = undefined;
    context.mayAddResponseTrailers = false;
    const status = this.#dataStatus(result, !replied && this.replied);
    this.bufferingResponse = status === FilterDataStatus.StopIterationAndBuffer;
    this.encodingStopped = status !== FilterDataStatus.Continue;
    return status;
  }

  encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    const context = this.context;
    const callback = this.vm.exports.onResponseTrailers;
    if (context === undefined || this.#failedBefore()) return FilterTrailersStatus.Continue;
    if (callback === undefined) return this.#withoutTrailersCallback();
    context.responseTrailers = trailers;
    const replied = this.replied;
    const result = this.#callTrailers(context, callback, trailers.size);
    const status = this.#trailersStatus(result, !replied && this.replied);
    if (status === FilterTrailersStatus.Continue) context.responseTrailers = undefined;
    this.encodingStopped = status !== FilterTrailersStatus.Continue;
    return status;
  }

  encodeMetadata(metadata: MetadataMap): FilterMetadataStatus {
    return this.#onMetadata(this.vm.exports.onResponseMetadata, metadata);
  }

  /**
   * The guest is told how many entries there are; no host call shows them, and what it returns means nothing. It may
   * continue what it has stopped: that happens at once, before the metadata goes on.
   */
  #onMetadata(callback: GuestCallback | undefined, metadata: MetadataMap): FilterMetadataStatus {
    const context = this.context;
    if (context === undefined || callback === undefined || this.#failedBefore()) {
      return FilterMetadataStatus.Continue;
    }
    const replied = this.replied;
    this.replyIgnored = false;
    this.vm.call2(context, callback, context.id, metadata.size);
    if (this.vm.failure !== undefined && !this.goesOn) this.failStream();
    return this.replied && !replied
      ? FilterMetadataStatus.StopIterationForLocalReply
      : FilterMetadataStatus.Continue;
  }

  onLocalReply(): LocalErrorStatus {
    this.#localReplies += 1;
    return LocalErrorStatus.Continue;
  }

  /** The stream has ended. Where its headers never came here, the guest hears of it now for the first time. */
  onLog(streamInfo: StreamInfo): void {
    const vm = this.vm;
    if (this.#left || this.destroyed || vm.failure !== undefined || vm.exports.onLog === undefined)
      return;
    const context = this.context ?? this.#createContext();
    context.logged = streamInfo;
    vm.call1(context, vm.exports.onLog, context.id);
    context.logged = undefined;
  }

  onDestroy(): void {
    this.destroyed = true;
    const context = this.context;
    if (context === undefined) return;
    const vm = this.vm;
    const { onDone, onDelete } = vm.exports;
    if (onDone !== undefined) vm.call1(context, onDone, context.id);
    if (onDelete !== undefined) vm.call1(context, onDelete, context.id);
    vm.forget(context);
  }

  #leave(): FilterHeadersStatus {
    this.#left = true;
    return FilterHeadersStatus.Continue;
  }

  #refuse(): FilterHeadersStatus {
    this.#left = true;
    this.failStream();
    return FilterHeadersStatus.StopAllIterationAndWatermark;
  }

  #createContext(): HttpContext {
    const vm = this.vm;
    const context = new HttpContext(this.root, vm.takeContextId(), this);
    this.context = context;
    vm.add(context);
    const { onContextCreate } = vm.exports;
    if (onContextCreate !== undefined) {
      vm.call2(context, onContextCreate, context.id, this.root.id);
    }
    return context;
  }

  #call(context: HttpContext, callback: GuestCallback, size: number, endStream: boolean): number {
    this.inCallback = true;
    this.replyIgnored = false;
    const result = this.vm.call3(context, callback, context.id, size, endStream ? 1 : 0);
    this.inCallback = false;
    return result;
  }

  #callTrailers(context: HttpContext, callback: GuestCallback, size: number): number {
    this.inCallback = true;
    this.replyIgnored = false;
    const result = this.vm.call2(context, callback, context.id, size);
    this.inCallback = false;
    return result;
  }

  #decodedHeaders(context: HttpContext, result: number, replied: boolean): FilterHeadersStatus {
    const status = this.#headersStatus(result, replied);
    if (status === FilterHeadersStatus.Continue) context.requestHeaders = undefined;
    else this.decodingStopped = true;
    return status;
  }

  #encodedHeaders(context: HttpContext, result: number, replied: boolean): FilterHeadersStatus {
    const status = this.#headersStatus(result, replied);
    if (status === FilterHeadersStatus.Continue) context.responseHeaders = undefined;
    else this.encodingStopped = true;
    return status;
  }

  /** `replied`: the callback answered the client, and what it returned does not count. */
  #headersStatus(result: number, replied: boolean): FilterHeadersStatus {
    if (this.vm.failure !== undefined) {
      if (this.goesOn) return FilterHeadersStatus.Continue;
      this.failStream();
      return FilterHeadersStatus.StopAllIterationAndWatermark;
    }
    if (replied) return FilterHeadersStatus.StopAllIterationAndWatermark;
    if (this.replyIgnored) return FilterHeadersStatus.Continue;
    return headersStatus(result, this.root.plugin.settings.allowOnHeadersStopIteration);
  }

  #dataStatus(result: number, replied: boolean): FilterDataStatus {
    if (this.vm.failure !== undefined) {
      if (this.goesOn) return FilterDataStatus.Continue;
      this.failStream();
      return FilterDataStatus.StopIterationNoBuffer;
    }
    if (replied) return FilterDataStatus.StopIterationNoBuffer;
    return this.replyIgnored ? FilterDataStatus.Continue : dataStatus(result);
  }

  #trailersStatus(result: number, replied: boolean): FilterTrailersStatus {
    if (this.vm.failure !== undefined) {
      if (this.goesOn) return FilterTrailersStatus.Continue;
      this.failStream();
      return FilterTrailersStatus.StopIteration;
    }
    if (replied) return FilterTrailersStatus.StopIteration;
    return this.replyIgnored ? FilterTrailersStatus.Continue : trailersStatus(result);
  }

  #withoutBodyCallback(): FilterDataStatus {
    return this.context === undefined ? FilterDataStatus.Continue : this.#dataStatus(0, false);
  }

  #withoutTrailersCallback(): FilterTrailersStatus {
    return this.context === undefined
      ? FilterTrailersStatus.Continue
      : this.#trailersStatus(0, false);
  }

  /** True when the VM failed and this stream has been answered for it. */
  #failedBefore(): boolean {
    return this.vm.failure !== undefined && this.replied;
  }

  /** All of the body so far, `data` included; undefined when that was too much and the stream has been answered. */
  #bufferedRequest(data: DataBuffer): DataBuffer | undefined {
    const replies = this.#localReplies;
    this.decoder.addDecodedData(data, false);
    if (this.destroyed || this.#localReplies !== replies) return undefined;
    return this.decoder.decodingBuffer() ?? data;
  }

  #bufferedResponse(data: DataBuffer): DataBuffer | undefined {
    const replies = this.#localReplies;
    this.encoder.addEncodedData(data, false);
    if (this.destroyed || this.#localReplies !== replies) return undefined;
    return this.encoder.encodingBuffer() ?? data;
  }
}
