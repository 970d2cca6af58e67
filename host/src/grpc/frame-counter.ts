import type { DataBuffer } from "../contracts/buffer.ts";
import { prefixLength } from "./framing.ts";

/** Counts the messages of a body that passes; whatever their flags are. */
export class FrameCounter {
  /** Messages whose prefix is whole. */
  count = 0;
  /** Bytes of the prefix that have been seen; `prefixLength`: inside a message. */
  #prefixSeen = 0;
  /** Of the length, as far as it was read; then bytes of the message that are still to come. */
  #length = 0;

  /** Looks at `data`, which stays as it is. Gives the number of messages that began in it. */
  inspect(data: DataBuffer): number {
    const before = this.count;
    const { chunks } = data;
    for (let i = 0; i < chunks.length; i += 1) this.#inspect(chunks[i]!);
    return this.count - before;
  }

  #inspect(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#prefixSeen < prefixLength) {
        this.#acceptPrefix(chunk[at]!);
        at += 1;
        continue;
      }
      const skipped = Math.min(this.#length, chunk.length - at);
      at += skipped;
      this.#length -= skipped;
      if (this.#length === 0) this.#prefixSeen = 0;
    }
  }

  #acceptPrefix(byte: number): void {
    if (this.#prefixSeen > 0) this.#length = this.#length * 256 + byte;
    this.#prefixSeen += 1;
    if (this.#prefixSeen < prefixLength) return;
    this.count += 1;
    if (this.#length === 0) this.#prefixSeen = 0;
  }
}
