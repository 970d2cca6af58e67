import { randomFillSync } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { RandomSource, TimeSource } from "../../contracts/event.ts";

/** The machine's clocks. */
export const systemTime: TimeSource = {
  monotonicMs: () => performance.now(),
  systemMs: () => performance.timeOrigin + performance.now(),
};

const poolBytes = 16_384;
const uuidLength = 36;
const uuidsPerBlock = 64;
const dash = 45;

/** The two hexadecimal digits of each byte value, as characters. */
const hexDigits = Buffer.from(
  Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join(""),
  "latin1",
);

/** The machine's randomness, drawn in large blocks. */
class SystemRandom implements RandomSource {
  readonly #pool = new Uint8Array(poolBytes);
  #used = poolBytes;
  /** UUIDs are written down many at a time: cutting one out of a long string costs a tenth of making one. */
  readonly #uuidBytes = Buffer.alloc(uuidsPerBlock * uuidLength, dash);
  #uuids = "";
  #uuidsUsed = 0;

  uint32(): number {
    const at = this.#take(4);
    const p = this.#pool;
    return (p[at]! | (p[at + 1]! << 8) | (p[at + 2]! << 16) | (p[at + 3]! << 24)) >>> 0;
  }

  uuid(): string {
    if (this.#uuidsUsed === this.#uuids.length) this.#writeUuids();
    const at = this.#uuidsUsed;
    this.#uuidsUsed = at + uuidLength;
    return this.#uuids.substring(at, at + uuidLength);
  }

  #writeUuids(): void {
    const bytes = this.#uuidBytes;
    for (let to = 0; to < bytes.length; to += uuidLength) this.#writeUuid(to);
    this.#uuids = bytes.latin1Slice(0, bytes.length);
    this.#uuidsUsed = 0;
  }

  #writeUuid(start: number): void {
    const from = this.#take(16);
    const pool = this.#pool;
    const bytes = this.#uuidBytes;
    // RFC 9562 section 5.4: version 4, variant 10.
    pool[from + 6] = (pool[from + 6]! & 15) | 64;
    pool[from + 8] = (pool[from + 8]! & 63) | 128;
    let to = start;
    for (let i = 0; i < 16; i += 1) {
      if (i === 4 || i === 6 || i === 8 || i === 10) to += 1;
      const digits = 2 * pool[from + i]!;
      bytes[to] = hexDigits[digits]!;
      bytes[to + 1] = hexDigits[digits + 1]!;
      to += 2;
    }
  }

  #take(bytes: number): number {
    if (this.#used + bytes > poolBytes) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += bytes;
    return at;
  }
}

export const systemRandom: RandomSource = new SystemRandom();
