import type { Context } from "./context.ts";

const firstBuckets = 64;

/**
 * The contexts of a VM by their numbers: a hash table whose chains are links in the contexts themselves.
 *
 * Not a Map, because one whose entries come and go moves to a new table time and again, and its former tables keep
 * what they held, and each other, alive until the next collection of the old generation: with 64 streams at a time
 * the collector spent more on that than the guest's code took (host/docs/performance.md).
 */
export class ContextTable {
  #buckets: (Context | undefined)[] = emptyBuckets(firstBuckets);
  #size = 0;
  #nextId = 1;

  get size(): number {
    return this.#size;
  }

  get(id: number): Context | undefined {
    let context = this.#buckets[id & (this.#buckets.length - 1)];
    while (context !== undefined && context.id !== id) context = context.nextInTable;
    return context;
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  /** A number that no context of the table has. */
  takeId(): number {
    let id = this.#nextId;
    while (this.has(id)) id = nextAfter(id);
    this.#nextId = nextAfter(id);
    return id;
  }

  /** The next number follows this one. */
  resumeIds(last: number): void {
    this.#nextId = nextAfter(last);
  }

  /** `context` must not be in a table, nor its number in this one. */
  add(context: Context): void {
    if (this.#size === 2 * this.#buckets.length) this.#grow();
    this.#size += 1;
    this.#link(context);
  }

  /** Harmless when it is not there. */
  remove(context: Context): void {
    const at = context.id & (this.#buckets.length - 1);
    let previous: Context | undefined;
    let entry = this.#buckets[at];
    while (entry !== undefined && entry !== context) {
      previous = entry;
      entry = entry.nextInTable;
    }
    if (entry === undefined) return;
    if (previous === undefined) this.#buckets[at] = entry.nextInTable;
    else previous.nextInTable = entry.nextInTable;
    entry.nextInTable = undefined;
    this.#size -= 1;
  }

  /** All of them, in no particular order; a copy. */
  all(): Context[] {
    const all: Context[] = [];
    for (let entry of this.#buckets) {
      for (; entry !== undefined; entry = entry.nextInTable) all.push(entry);
    }
    return all;
  }

  #link(context: Context): void {
    const at = context.id & (this.#buckets.length - 1);
    context.nextInTable = this.#buckets[at];
    this.#buckets[at] = context;
  }

  #grow(): void {
    const all = this.all();
    this.#buckets = emptyBuckets(2 * this.#buckets.length);
    for (const context of all) this.#link(context);
  }
}

function emptyBuckets(count: number): (Context | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}

function nextAfter(id: number): number {
  return id >= 0x7fffffff ? 1 : id + 1;
}
