import { STATUS_CAS_MISMATCH, STATUS_INTERNAL_FAILURE, STATUS_OK } from "@sluice/abi";
import { SharedLimits } from "./shared-limits.ts";
import { firstUserWord, type SharedHeap } from "./shared-heap.ts";
import type { SharedMap } from "./shared-map.ts";

const casWord = firstUserWord;
const usedWord = firstUserWord + 1;
/** Words before the bytes of a value: their length, the number for compare-and-swap. */
const headerBytes = 8;

export interface SharedValue {
  readonly bytes: Uint8Array;
  readonly cas: number;
}

/** `proxy_get_shared_data` and `proxy_set_shared_data`. */
export class SharedData {
  readonly #heap: SharedHeap;
  readonly #map: SharedMap;
  readonly #limits: SharedLimits;

  constructor(heap: SharedHeap, map: SharedMap) {
    this.#limits = new SharedLimits(heap);
    this.#heap = heap;
    this.#map = map;
  }

  /** A copy of the value; `missing` when there is none, undefined when the memory cannot be had. */
  get(vmId: string, key: string): SharedValue | "missing" | undefined {
    const heap = this.#heap;
    return heap.locked(() => {
      const entry = this.#map.find(keyOf(vmId, key));
      if (entry === 0) return "missing";
      const value = this.#map.value(entry);
      const length = heap.words[value >> 2]!;
      const start = value + headerBytes;
      return {
        bytes: heap.bytes.slice(start, start + length),
        cas: heap.words[(value >> 2) + 1]! >>> 0,
      };
    });
  }

  /** A status. `cas` 0 does not compare. */
  set(vmId: string, key: string, bytes: Uint8Array, cas: number): number {
    const stored = this.#heap.locked(() => this.#set(keyOf(vmId, key), bytes, cas));
    return stored ?? STATUS_INTERNAL_FAILURE;
  }

  #set(key: string, bytes: Uint8Array, cas: number): number {
    const { words } = this.#heap;
    const entry = this.#map.find(key);
    const old = entry === 0 ? 0 : this.#map.value(entry);
    if (old !== 0 && cas !== 0 && words[(old >> 2) + 1]! >>> 0 !== cas) return STATUS_CAS_MISMATCH;
    const oldSize = old === 0 ? 0 : words[old >> 2]!;
    const growth = bytes.length - oldSize + (entry === 0 ? key.length : 0);
    if (growth > 0 && words[usedWord]! + growth > this.#limits.dataBytes)
      return STATUS_INTERNAL_FAILURE;
    const value = this.#newValue(bytes);
    if (value === 0) return STATUS_INTERNAL_FAILURE;
    if (entry !== 0) {
      this.#map.setValue(entry, value);
      this.#heap.free(old, headerBytes + oldSize);
    } else if (this.#map.insert(key, value) === 0) {
      this.#heap.free(value, headerBytes + bytes.length);
      return STATUS_INTERNAL_FAILURE;
    }
    words[usedWord]! += growth;
    return STATUS_OK;
  }

  #newValue(bytes: Uint8Array): number {
    const { words } = this.#heap;
    const value = this.#heap.allocate(headerBytes + bytes.length);
    if (value === 0) return 0;
    words[value >> 2] = bytes.length;
    words[casWord] = words[casWord] === -1 ? 1 : words[casWord]! + 1;
    words[(value >> 2) + 1] = words[casWord]!;
    this.#heap.bytes.set(bytes, value + headerBytes);
    return value;
  }

  /** Inside the lock: forgets all of a `vm_id`. */
  removeAll(vmId: string): void {
    const { words } = this.#heap;
    for (const [key, entry] of this.#map.entries(keyOf(vmId, ""))) {
      const value = this.#map.value(entry);
      const size = words[value >> 2]!;
      this.#map.remove(key);
      this.#heap.free(value, headerBytes + size);
      words[usedWord]! -= size + key.length;
    }
  }

  /** Inside the lock: counts anew after a thread died in the middle of something. */
  repair(): void {
    const { words } = this.#heap;
    let used = 0;
    for (const [key, entry] of this.#map.entries("d")) {
      used += key.length + words[this.#map.value(entry) >> 2]!;
    }
    words[usedWord] = used;
  }
}

/** The length keeps `vm_id` and key apart. */
function keyOf(vmId: string, key: string): string {
  return `d${vmId.length}:${vmId}${key}`;
}
