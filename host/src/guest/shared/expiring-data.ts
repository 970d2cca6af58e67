import { firstUserWord, type SharedHeap } from "./shared-heap.ts";
import type { SharedMap } from "./shared-map.ts";

/** Bytes of keys and values of all namespaces. */
export const expiringDataBytesMax = 8 * 1_048_576;
/** Bytes of one key, and of one text. */
export const expiringKeyMax = 1024;
export const expiringTextMax = 65_536;

const usedWord = firstUserWord + 12;
/** Seconds of the clock at which expired values were last looked for. */
const sweptWord = firstUserWord + 13;

/** A record: length and kind as words, then two doubles (deadline, number), then the bytes of a text. */
const Kind = { Text: 0, Number: 1, Boolean: 2 } as const;
const deadlineAt = 1;
const numberAt = 2;
const headerBytes = 24;

/** A text has one character per byte. */
export type ExpiringValue = string | number | boolean;

/** Where a value belongs: a key within a namespace, which other namespaces do not see. */
export interface ExpiringKey {
  readonly namespace: string;
  readonly key: string;
}

/** Outcome of a change: `full`: there is no room, or the lock cannot be had. */
export type ExpiringOutcome = "done" | "full";

/** Values that live until a deadline, shared by all threads. Each method is atomic. `ttlMs` 0: no deadline. */
export class ExpiringData {
  readonly #heap: SharedHeap;
  readonly #map: SharedMap;
  readonly #nowMs: () => number;

  /** `nowMs`: the same clock on all threads. */
  constructor(heap: SharedHeap, map: SharedMap, nowMs: () => number = machineMs) {
    this.#heap = heap;
    this.#map = map;
    this.#nowMs = nowMs;
  }

  get(at: ExpiringKey): ExpiringValue | undefined {
    return this.#heap.locked(() => {
      const entry = this.#find(keyOf(at));
      return entry === 0 ? undefined : this.#read(this.#map.value(entry));
    });
  }

  set(at: ExpiringKey, value: ExpiringValue, ttlMs: number): ExpiringOutcome {
    const done = this.#heap.locked(() => this.#put(keyOf(at), value, ttlMs));
    return done === true ? "done" : "full";
  }

  /** `exists`: there is a value already, which stays as it is. */
  add(at: ExpiringKey, value: ExpiringValue, ttlMs: number): ExpiringOutcome | "exists" {
    return (
      this.#heap.locked(() => {
        const key = keyOf(at);
        if (this.#find(key) !== 0) return "exists";
        return this.#put(key, value, ttlMs) ? "done" : "full";
      }) ?? "full"
    );
  }

  /**
   * The new number. One that is not there begins at 0 with the deadline of this call; one that is keeps its own.
   * `text`: the value is no number.
   */
  increment(at: ExpiringKey, by: number, ttlMs: number): number | "text" | "full" {
    return (
      this.#heap.locked(() => {
        const key = keyOf(at);
        const entry = this.#find(key);
        if (entry === 0) return this.#put(key, by, ttlMs) ? by : "full";
        const record = this.#map.value(entry);
        if (this.#heap.words[(record >> 2) + 1] !== Kind.Number) return "text";
        const { doubles } = this.#heap;
        doubles[(record >> 3) + numberAt]! += by;
        return doubles[(record >> 3) + numberAt]!;
      }) ?? "full"
    );
  }

  /** True when there was a value. */
  remove(at: ExpiringKey): boolean {
    return (
      this.#heap.locked(() => {
        const key = keyOf(at);
        const entry = this.#find(key);
        if (entry !== 0) this.#drop(key, entry);
        return entry !== 0;
      }) ?? false
    );
  }

  /** Inside the lock: forgets a namespace. */
  removeAll(namespace: string): void {
    const prefix = keyOf({ namespace, key: "" });
    for (const [key, entry] of this.#map.entries(prefix)) this.#drop(key, entry);
  }

  /** Inside the lock: counts anew after a thread died in the middle of something. */
  repair(): void {
    const { words } = this.#heap;
    let used = 0;
    for (const [key, entry] of this.#map.entries(prefixOfAll)) {
      used += key.length + words[this.#map.value(entry) >> 2]!;
    }
    words[usedWord] = used;
  }

  /** The entry of a value that has not expired; 0 when there is none. */
  #find(key: string): number {
    const entry = this.#map.find(key);
    if (entry === 0 || !this.#expired(entry, this.#nowMs())) return entry;
    this.#drop(key, entry);
    return 0;
  }

  #expired(entry: number, nowMs: number): boolean {
    const deadline = this.#heap.doubles[(this.#map.value(entry) >> 3) + deadlineAt]!;
    return deadline > 0 && nowMs >= deadline;
  }

  #read(record: number): ExpiringValue {
    const { words, doubles } = this.#heap;
    const kind = words[(record >> 2) + 1]!;
    if (kind === Kind.Text) return this.#heap.text(record + headerBytes, words[record >> 2]!);
    const number = doubles[(record >> 3) + numberAt]!;
    return kind === Kind.Number ? number : number !== 0;
  }

  #put(key: string, value: ExpiringValue, ttlMs: number): boolean {
    const heap = this.#heap;
    const size = typeof value === "string" ? value.length : 0;
    const entry = this.#map.find(key);
    const old = entry === 0 ? 0 : this.#map.value(entry);
    const oldSize = old === 0 ? 0 : heap.words[old >> 2]!;
    const growth = size - oldSize + (entry === 0 ? key.length : 0);
    // Before anything is taken: what expires is not this key, which was looked up already.
    if (growth > 0 && !this.#hasRoom(growth, key)) return false;
    const record = this.#newRecord(value, size, ttlMs);
    if (record === 0) return false;
    if (entry !== 0) {
      this.#map.setValue(entry, record);
      heap.free(old, headerBytes + oldSize);
    } else if (this.#map.insert(key, record) === 0) {
      heap.free(record, headerBytes + size);
      return false;
    }
    heap.words[usedWord]! += growth;
    return true;
  }

  #newRecord(value: ExpiringValue, size: number, ttlMs: number): number {
    const heap = this.#heap;
    const record = heap.allocate(headerBytes + size);
    if (record === 0) return 0;
    heap.words[record >> 2] = size;
    heap.words[(record >> 2) + 1] = kindOf(value);
    heap.doubles[(record >> 3) + deadlineAt] = ttlMs > 0 ? this.#nowMs() + ttlMs : 0;
    heap.doubles[(record >> 3) + numberAt] = typeof value === "string" ? 0 : Number(value);
    if (typeof value === "string") heap.writeText(record + headerBytes, value);
    return record;
  }

  /** Looks for expired values, once a second at most, when there is no room otherwise. */
  #hasRoom(growth: number, except: string): boolean {
    const { words } = this.#heap;
    if (words[usedWord]! + growth <= expiringDataBytesMax) return true;
    const now = this.#nowMs();
    const seconds = Math.floor(now / 1000) | 0;
    if (words[sweptWord] === seconds) return false;
    words[sweptWord] = seconds;
    for (const [key, entry] of this.#map.entries(prefixOfAll)) {
      if (key !== except && this.#expired(entry, now)) this.#drop(key, entry);
    }
    return words[usedWord]! + growth <= expiringDataBytesMax;
  }

  #drop(key: string, entry: number): void {
    const record = this.#map.value(entry);
    const size = this.#heap.words[record >> 2]!;
    this.#map.remove(key);
    this.#heap.free(record, headerBytes + size);
    this.#heap.words[usedWord]! -= size + key.length;
  }
}

const prefixOfAll = "l";

/** The length keeps namespace and key apart. */
function keyOf({ namespace, key }: ExpiringKey): string {
  return `${prefixOfAll}${namespace.length}:${namespace}${key}`;
}

function kindOf(value: ExpiringValue): number {
  if (typeof value === "string") return Kind.Text;
  return typeof value === "number" ? Kind.Number : Kind.Boolean;
}

/** Runs alike on all threads, and does not jump when the wall clock is set. */
function machineMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
