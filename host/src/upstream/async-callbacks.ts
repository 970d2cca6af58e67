import { StreamInfoImpl, type StreamInfoSource } from "../common/stream-info.ts";
import type { Dispatcher } from "../contracts/event.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import type { FilteredRequestOwner } from "../http/upstream-request/upstream-attempt.ts";

const noConnection: StreamInfoSource = {
  downstreamLocalAddress: undefined,
  downstreamRemoteAddress: undefined,
  downstreamDirectRemoteAddress: undefined,
  connectionId: 0,
  filterChainName: "",
  requestedServerName: "",
};

type RequestStream = FilteredRequestOwner["callbacks"];

/** Who makes a request, and may be slowed down. */
export type RequestSource = Pick<
  RequestStream,
  "onDecoderFilterAboveWriteBufferHighWatermark" | "onDecoderFilterBelowWriteBufferLowWatermark"
>;

/** The stream of a request that no client made. */
export class AsyncCallbacks implements RequestStream {
  readonly dispatcher: Dispatcher;
  readonly connection = undefined;
  readonly streamId = 0;
  readonly decoderBufferLimit: number;
  readonly #source: RequestSource;
  #streamInfo: StreamInfo | undefined = undefined;

  /** `bufferLimit`: bytes that may wait for a connection before `source` is to send no more; 0 = no limit. */
  constructor(dispatcher: Dispatcher, bufferLimit: number, source: RequestSource) {
    this.dispatcher = dispatcher;
    this.decoderBufferLimit = bufferLimit;
    this.#source = source;
  }

  get streamInfo(): StreamInfo {
    this.#streamInfo ??= new StreamInfoImpl(this.dispatcher.time, noConnection);
    return this.#streamInfo;
  }

  route(): undefined {
    return undefined;
  }

  onDecoderFilterAboveWriteBufferHighWatermark(): void {
    this.#source.onDecoderFilterAboveWriteBufferHighWatermark();
  }

  onDecoderFilterBelowWriteBufferLowWatermark(): void {
    this.#source.onDecoderFilterBelowWriteBufferLowWatermark();
  }

  addDownstreamWatermarkCallbacks(): void {}

  removeDownstreamWatermarkCallbacks(): void {}
}
