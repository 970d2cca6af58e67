import { HeaderMapImpl } from "../../common/headers/header-map.ts";
import type { DataBuffer } from "../../contracts/buffer.ts";
import type { ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import type {
  DownstreamWatermarkCallbacks,
  StreamDecoderFilter,
  StreamDecoderFilterCallbacks,
} from "../../contracts/http/filter.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import { ActiveFilter, IterationState } from "./active-filter.ts";
import { CallState } from "./call-state.ts";
import { decodeData, decodeHeaders, decodeTrailers } from "./decoder-chain.ts";
import { encode1xxHeaders, encodeData, encodeHeaders, encodeTrailers } from "./encoder-chain.ts";
import { LocalReplyDetails } from "./local-reply.ts";
import { addDecodedMetadata, decodeMetadata, encodeMetadata } from "./metadata-chain.ts";
import { WatermarkBuffer } from "./watermark-buffer.ts";
import type { FilterManager } from "./filter-manager.ts";

/** A decoder filter of a stream, and its callbacks. */
export class ActiveDecoderFilter extends ActiveFilter implements StreamDecoderFilterCallbacks {
  readonly filter: StreamDecoderFilter;
  /** The next decoder filter in configured order. */
  next: ActiveDecoderFilter | undefined = undefined;

  constructor(manager: FilterManager, name: string, filter: StreamDecoderFilter) {
    super(manager, name);
    this.filter = filter;
  }

  override get base(): StreamDecoderFilter {
    return this.filter;
  }

  continueDecoding(): void {
    this.commonContinue();
  }

  decodingBuffer(): DataBuffer | undefined {
    return this.manager.bufferedRequestData;
  }

  modifyDecodingBuffer(modify: (buffer: DataBuffer) => void): void {
    if (this.manager.bufferedRequestData !== undefined) modify(this.manager.bufferedRequestData);
  }

  addDecodedData(data: DataBuffer, streaming: boolean): void {
    const manager = this.manager;
    if (manager.destroyed || manager.localComplete) return;
    const state = manager.callState;
    const inTrailers = (state & CallState.DecodeTrailers) !== 0;
    const stopped = this.iterationState !== IterationState.Continue;
    if (
      state === 0 ||
      (state & (CallState.DecodeHeaders | CallState.DecodeData)) !== 0 ||
      (inTrailers && stopped)
    ) {
      manager.decoderFiltersStreaming = streaming;
      this.bufferData(data);
    } else if (inTrailers) {
      decodeData(manager, this, data, false, false);
    } else {
      manager.failFilter(LocalReplyDetails.FilterAddedInvalidRequestData);
    }
  }

  injectDecodedDataToFilterChain(data: DataBuffer, endStream: boolean): void {
    const manager = this.manager;
    if (manager.destroyed || manager.localComplete) return;
    if (!this.headersContinued) {
      this.headersContinued = true;
      this.doHeaders(false);
    }
    decodeData(manager, this, data, endStream, true);
  }

  addDecodedTrailers(): TrailerMap {
    const manager = this.manager;
    if ((manager.callState & CallState.DecodeEndOfStream) === 0) {
      manager.failFilter(LocalReplyDetails.FilterAddedInvalidRequestData);
      return new HeaderMapImpl();
    }
    this.sawTrailers = true;
    manager.requestTrailers ??= new HeaderMapImpl();
    return manager.requestTrailers;
  }

  addDecodedMetadata(metadata: MetadataMap): void {
    addDecodedMetadata(this.manager, metadata);
  }

  encode1xxHeaders(headers: ResponseHeaderMap): void {
    const manager = this.manager;
    // One informational response at most, and none once the final one has begun.
    if (!manager.callbacks.proxy100Continue || manager.has1xxHeaders) return;
    if (manager.responseStarted || manager.destroyed) return;
    manager.informationalHeaders = headers;
    encode1xxHeaders(manager, undefined, headers);
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean, details: string): void {
    const manager = this.manager;
    // A local reply is on its way, or the stream is over: the terminal filter comes too late.
    if (manager.responseStarted || manager.destroyed) return;
    manager.callbacks.streamInfo.responseCodeDetails = details;
    manager.setResponseHeaders(headers);
    encodeHeaders(manager, undefined, headers, endStream);
  }

  encodeData(data: DataBuffer, endStream: boolean): void {
    if (this.manager.localComplete || this.manager.destroyed) {
      data.drain(data.length);
      return;
    }
    encodeData(this.manager, undefined, data, endStream, true);
  }

  encodeTrailers(trailers: TrailerMap): void {
    const manager = this.manager;
    if (manager.localComplete || manager.destroyed) return;
    manager.setResponseTrailers(trailers);
    encodeTrailers(manager, undefined, trailers);
  }

  encodeMetadata(metadata: MetadataMap): void {
    if (!this.manager.localComplete) encodeMetadata(this.manager, undefined, metadata);
  }

  onDecoderFilterAboveWriteBufferHighWatermark(): void {
    if (!this.manager.destroyed) {
      this.manager.callbacks.onDecoderFilterAboveWriteBufferHighWatermark();
    }
  }

  onDecoderFilterBelowWriteBufferLowWatermark(): void {
    if (!this.manager.destroyed) {
      this.manager.callbacks.onDecoderFilterBelowWriteBufferLowWatermark();
    }
  }

  addDownstreamWatermarkCallbacks(callbacks: DownstreamWatermarkCallbacks): void {
    this.manager.addDownstreamWatermarkCallbacks(callbacks);
  }

  removeDownstreamWatermarkCallbacks(callbacks: DownstreamWatermarkCallbacks): void {
    this.manager.removeDownstreamWatermarkCallbacks(callbacks);
  }

  get decoderBufferLimit(): number {
    return this.manager.bufferLimit;
  }

  setDecoderBufferLimit(bytes: number): void {
    this.manager.setBufferLimit(bytes);
  }

  protected override canContinue(): boolean {
    return !this.manager.localComplete && !this.manager.destroyed;
  }

  protected override complete(): boolean {
    return this.manager.remoteDecodeComplete;
  }

  protected override hasTrailers(): boolean {
    return this.manager.requestTrailers !== undefined;
  }

  protected override bufferedData(): WatermarkBuffer | undefined {
    return this.manager.bufferedRequestData;
  }

  protected override createBuffer(): WatermarkBuffer {
    const manager = this.manager;
    manager.bufferedRequestData = new WatermarkBuffer(
      manager.bufferLimit,
      () => manager.requestDataTooLarge(),
      () => manager.requestDataDrained(),
    );
    return manager.bufferedRequestData;
  }

  protected override setStreaming(streaming: boolean): void {
    this.manager.decoderFiltersStreaming = streaming;
  }

  protected override has1xxHeaders(): boolean {
    return false;
  }

  protected override do1xxHeaders(): void {
    // Requests have none.
  }

  protected override doHeaders(endStream: boolean): void {
    const headers = this.manager.requestHeaders;
    if (headers !== undefined) decodeHeaders(this.manager, this, headers, endStream);
  }

  protected override doData(endStream: boolean): void {
    const data = this.manager.bufferedRequestData;
    if (data !== undefined) decodeData(this.manager, this, data, endStream, true);
  }

  protected override doTrailers(): void {
    const trailers = this.manager.requestTrailers;
    if (trailers !== undefined) decodeTrailers(this.manager, this, trailers);
  }

  protected override doMetadata(metadata: MetadataMap): void {
    decodeMetadata(this.manager, this, metadata);
  }
}
