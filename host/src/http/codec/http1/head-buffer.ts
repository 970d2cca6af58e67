import type { DataBuffer } from "../../../contracts/buffer.ts";
import { ScanResult, type HeadScanner } from "./head-scanner.ts";

const lf = 10;
const firstCapacity = 1024;

/**
 * The beginning of a head that has not come in one piece. It is scanned again when a line has ended or when twice
 * as much is there as last time, so that a peer that sends one byte at a time costs linear work, and nonsense
 * is still refused long before the head would be complete.
 */
export class HeadBuffer {
  readonly scanner: HeadScanner;
  bytes: Buffer = Buffer.allocUnsafe(firstCapacity);
  #length = 0;
  #scanned = 0;

  constructor(scanner: HeadScanner) {
    this.scanner = scanner;
  }

  /** Takes bytes of the head out of the first chunk of `data`, none of those behind its end. */
  take(data: DataBuffer): ScanResult {
    const chunk = data.chunks[0]!;
    const before = this.#length;
    // No head is longer than this, so that the scan below finds its end or an error.
    const copied = Math.min(chunk.length, this.scanner.longest - before);
    this.#append(chunk, copied);
    const lineEnded = chunk.indexOf(lf) >= 0;
    if (!lineEnded && copied === chunk.length && this.#length < 2 * this.#scanned) {
      data.drain(copied);
      return ScanResult.NeedMore;
    }
    this.#scanned = this.#length;
    const result = this.scanner.scan(this.bytes, this.#length);
    data.drain(result === ScanResult.Complete ? this.scanner.length - before : copied);
    return result;
  }

  #append(chunk: Buffer, length: number): void {
    const needed = this.#length + length;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
      this.bytes.copy(larger, 0, 0, this.#length);
      this.bytes = larger;
    }
    chunk.copy(this.bytes, this.#length, 0, length);
    this.#length = needed;
  }
}
