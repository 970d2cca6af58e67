import type { StreamInfo } from "../../contracts/stream-info.ts";

/** A reset of a stream younger than this, without a response, is premature. */
const youngMs = 1000;
/** Judged when so many streams have ended, or when so many of them alone are enough. */
const streamsToJudge = 500;

/** A stream as it looks when it was reset. */
export interface ResetStream {
  readonly streamInfo: StreamInfo;
}

/**
 * Finds clients that begin requests only to reset them: a limit of concurrent streams does not see those, but each
 * costs a route, filters and perhaps an upstream request. The rule is Envoy's: of the first 500 streams, or of all after
 * them, more than half were reset prematurely.
 */
export class PrematureResets {
  #ended = 0;
  #premature = 0;

  /** A stream ended in order. */
  onEnd(): void {
    this.#ended += 1;
  }

  /** A stream was reset, and has been completed; true: the connection has to go. */
  onReset(stream: ResetStream): boolean {
    const { startTimeMs, endTimeMs, responseCode } = stream.streamInfo;
    this.#ended += 1;
    if (responseCode === 0 && endTimeMs - startTimeMs < youngMs) this.#premature += 1;
    return this.#premature * 2 > Math.max(this.#ended, streamsToJudge);
  }
}
