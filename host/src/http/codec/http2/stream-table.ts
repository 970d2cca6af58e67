const slotsFirst = 16;

/** What a table finds by its number. */
interface Numbered {
  readonly id: number;
}

/**
 * The open streams of a connection by number. In the place of a Map, since streams come and go: a Map moves to a new
 * table time and again, and its former tables keep the streams alive that they held until the next collection of the
 * old generation, with all that hangs on them.
 */
export class StreamTable<T extends Numbered> {
  /** Open addressing, at most half full. Numbers of one side differ by two. */
  #slots: (T | undefined)[] = emptySlots(slotsFirst);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const mask = this.#slots.length - 1;
    for (let at = (id >>> 1) & mask; ; at = (at + 1) & mask) {
      const found = this.#slots[at];
      if (found === undefined || found.id === id) return found;
    }
  }

  /** There must be none of its number. */
  add(stream: T): void {
    if ((this.#size + 1) * 2 > this.#slots.length) this.#grow();
    this.#put(stream);
    this.#size += 1;
  }

  /** False when it is not there. */
  delete(stream: T): boolean {
    const mask = this.#slots.length - 1;
    let at = (stream.id >>> 1) & mask;
    while (this.#slots[at] !== stream) {
      if (this.#slots[at] === undefined) return false;
      at = (at + 1) & mask;
    }
    this.#slots[at] = undefined;
    this.#size -= 1;
    this.#closeGap(at, mask);
    return true;
  }

  /** A copy: whoever goes through it may add and delete. */
  all(): T[] {
    return this.#slots.filter((stream) => stream !== undefined);
  }

  clear(): void {
    this.#slots = emptySlots(slotsFirst);
    this.#size = 0;
  }

  #put(stream: T): void {
    const mask = this.#slots.length - 1;
    let at = (stream.id >>> 1) & mask;
    while (this.#slots[at] !== undefined) at = (at + 1) & mask;
    this.#slots[at] = stream;
  }

  /** Moves those back that were put behind the slot because it was taken. */
  #closeGap(gap: number, mask: number): void {
    let free = gap;
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const stream = this.#slots[at];
      if (stream === undefined) return;
      const home = (stream.id >>> 1) & mask;
      if (((at - home) & mask) < ((at - free) & mask)) continue;
      this.#slots[free] = stream;
      this.#slots[at] = undefined;
      free = at;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = emptySlots(before.length * 2);
    for (const stream of before) if (stream !== undefined) this.#put(stream);
    // What is left behind must not keep streams alive either.
    before.fill(undefined);
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  const slots: (T | undefined)[] = [];
  for (let i = 0; i < count; i += 1) slots.push(undefined);
  return slots;
}
