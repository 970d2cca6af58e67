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

/** The stream of a request that no client made: all of it is in memory, and nobody has to be slowed down. */
export class AsyncCallbacks implements RequestStream {
  readonly dispatcher: Dispatcher;
  readonly connection = undefined;
  readonly streamId = 0;
  readonly decoderBufferLimit = 0;
  #streamInfo: StreamInfo | undefined = undefined;

  constructor(dispatcher: Dispatcher) {
    this.dispatcher = dispatcher;
  }

  get streamInfo(): StreamInfo {
    this.#streamInfo ??= new StreamInfoImpl(this.dispatcher.time, noConnection);
    return this.#streamInfo;
  }

  route(): undefined {
    return undefined;
  }

  onDecoderFilterAboveWriteBufferHighWatermark(): void {}

  onDecoderFilterBelowWriteBufferLowWatermark(): void {}

  addDownstreamWatermarkCallbacks(): void {}

  removeDownstreamWatermarkCallbacks(): void {}
}
