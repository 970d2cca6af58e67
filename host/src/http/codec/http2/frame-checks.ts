import { frameSizeError, protocolError, type Http2Error } from "./errors.ts";
import { FrameFlag, FrameType } from "./frame.ts";

/** Whether a frame may come now, and whether its size and stream are those of its type (RFC 9113 section 6). */
export class FrameChecks {
  /** The peer's first frame, its SETTINGS, has come. */
  #begun = false;
  /** The stream whose header block is not complete; 0: none. */
  #blockOf = 0;

  check(type: number, flags: number, streamId: number, length: number): Http2Error | undefined {
    if (this.#blockOf !== 0) return this.#continuation(type, flags, streamId);
    if (!this.#begun) {
      this.#begun = true;
      if (type !== FrameType.Settings || (flags & FrameFlag.Ack) !== 0) {
        return protocolError("the first frame is not SETTINGS");
      }
    }
    if (type === FrameType.Headers && (flags & FrameFlag.EndHeaders) === 0)
      this.#blockOf = streamId;
    return checkType(type, flags, streamId, length);
  }

  #continuation(type: number, flags: number, streamId: number): Http2Error | undefined {
    if (type !== FrameType.Continuation || streamId !== this.#blockOf) {
      return protocolError("a header block is interrupted");
    }
    if ((flags & FrameFlag.EndHeaders) !== 0) this.#blockOf = 0;
    return undefined;
  }
}

function ofStream(streamId: number, rightSize: boolean): Http2Error | undefined {
  return streamId === 0 ? protocolError("frame of a stream on stream 0") : ofSize(rightSize);
}

function ofConnection(streamId: number, rightSize: boolean): Http2Error | undefined {
  return streamId === 0 ? ofSize(rightSize) : protocolError("frame of the connection on a stream");
}

function ofSize(right: boolean): Http2Error | undefined {
  return right ? undefined : frameSizeError("frame of the wrong size");
}

function settingsSize(flags: number, length: number): boolean {
  return (flags & FrameFlag.Ack) === 0 ? length % 6 === 0 : length === 0;
}

function headersSize(flags: number, length: number): boolean {
  const least =
    ((flags & FrameFlag.Padded) === 0 ? 0 : 1) + ((flags & FrameFlag.Priority) === 0 ? 0 : 5);
  return length >= least;
}

/** Size and stream of a frame of this type. */
function checkType(
  type: number,
  flags: number,
  streamId: number,
  length: number,
): Http2Error | undefined {
  switch (type) {
    case FrameType.Data:
      return ofStream(streamId, true);
    case FrameType.Headers:
      return ofStream(streamId, headersSize(flags, length));
    case FrameType.Priority:
      return ofStream(streamId, length === 5);
    case FrameType.RstStream:
      return ofStream(streamId, length === 4);
    case FrameType.WindowUpdate:
      return ofSize(length === 4);
    case FrameType.Settings:
      return ofConnection(streamId, settingsSize(flags, length));
    case FrameType.Ping:
      return ofConnection(streamId, length === 8);
    case FrameType.GoAway:
      return ofConnection(streamId, length >= 8);
    case FrameType.PushPromise:
    case FrameType.Continuation:
      return protocolError("PUSH_PROMISE, or CONTINUATION without HEADERS");
    default:
      return undefined;
  }
}
