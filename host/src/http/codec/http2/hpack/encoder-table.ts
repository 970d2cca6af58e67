import { entryOverhead } from "./field.ts";

/** An entry of the encoder's dynamic table. */
export interface EncoderEntry {
  readonly id: number;
  readonly name: string;
  readonly value: string;
  /** Number of the insertion, from 0 on. */
  readonly sequence: number;
  /** The next older entry of the same name. */
  older: EncoderEntry | undefined;
}

/** Entries of one name are searched to this depth only: values that never come again shall not cost a scan each. */
const searchDepth = 16;

/** The encoder's dynamic table: first in, first out, found by name. */
export class EncoderTable {
  #maxSize: number;
  #size = 0;
  /** Entries in the order of insertion; those before `#oldest` are evicted. */
  #entries: EncoderEntry[] = [];
  #oldest = 0;
  #inserted = 0;
  /** The newest entry by well-known number, or by name. */
  readonly #byId: (EncoderEntry | undefined)[] = [];
  readonly #byName = new Map<string, EncoderEntry>();

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  get size(): number {
    return this.#size;
  }

  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evict(0);
  }

  /** The newest entry of a name. `id`: 0 for a name without a number. */
  newest(id: number, name: string): EncoderEntry | undefined {
    return id !== 0 ? this.#byId[id] : this.#byName.get(name);
  }

  /** The entry of `value` among `newest` and older ones of its name. */
  find(newest: EncoderEntry | undefined, value: string): EncoderEntry | undefined {
    let entry = newest;
    for (let depth = 0; entry !== undefined && depth < searchDepth; depth += 1) {
      if (entry.value === value) return entry;
      entry = entry.older;
    }
    return undefined;
  }

  /** How far an entry is behind the newest one, which has 0. */
  distance(entry: EncoderEntry): number {
    return this.#inserted - 1 - entry.sequence;
  }

  /** True when the field is worth its place: it must leave room for others. */
  takes(name: string, value: string): boolean {
    return (name.length + value.length + entryOverhead) * 4 <= this.#maxSize * 3;
  }

  add(id: number, name: string, value: string): void {
    this.#evict(name.length + value.length + entryOverhead);
    const older = this.newest(id, name);
    const entry: EncoderEntry = { id, name, value, sequence: this.#inserted, older };
    this.#inserted += 1;
    this.#size += name.length + value.length + entryOverhead;
    this.#entries.push(entry);
    this.#setNewest(id, name, entry);
  }

  #setNewest(id: number, name: string, entry: EncoderEntry | undefined): void {
    if (id !== 0) {
      while (this.#byId.length <= id) this.#byId.push(undefined);
      this.#byId[id] = entry;
    } else if (entry === undefined) {
      this.#byName.delete(name);
    } else {
      this.#byName.set(name, entry);
    }
  }

  #evict(room: number): void {
    while (this.#size > 0 && this.#size + room > this.#maxSize) {
      const entry = this.#entries[this.#oldest]!;
      this.#oldest += 1;
      this.#size -= entry.name.length + entry.value.length + entryOverhead;
      this.#unlink(entry);
    }
    if (this.#oldest < 64 || this.#oldest * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#oldest);
    this.#oldest = 0;
  }

  /** The oldest entry of all is also the oldest of its name. */
  #unlink(entry: EncoderEntry): void {
    let newer = this.newest(entry.id, entry.name);
    if (newer === entry) {
      this.#setNewest(entry.id, entry.name, undefined);
      return;
    }
    while (newer !== undefined && newer.older !== entry) newer = newer.older;
    if (newer !== undefined) newer.older = undefined;
  }
}
