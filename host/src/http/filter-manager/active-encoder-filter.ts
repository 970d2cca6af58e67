import { HeaderMapImpl } from "../../common/headers/header-map.ts";
import type { DataBuffer } from "../../contracts/buffer.ts";
import type { TrailerMap } from "../../contracts/headers.ts";
import type {
  StreamEncoderFilter,
  StreamEncoderFilterCallbacks,
} from "../../contracts/http/filter.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import { ActiveFilter, IterationState } from "./active-filter.ts";
import { CallState } from "./call-state.ts";
import { encode1xxHeaders, encodeData, encodeHeaders, encodeTrailers } from "./encoder-chain.ts";
import { LocalReplyDetails } from "./local-reply.ts";
import { encodeMetadata } from "./metadata-chain.ts";
import { WatermarkBuffer } from "./watermark-buffer.ts";
import type { FilterManager } from "./filter-manager.ts";

/** An encoder filter of a stream, and its callbacks. */
export class ActiveEncoderFilter extends ActiveFilter implements StreamEncoderFilterCallbacks {
  readonly filter: StreamEncoderFilter;
  /** The next encoder filter: the one *before* this in configured order. */
  next: ActiveEncoderFilter | undefined = undefined;

  constructor(manager: FilterManager, name: string, filter: StreamEncoderFilter) {
    super(manager, name);
    this.filter = filter;
  }

  override get base(): StreamEncoderFilter {
    return this.filter;
  }

  continueEncoding(): void {
    this.commonContinue();
  }

  encodingBuffer(): DataBuffer | undefined {
    return this.manager.bufferedResponseData;
  }

  modifyEncodingBuffer(modify: (buffer: DataBuffer) => void): void {
    if (this.manager.bufferedResponseData !== undefined) modify(this.manager.bufferedResponseData);
  }

  addEncodedData(data: DataBuffer, streaming: boolean): void {
    const manager = this.manager;
    if (manager.destroyed || manager.remoteEncodeComplete) return;
    const state = manager.callState;
    const inTrailers = (state & CallState.EncodeTrailers) !== 0;
    const stopped = this.iterationState !== IterationState.Continue;
    if (
      state === 0 ||
      (state & (CallState.EncodeHeaders | CallState.EncodeData)) !== 0 ||
      (inTrailers && stopped)
    ) {
      manager.encoderFiltersStreaming = streaming;
      this.bufferData(data);
    } else if (inTrailers) {
      encodeData(manager, this, data, false, false);
    } else {
      manager.failFilter(LocalReplyDetails.FilterAddedInvalidResponseData);
    }
  }

  injectEncodedDataToFilterChain(data: DataBuffer, endStream: boolean): void {
    const manager = this.manager;
    if (manager.destroyed || manager.remoteEncodeComplete) return;
    if (!this.headersContinued) {
      this.headersContinued = true;
      this.doHeaders(false);
    }
    encodeData(manager, this, data, endStream, true);
  }

  addEncodedTrailers(): TrailerMap {
    const manager = this.manager;
    if ((manager.callState & CallState.EncodeEndOfStream) === 0) {
      manager.failFilter(LocalReplyDetails.FilterAddedInvalidResponseData);
      return new HeaderMapImpl();
    }
    this.sawTrailers = true;
    if (manager.responseTrailers === undefined) manager.setResponseTrailers(new HeaderMapImpl());
    return manager.responseTrailers!;
  }

  addEncodedMetadata(metadata: MetadataMap): void {
    encodeMetadata(this.manager, this, metadata);
  }

  onEncoderFilterAboveWriteBufferHighWatermark(): void {
    if (!this.manager.destroyed) this.manager.callHighWatermarkCallbacks();
  }

  onEncoderFilterBelowWriteBufferLowWatermark(): void {
    if (!this.manager.destroyed) this.manager.callLowWatermarkCallbacks();
  }

  get encoderBufferLimit(): number {
    return this.manager.bufferLimit;
  }

  setEncoderBufferLimit(bytes: number): void {
    this.manager.setBufferLimit(bytes);
  }

  protected override canContinue(): boolean {
    return !this.manager.remoteEncodeComplete && !this.manager.destroyed;
  }

  protected override complete(): boolean {
    return this.manager.localComplete;
  }

  protected override hasTrailers(): boolean {
    return this.manager.responseTrailers !== undefined;
  }

  protected override bufferedData(): WatermarkBuffer | undefined {
    return this.manager.bufferedResponseData;
  }

  protected override createBuffer(): WatermarkBuffer {
    const manager = this.manager;
    manager.bufferedResponseData = new WatermarkBuffer(
      manager.bufferLimit,
      () => manager.responseDataTooLarge(),
      () => manager.responseDataDrained(),
    );
    return manager.bufferedResponseData;
  }

  protected override setStreaming(streaming: boolean): void {
    this.manager.encoderFiltersStreaming = streaming;
  }

  protected override has1xxHeaders(): boolean {
    return this.manager.has1xxHeaders && !this.continued1xxHeaders;
  }

  protected override do1xxHeaders(): void {
    this.continued1xxHeaders = true;
    const headers = this.manager.informationalHeaders;
    if (headers !== undefined) encode1xxHeaders(this.manager, this, headers);
  }

  protected override doHeaders(endStream: boolean): void {
    const headers = this.manager.responseHeaders;
    if (headers !== undefined) encodeHeaders(this.manager, this, headers, endStream);
  }

  protected override doData(endStream: boolean): void {
    const data = this.manager.bufferedResponseData;
    if (data !== undefined) encodeData(this.manager, this, data, endStream, true);
  }

  protected override doTrailers(): void {
    const trailers = this.manager.responseTrailers;
    if (trailers !== undefined) encodeTrailers(this.manager, this, trailers);
  }

  protected override doMetadata(metadata: MetadataMap): void {
    encodeMetadata(this.manager, this, metadata);
  }
}
