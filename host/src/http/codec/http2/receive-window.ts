import type { Http2Settings } from "../../../contracts/http/codec.ts";
import { windowDefault } from "./frame.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { Http2Stream } from "./stream.ts";

/** What the peer may still send (RFC 9113 section 5.2): told anew when half of it has been consumed. */
export class ReceiveWindow {
  readonly #writer: FrameWriter;
  readonly #size: number;
  readonly #streamSize: number;
  #left = windowDefault;
  #consumed = 0;

  constructor(settings: Http2Settings, writer: FrameWriter) {
    this.#writer = writer;
    this.#size = settings.initialConnectionWindowSize;
    this.#streamSize = settings.initialStreamWindowSize;
  }

  /** Widens the connection's window from the protocol's default to ours. */
  open(): void {
    if (this.#size <= this.#left) return;
    this.#writer.windowUpdate(0, this.#size - this.#left);
    this.#left = this.#size;
  }

  /** False when the peer has sent more than it may. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  give(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed * 2 < this.#size) return;
    this.#writer.windowUpdate(0, this.#consumed);
    this.#left += this.#consumed;
    this.#consumed = 0;
  }

  giveStream(stream: Http2Stream, bytes: number): void {
    stream.consumed += bytes;
    if (stream.consumed * 2 < this.#streamSize) return;
    this.#writer.windowUpdate(stream.id, stream.consumed);
    stream.receiveWindow += stream.consumed;
    stream.consumed = 0;
  }
}
