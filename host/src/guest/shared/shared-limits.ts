import type { GuestSharedLimits } from "../../contracts/config/guests.ts";
import { firstUserWord, type SharedHeap } from "./shared-heap.ts";

const dataWord = firstUserWord + 16;
const queueWord = firstUserWord + 17;
const queuesWord = firstUserWord + 18;

/** Bytes of keys and values of all `vm_id`s; of the items of one queue; of those of all queues. */
export const sharedLimitDefaults = {
  dataBytes: 16 * 1024 * 1024,
  queueBytes: 1024 * 1024,
  queuesBytes: 8 * 1024 * 1024,
};

/**
 * How much guests may keep in the memory that they share. The limits stand in that memory itself: 0 is the default,
 * which holds until the configuration has been read.
 */
export class SharedLimits {
  readonly #words: Int32Array;

  constructor(heap: SharedHeap) {
    this.#words = heap.words;
  }

  get dataBytes(): number {
    return this.#words[dataWord] || sharedLimitDefaults.dataBytes;
  }

  get queueBytes(): number {
    return this.#words[queueWord] || sharedLimitDefaults.queueBytes;
  }

  get queuesBytes(): number {
    return this.#words[queuesWord] || sharedLimitDefaults.queuesBytes;
  }

  set({ dataBytes = 0, queueBytes = 0, queuesBytes = 0 }: GuestSharedLimits): void {
    this.#words[dataWord] = dataBytes;
    this.#words[queueWord] = queueBytes;
    this.#words[queuesWord] = queuesBytes;
  }
}
