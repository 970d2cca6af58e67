import type { HpackField } from "./field.ts";

/** The decoder's dynamic table (RFC 7541 section 2.3.2): newest first, bounded in bytes. */
export class DynamicTable {
  /** Bytes by the rule of RFC 7541 section 4.1. */
  size = 0;
  #maxSize: number;
  // A ring: entry 0 is at `#newest`, older ones before it.
  #ring: (HpackField | undefined)[] = [];
  #mask = -1;
  #newest = -1;
  #count = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get count(): number {
    return this.#count;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  /** Evicts what no longer fits. */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evict(0);
  }

  /** `index` counts from the newest entry, which is 0. */
  get(index: number): HpackField | undefined {
    if (index >= this.#count) return undefined;
    return this.#ring[(this.#newest - index) & this.#mask];
  }

  /** An entry larger than the table empties it, and is no error (RFC 7541 section 4.4). */
  add(field: HpackField): void {
    const size = field.size;
    this.#evict(size);
    if (size > this.#maxSize) return;
    if (this.#count > this.#mask) this.#grow();
    this.#newest = (this.#newest + 1) & this.#mask;
    this.#ring[this.#newest] = field;
    this.#count += 1;
    this.size += size;
  }

  #evict(room: number): void {
    while (this.#count > 0 && this.size + room > this.#maxSize) {
      const oldest = (this.#newest - this.#count + 1) & this.#mask;
      this.size -= this.#ring[oldest]!.size;
      this.#ring[oldest] = undefined;
      this.#count -= 1;
    }
  }

  #grow(): void {
    const capacity = Math.max(16, (this.#mask + 1) * 2);
    const ring: (HpackField | undefined)[] = [];
    for (let i = this.#count - 1; i >= 0; i -= 1) ring.push(this.get(i));
    while (ring.length < capacity) ring.push(undefined);
    this.#ring = ring;
    this.#mask = capacity - 1;
    this.#newest = this.#count - 1;
  }
}
