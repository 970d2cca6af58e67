import type { SharedHeap } from "./shared-heap.ts";
import type { SharedMap } from "./shared-map.ts";

/** Words of a holder: next holder, thread, number of VMs. */
const holderBytes = 12;

/**
 * What `vm_id`s name: data and queues live as long as some VM of that `vm_id` does, on any thread. All of it inside
 * the lock.
 */
export class Namespaces {
  readonly #heap: SharedHeap;
  readonly #map: SharedMap;

  constructor(heap: SharedHeap, map: SharedMap) {
    this.#heap = heap;
    this.#map = map;
  }

  /** One more VM of this thread; false when the memory is full. */
  hold(vmId: string): boolean {
    const { words, thread } = this.#heap;
    const entry = this.#map.find(keyOf(vmId)) || this.#map.insert(keyOf(vmId), 0);
    if (entry === 0) return false;
    let holder = this.#map.value(entry);
    while (holder !== 0 && words[(holder >> 2) + 1] !== thread) holder = words[holder >> 2]!;
    if (holder !== 0) {
      words[(holder >> 2) + 2]! += 1;
      return true;
    }
    holder = this.#heap.allocate(holderBytes);
    if (holder === 0) return false;
    words[holder >> 2] = this.#map.value(entry);
    words[(holder >> 2) + 1] = thread;
    words[(holder >> 2) + 2] = 1;
    this.#map.setValue(entry, holder);
    return true;
  }

  /** One VM of `thread` less, or all of them. True when it was the last of all: what it named is to go. */
  release(vmId: string, thread: number, all: boolean): boolean {
    const { words } = this.#heap;
    const entry = this.#map.find(keyOf(vmId));
    if (entry === 0) return false;
    let previous = 0;
    for (let holder = this.#map.value(entry); holder !== 0; holder = words[holder >> 2]!) {
      if (words[(holder >> 2) + 1] === thread) {
        words[(holder >> 2) + 2]! -= 1;
        if (!all && words[(holder >> 2) + 2]! > 0) return false;
        const next = words[holder >> 2]!;
        if (previous === 0) this.#map.setValue(entry, next);
        else words[previous >> 2] = next;
        this.#heap.free(holder, holderBytes);
        break;
      }
      previous = holder;
    }
    if (this.#map.value(entry) !== 0) return false;
    this.#map.remove(keyOf(vmId));
    return true;
  }

  /** The `vm_id`s that some VM holds. */
  names(): string[] {
    return this.#map.entries("n").map(([key]) => key.slice(1));
  }
}

function keyOf(vmId: string): string {
  return `n${vmId}`;
}
