/**
 * Where the rewritten code came from. Pairs `(rewritten, original)` of offsets in the modules' bytes, ascending:
 * between two pairs both advance together. Lies in shared memory, so that posting it to a worker copies nothing.
 */
export type OffsetMap = Uint32Array<SharedArrayBuffer>;

/** Collects the pairs while code is rewritten. */
export class OffsetMapWriter {
  #pairs = new Uint32Array(256);
  #length = 0;

  add(rewritten: number, original: number): void {
    if (this.#length + 2 > this.#pairs.length) {
      const grown = new Uint32Array(this.#pairs.length * 2);
      grown.set(this.#pairs);
      this.#pairs = grown;
    }
    this.#pairs[this.#length] = rewritten;
    this.#pairs[this.#length + 1] = original;
    this.#length += 2;
  }

  /** The map, its rewritten offsets moved by `shift`. */
  finish(shift: number): OffsetMap {
    const map = new Uint32Array(new SharedArrayBuffer(this.#length * 4));
    for (let i = 0; i < this.#length; i += 2) {
      map[i] = this.#pairs[i]! + shift;
      map[i + 1] = this.#pairs[i + 1]!;
    }
    return map;
  }
}

/** The offset in the original module of `rewritten`; unchanged when it lies before all code. */
export function originalOffset(map: OffsetMap, rewritten: number): number {
  let low = 0;
  let high = map.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (map[middle * 2]! <= rewritten) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return rewritten;
  const mapped = map[low * 2 - 1]! + rewritten - map[low * 2 - 2]!;
  // Inside an inserted check: the place that it was inserted at.
  return low * 2 < map.length ? Math.min(mapped, map[low * 2 + 1]!) : mapped;
}
