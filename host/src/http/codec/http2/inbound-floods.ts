import type { Http2Settings } from "../../../contracts/http/codec.ts";
import { floodErrors, type Http2Error } from "./errors.ts";
import { FrameFlag, FrameType } from "./frame.ts";
import type { Http2CodecStats } from "./stats.ts";

/** Counts frames that cost a peer nothing to send, with the limits that `Http2ProtocolOptions` documents. */
export class InboundFloods {
  /** Streams that the peer (server side) or we (client side) have begun. */
  openedStreams = 0;
  readonly #settings: Http2Settings;
  readonly #stats: Http2CodecStats;
  #emptyFrames = 0;
  #priorityFrames = 0;
  #windowUpdates = 0;

  constructor(settings: Http2Settings, stats: Http2CodecStats) {
    this.#settings = settings;
    this.#stats = stats;
  }

  /** `sentDataFrames`: what WINDOW_UPDATE may be an answer to. */
  track(
    type: number,
    flags: number,
    length: number,
    sentDataFrames: number,
  ): Http2Error | undefined {
    switch (type) {
      case FrameType.Data:
      case FrameType.Headers:
      case FrameType.Continuation:
        return this.#payload(flags, length, type);
      case FrameType.Priority:
        return this.#priority();
      case FrameType.WindowUpdate:
        return this.#windowUpdate(sentDataFrames);
      default:
        return undefined;
    }
  }

  #payload(flags: number, length: number, type: number): Http2Error | undefined {
    const ends = type !== FrameType.Continuation && (flags & FrameFlag.EndStream) !== 0;
    if (length > 0 || ends) {
      this.#emptyFrames = 0;
      return undefined;
    }
    this.#emptyFrames += 1;
    if (this.#emptyFrames <= this.#settings.maxConsecutiveInboundFramesWithEmptyPayload) {
      return undefined;
    }
    this.#stats.inboundEmptyFramesFlood.inc();
    return floodErrors.emptyFrames;
  }

  #priority(): Http2Error | undefined {
    this.#priorityFrames += 1;
    const most = this.#settings.maxInboundPriorityFramesPerStream * (1 + this.openedStreams);
    if (this.#priorityFrames <= most) return undefined;
    this.#stats.inboundPriorityFramesFlood.inc();
    return floodErrors.priority;
  }

  #windowUpdate(sentDataFrames: number): Http2Error | undefined {
    this.#windowUpdates += 1;
    const perData = this.#settings.maxInboundWindowUpdateFramesPerDataFrameSent;
    if (this.#windowUpdates <= 5 + 2 * (this.openedStreams + perData * sentDataFrames)) {
      return undefined;
    }
    this.#stats.inboundWindowUpdateFramesFlood.inc();
    return floodErrors.windowUpdate;
  }
}
