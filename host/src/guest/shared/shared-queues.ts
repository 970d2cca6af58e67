import { SharedLimits } from "./shared-limits.ts";
import { firstUserWord, type SharedHeap } from "./shared-heap.ts";
import type { SharedMap } from "./shared-map.ts";

const queuesMax = 1024;

const idWord = firstUserWord + 2;
const usedWord = firstUserWord + 3;
const countWord = firstUserWord + 4;

/** Words of a queue. */
const queueId = 0;
const threadAt = 1;
const registrationAt = 2;
const headAt = 3;
const tailAt = 4;
const bytesAt = 5;
const queueBytes = 24;
/** Words before the bytes of an item: next item, length. */
const itemHeader = 8;

/** Whom to tell of an item. */
export interface Registrant {
  readonly queue: number;
  readonly thread: number;
  readonly registration: number;
}

/** The queues of all threads. Undefined is: the memory cannot be had, or is full. */
export class SharedQueues {
  readonly #heap: SharedHeap;
  readonly #map: SharedMap;
  readonly #limits: SharedLimits;

  constructor(heap: SharedHeap, map: SharedMap) {
    this.#limits = new SharedLimits(heap);
    this.#heap = heap;
    this.#map = map;
  }

  /** The number of the queue, made when it does not exist; this thread's `registration` is told from now on. */
  register(vmId: string, name: string, registration: number): number | undefined {
    return this.#heap.locked(() => {
      const { words, thread } = this.#heap;
      const entry = this.#map.find(nameKey(vmId, name));
      const queue = entry === 0 ? this.#create(vmId, name) : this.#map.value(entry);
      if (queue === 0) return undefined;
      words[(queue >> 2) + threadAt] = thread;
      words[(queue >> 2) + registrationAt] = registration;
      return words[(queue >> 2) + queueId];
    });
  }

  /** The number of a queue that was registered; 0 when it was not. */
  resolve(vmId: string, name: string): number | undefined {
    return this.#heap.locked(() => {
      const entry = this.#map.find(nameKey(vmId, name));
      return entry === 0 ? 0 : this.#heap.words[(this.#map.value(entry) >> 2) + queueId];
    });
  }

  /** Whom to tell; `missing` when there is no such queue. */
  enqueue(id: number, bytes: Uint8Array): Registrant | "missing" | undefined {
    return this.#heap.locked(() => {
      const heap = this.#heap;
      const { words } = heap;
      const entry = this.#map.find(idKey(id));
      if (entry === 0) return "missing";
      const queue = this.#map.value(entry) >> 2;
      const size = itemHeader + bytes.length;
      if (words[queue + bytesAt]! + size > this.#limits.queueBytes) return undefined;
      if (words[usedWord]! + size > this.#limits.queuesBytes) return undefined;
      const item = heap.allocate(size);
      if (item === 0) return undefined;
      words[item >> 2] = 0;
      words[(item >> 2) + 1] = bytes.length;
      heap.bytes.set(bytes, item + itemHeader);
      const tail = words[queue + tailAt]!;
      if (tail === 0) words[queue + headAt] = item;
      else words[tail >> 2] = item;
      words[queue + tailAt] = item;
      words[queue + bytesAt]! += size;
      words[usedWord]! += size;
      const thread = words[queue + threadAt]!;
      return { queue: id, thread, registration: words[queue + registrationAt]! };
    });
  }

  /** The oldest item; `missing` when there is no such queue, `empty` when nothing is in it. */
  dequeue(id: number): Uint8Array | "missing" | "empty" | undefined {
    return this.#heap.locked(() => {
      const entry = this.#map.find(idKey(id));
      return entry === 0 ? "missing" : (this.#take(this.#map.value(entry)) ?? "empty");
    });
  }

  /** Inside the lock: forgets the queues of a `vm_id`. */
  removeAll(vmId: string): void {
    const { words } = this.#heap;
    for (const [key, entry] of this.#map.entries(nameKey(vmId, ""))) {
      const queue = this.#map.value(entry);
      this.#map.remove(idKey(words[(queue >> 2) + queueId]!));
      this.#map.remove(key);
      while (this.#take(queue) !== undefined);
      this.#heap.free(queue, queueBytes);
      words[countWord]! -= 1;
    }
  }

  /** Inside the lock: puts what is derived right after a thread died in the middle of something. */
  repair(): void {
    const { words } = this.#heap;
    words[usedWord] = 0;
    words[countWord] = 0;
    for (const [, entry] of this.#map.entries("i")) {
      const queue = this.#map.value(entry) >> 2;
      words[queue + tailAt] = 0;
      words[queue + bytesAt] = 0;
      for (let item = words[queue + headAt]!; item !== 0; item = words[item >> 2]!) {
        words[queue + tailAt] = item;
        words[queue + bytesAt]! += itemHeader + words[(item >> 2) + 1]!;
      }
      words[usedWord]! += words[queue + bytesAt]!;
      words[countWord]! += 1;
    }
  }

  #create(vmId: string, name: string): number {
    const { words } = this.#heap;
    if (words[countWord]! >= queuesMax) return 0;
    const queue = this.#heap.allocate(queueBytes);
    if (queue === 0) return 0;
    const id = words[idWord]! + 1;
    words[idWord] = id;
    words.fill(0, queue >> 2, (queue + queueBytes) >> 2);
    words[(queue >> 2) + queueId] = id;
    // By name last: what cannot be found by name does not exist.
    if (this.#map.insert(idKey(id), queue) === 0) return 0;
    if (this.#map.insert(nameKey(vmId, name), queue) === 0) {
      this.#map.remove(idKey(id));
      return 0;
    }
    words[countWord]! += 1;
    return queue;
  }

  #take(queue: number): Uint8Array | undefined {
    const heap = this.#heap;
    const { words } = heap;
    const at = queue >> 2;
    const item = words[at + headAt]!;
    if (item === 0) return undefined;
    const length = words[(item >> 2) + 1]!;
    const bytes = heap.bytes.slice(item + itemHeader, item + itemHeader + length);
    words[at + headAt] = words[item >> 2]!;
    if (words[at + headAt] === 0) words[at + tailAt] = 0;
    words[at + bytesAt]! -= itemHeader + length;
    words[usedWord]! -= itemHeader + length;
    heap.free(item, itemHeader + length);
    return bytes;
  }
}

function nameKey(vmId: string, name: string): string {
  return `q${vmId.length}:${vmId}${name}`;
}

function idKey(id: number): string {
  return `i${id}`;
}
