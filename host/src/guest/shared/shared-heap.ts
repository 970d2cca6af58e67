/** Bytes of the memory. Pages that nobody has touched cost nothing. */
export const sharedHeapBytes = 96 * 1024 * 1024;

/** Words of the header: the lock, then what the heap and the records count, then lists. */
const lockWord = 0;
const waitersWord = 1;
const topWord = 2;
/** Numbers for what must be unique in the process. */
const serialWord = 3;
/** Free for the records above the heap. */
export const firstUserWord = 4;
const firstFreeListWord = 32;
const freeLists = 96;
/** Heads of the buckets of the map of records. */
export const firstBucketWord = firstFreeListWord + freeLists;
export const bucketCount = 4096;
const firstByte = (firstBucketWord + bucketCount) * 4;

/** Sizes are taken in units of this, which is also the alignment. */
const unit = 32;
/** How long a call waits for the lock. Longer means that its owner has died and not been cleared away yet. */
const lockTimeoutMs = 1000;

/** The memory of one process, for all its threads. */
export function createSharedHeap(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(sharedHeapBytes);
  new Int32Array(memory)[topWord] = firstByte;
  return memory;
}

/**
 * Memory that all threads of the process allocate from, under one lock. A pointer is a byte offset, 0 is none.
 *
 * A thread can be ended anywhere, also inside the lock. Records are therefore changed so that one store makes a
 * change visible: what was torn leaks at most, and `takeOver` may give the lock of a dead thread back.
 */
export class SharedHeap {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly longs: BigInt64Array;
  readonly doubles: Float64Array;
  /** This thread's number in the lock; never 0. */
  readonly thread: number;

  constructor(memory: SharedArrayBuffer, thread: number) {
    this.words = new Int32Array(memory);
    this.bytes = new Uint8Array(memory);
    this.longs = new BigInt64Array(memory);
    this.doubles = new Float64Array(memory);
    this.thread = thread;
  }

  /** Runs `body` while no other thread does; undefined when the lock cannot be had. Does not nest. */
  locked<T>(body: () => T): T | undefined {
    if (!this.#lock()) return undefined;
    try {
      return body();
    } finally {
      this.#unlock();
    }
  }

  /** Gives the lock of a thread that has ended back, after `repair`. */
  takeOver(deadThread: number, repair: () => void): void {
    if (Atomics.compareExchange(this.words, lockWord, deadThread, this.thread) !== deadThread) {
      return;
    }
    try {
      repair();
    } finally {
      this.#unlock();
    }
  }

  /** 1, 2, 3 … */
  nextSerial(): number {
    return Atomics.add(this.words, serialWord, 1) + 1;
  }

  /** At least `size` bytes of any content; 0 when there is no more. Inside the lock. */
  allocate(size: number): number {
    const { words } = this;
    const list = firstFreeListWord + classOf(size);
    const free = words[list]!;
    if (free !== 0) {
      words[list] = words[free >> 2]!;
      return free;
    }
    const at = words[topWord]!;
    const end = at + bytesOfClass(classOf(size));
    if (end > this.bytes.length) return 0;
    words[topWord] = end;
    return at;
  }

  /** Gives back what `allocate(size)` gave. */
  free(pointer: number, size: number): void {
    const list = firstFreeListWord + classOf(size);
    this.words[pointer >> 2] = this.words[list]!;
    this.words[list] = pointer;
  }

  /** Writes one byte per character. */
  writeText(pointer: number, text: string): void {
    for (let i = 0; i < text.length; i += 1) this.bytes[pointer + i] = text.charCodeAt(i);
  }

  equalsText(pointer: number, text: string): boolean {
    for (let i = 0; i < text.length; i += 1) {
      if (this.bytes[pointer + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  text(pointer: number, length: number): string {
    return Buffer.from(this.bytes.slice(pointer, pointer + length)).toString("latin1");
  }

  #lock(): boolean {
    const { words, thread } = this;
    if (Atomics.compareExchange(words, lockWord, 0, thread) === 0) return true;
    Atomics.add(words, waitersWord, 1);
    try {
      const giveUp = performance.now() + lockTimeoutMs;
      for (;;) {
        const owner = Atomics.compareExchange(words, lockWord, 0, thread);
        if (owner === 0) return true;
        if (performance.now() > giveUp) return false;
        Atomics.wait(words, lockWord, owner, 10);
      }
    } finally {
      Atomics.sub(words, waitersWord, 1);
    }
  }

  #unlock(): void {
    Atomics.store(this.words, lockWord, 0);
    if (Atomics.load(this.words, waitersWord) > 0) Atomics.notify(this.words, lockWord, 1);
  }
}

/** Four sizes per doubling, so that at most a fifth is lost. */
function classOf(size: number): number {
  const units = Math.max(1, Math.ceil(size / unit));
  if (units <= 4) return units - 1;
  const shift = 29 - Math.clz32(units - 1);
  return shift * 4 + ((units - 1) >> shift);
}

function bytesOfClass(index: number): number {
  if (index < 4) return (index + 1) * unit;
  const shift = (index >> 2) - 1;
  return ((4 + (index & 3) + 1) << shift) * unit;
}
