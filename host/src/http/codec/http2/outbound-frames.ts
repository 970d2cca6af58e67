import type { Http2Settings } from "../../../contracts/http/codec.ts";
import { floodErrors, type Http2Error } from "./errors.ts";
import type { Http2CodecStats } from "./stats.ts";

/** Frames that were written up to some byte. */
interface Mark {
  readonly position: number;
  readonly all: number;
  readonly control: number;
}

/**
 * Counts the frames that wait for the peer to read them: one that makes us answer and does not read would have us
 * remember answers without end.
 */
export class OutboundFrames {
  /** Frames not yet sent, and how many of them are answers (PING, SETTINGS, RST_STREAM). */
  all = 0;
  control = 0;
  readonly #settings: Http2Settings;
  readonly #stats: Http2CodecStats;
  /** Bytes, since the connection began. */
  #written = 0;
  #sent = 0;
  #marks: Mark[] = [];
  /** What of the two counts stands before the last mark. */
  #markedAll = 0;
  #markedControl = 0;
  /** What the gauges hold of this connection. */
  #shownAll = 0;
  #shownControl = 0;

  constructor(settings: Http2Settings, stats: Http2CodecStats) {
    this.#settings = settings;
    this.#stats = stats;
  }

  /** These bytes, which hold all frames counted so far, go to the connection. */
  onWritten(bytes: number): void {
    this.#written += bytes;
    this.#marks.push({
      position: this.#written,
      all: this.all - this.#markedAll,
      control: this.control - this.#markedControl,
    });
    this.#markedAll = this.all;
    this.#markedControl = this.control;
  }

  /** The kernel has taken these bytes. */
  readonly onSent = (bytes: number): void => {
    this.#sent += bytes;
    const marks = this.#marks;
    let gone = 0;
    while (gone < marks.length && marks[gone]!.position <= this.#sent) {
      const mark = marks[gone]!;
      this.all -= mark.all;
      this.control -= mark.control;
      this.#markedAll -= mark.all;
      this.#markedControl -= mark.control;
      gone += 1;
    }
    if (gone === marks.length) marks.length = 0;
    else if (gone > 0) marks.splice(0, gone);
    this.#show();
  };

  /** An error when too many wait. */
  check(): Http2Error | undefined {
    if (this.all > this.#settings.maxOutboundFrames) {
      this.#stats.outboundFlood.inc();
      return floodErrors.outbound;
    }
    if (this.control > this.#settings.maxOutboundControlFrames) {
      this.#stats.outboundControlFlood.inc();
      return floodErrors.outboundControl;
    }
    return undefined;
  }

  /** The connection is gone. */
  close(): void {
    this.all = 0;
    this.control = 0;
    this.#marks = [];
    this.#show();
  }

  #show(): void {
    if (this.#shownAll !== this.all) {
      this.#stats.outboundFramesActive.add(this.all - this.#shownAll);
      this.#shownAll = this.all;
    }
    if (this.#shownControl !== this.control) {
      this.#stats.outboundControlFramesActive.add(this.control - this.#shownControl);
      this.#shownControl = this.control;
    }
  }
}
