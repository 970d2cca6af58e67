import { bucketCount, firstBucketWord, type SharedHeap } from "./shared-heap.ts";

/** Words of an entry: next entry, hash, length of the key, value; then one i64; then the key. */
const hashAt = 1;
const keyLengthAt = 2;
const valueAt = 3;
const longAt = 2;
const keyByte = 24;

/** Entries by key, a string of one character per byte. Everything but the numbers of an entry needs the lock. */
export class SharedMap {
  readonly #heap: SharedHeap;

  constructor(heap: SharedHeap) {
    this.#heap = heap;
  }

  /** The entry of `key`; 0 when there is none. */
  find(key: string): number {
    const { words } = this.#heap;
    const hash = hashOf(key);
    let entry = words[bucketOf(hash)]!;
    while (entry !== 0 && !this.#is(entry, hash, key)) entry = words[entry >> 2]!;
    return entry;
  }

  /** A new entry of a key that has none; 0 when the memory is full. */
  insert(key: string, value: number): number {
    const heap = this.#heap;
    const { words } = heap;
    const entry = heap.allocate(keyByte + key.length);
    if (entry === 0) return 0;
    const hash = hashOf(key);
    const at = entry >> 2;
    words[at] = words[bucketOf(hash)]!;
    words[at + hashAt] = hash;
    words[at + keyLengthAt] = key.length;
    words[at + valueAt] = value;
    heap.longs[(entry >> 3) + longAt] = 0n;
    heap.writeText(entry + keyByte, key);
    words[bucketOf(hash)] = entry;
    return entry;
  }

  remove(key: string): void {
    const { words } = this.#heap;
    const hash = hashOf(key);
    let link = bucketOf(hash);
    for (let entry = words[link]!; entry !== 0; entry = words[link]!) {
      if (this.#is(entry, hash, key)) {
        words[link] = words[entry >> 2]!;
        this.#heap.free(entry, keyByte + key.length);
        return;
      }
      link = entry >> 2;
    }
  }

  value(entry: number): number {
    return this.#heap.words[(entry >> 2) + valueAt]!;
  }

  setValue(entry: number, value: number): void {
    this.#heap.words[(entry >> 2) + valueAt] = value;
  }

  /** Index in `SharedHeap.longs` of the entry's i64, which starts at 0. */
  longIndex(entry: number): number {
    return (entry >> 3) + longAt;
  }

  /** Keys and entries of one kind: those whose key begins with `prefix`. */
  entries(prefix: string): [key: string, entry: number][] {
    const heap = this.#heap;
    const found: [string, number][] = [];
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      let entry = heap.words[firstBucketWord + bucket]!;
      for (; entry !== 0; entry = heap.words[entry >> 2]!) {
        const length = heap.words[(entry >> 2) + keyLengthAt]!;
        if (length < prefix.length || !heap.equalsText(entry + keyByte, prefix)) continue;
        found.push([heap.text(entry + keyByte, length), entry]);
      }
    }
    return found;
  }

  #is(entry: number, hash: number, key: string): boolean {
    const { words } = this.#heap;
    const at = entry >> 2;
    return (
      words[at + hashAt] === hash &&
      words[at + keyLengthAt] === key.length &&
      this.#heap.equalsText(entry + keyByte, key)
    );
  }
}

/** FNV-1a. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return hash | 0;
}

function bucketOf(hash: number): number {
  return firstBucketWord + ((hash ^ (hash >>> 16)) & (bucketCount - 1));
}
