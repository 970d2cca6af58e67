import type { DownstreamWatermarkCallbacks, LocalReply } from "../../contracts/http/filter.ts";
import type { FilterManagerCallbacks } from "./filter-manager-callbacks.ts";
import { LocalReplyDetails } from "./local-reply.ts";
import type { WatermarkBuffer } from "./watermark-buffer.ts";

/** What filters hold of a stream's two bodies, and the back-pressure that comes of it. */
export abstract class StreamBuffers {
  readonly callbacks: FilterManagerCallbacks;
  bufferedRequestData: WatermarkBuffer | undefined = undefined;
  bufferedResponseData: WatermarkBuffer | undefined = undefined;
  decoderFiltersStreaming = false;
  encoderFiltersStreaming = false;
  /** The stream is over: nothing that a filter asks for has an effect. */
  destroyed = false;
  bufferLimit: number;
  #requestPaused = false;
  #responsePaused = false;
  #highWatermarkCount = 0;
  #watermarkCallbacks: DownstreamWatermarkCallbacks[] | undefined = undefined;

  /** `bufferLimit`: bytes of either body that may be held; 0 = no limit. */
  constructor(callbacks: FilterManagerCallbacks, bufferLimit: number) {
    this.callbacks = callbacks;
    this.bufferLimit = bufferLimit;
  }

  abstract sendLocalReply(reply: LocalReply): void;

  setBufferLimit(bytes: number): void {
    this.bufferLimit = bytes;
    this.bufferedRequestData?.setLimit(bytes);
    this.bufferedResponseData?.setLimit(bytes);
  }

  requestDataTooLarge(): void {
    if (this.destroyed) return;
    if (this.decoderFiltersStreaming) {
      this.#requestPaused = true;
      this.callbacks.onDecoderFilterAboveWriteBufferHighWatermark();
      return;
    }
    this.callbacks.onRequestDataTooLarge();
    this.sendLocalReply({
      code: 413,
      body: "Payload Too Large",
      details: LocalReplyDetails.RequestPayloadTooLarge,
    });
  }

  requestDataDrained(): void {
    if (!this.#requestPaused || this.destroyed) return;
    this.#requestPaused = false;
    this.callbacks.onDecoderFilterBelowWriteBufferLowWatermark();
  }

  responseDataTooLarge(): void {
    if (this.destroyed) return;
    if (this.encoderFiltersStreaming) {
      this.#responsePaused = true;
      this.callHighWatermarkCallbacks();
      return;
    }
    this.callbacks.onResponseDataTooLarge();
    this.sendLocalReply({
      code: 500,
      body: "Internal Server Error",
      details: LocalReplyDetails.ResponsePayloadTooLarge,
    });
  }

  responseDataDrained(): void {
    if (!this.#responsePaused || this.destroyed) return;
    this.#responsePaused = false;
    this.callLowWatermarkCallbacks();
  }

  /** The client's side, or a filter's buffer, cannot take more of the response. */
  callHighWatermarkCallbacks(): void {
    this.#highWatermarkCount += 1;
    const all = this.#watermarkCallbacks;
    if (all === undefined) return;
    for (let i = 0; i < all.length; i += 1) all[i]!.onAboveWriteBufferHighWatermark();
  }

  callLowWatermarkCallbacks(): void {
    if (this.#highWatermarkCount === 0) return;
    this.#highWatermarkCount -= 1;
    const all = this.#watermarkCallbacks;
    if (all === undefined) return;
    for (let i = 0; i < all.length; i += 1) all[i]!.onBelowWriteBufferLowWatermark();
  }

  addDownstreamWatermarkCallbacks(callbacks: DownstreamWatermarkCallbacks): void {
    (this.#watermarkCallbacks ??= []).push(callbacks);
    for (let i = 0; i < this.#highWatermarkCount; i += 1) {
      callbacks.onAboveWriteBufferHighWatermark();
    }
  }

  removeDownstreamWatermarkCallbacks(callbacks: DownstreamWatermarkCallbacks): void {
    const at = this.#watermarkCallbacks?.indexOf(callbacks) ?? -1;
    if (at >= 0) this.#watermarkCallbacks!.splice(at, 1);
  }
}
