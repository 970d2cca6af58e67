import { randomFillSync } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { RandomSource, TimeSource } from "../../contracts/event.ts";

/** The machine's clocks. */
export const systemTime: TimeSource = {
  monotonicMs: () => performance.now(),
  systemMs: () => performance.timeOrigin + performance.now(),
};

const hex: string[] = [];
for (let i = 0; i < 256; i += 1) hex.push(i.toString(16).padStart(2, "0"));

/** The machine's randomness, drawn in blocks: one system call per 256 UUIDs. */
class SystemRandom implements RandomSource {
  #pool = new Uint8Array(4096);
  #used = 4096;

  uint32(): number {
    const at = this.#take(4);
    const p = this.#pool;
    return (p[at]! | (p[at + 1]! << 8) | (p[at + 2]! << 16) | (p[at + 3]! << 24)) >>> 0;
  }

  uuid(): string {
    const at = this.#take(16);
    const p = this.#pool;
    const h = hex;
    // RFC 9562 section 5.4: version 4, variant 10.
    return `${h[p[at]!]}${h[p[at + 1]!]}${h[p[at + 2]!]}${h[p[at + 3]!]}-${h[p[at + 4]!]}${h[p[at + 5]!]}-${
      h[(p[at + 6]! & 15) | 64]
    }${h[p[at + 7]!]}-${h[(p[at + 8]! & 63) | 128]}${h[p[at + 9]!]}-${h[p[at + 10]!]}${h[p[at + 11]!]}${
      h[p[at + 12]!]
    }${h[p[at + 13]!]}${h[p[at + 14]!]}${h[p[at + 15]!]}`;
  }

  #take(bytes: number): number {
    if (this.#used + bytes > this.#pool.length) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += bytes;
    return at;
  }
}

export const systemRandom: RandomSource = new SystemRandom();
