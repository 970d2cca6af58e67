// Where the host puts what it hands over. It calls `malloc` inside a host call, at most once per call, and the SDK
// reads the result as soon as the call returns: one fixed area serves nearly all of them.

export const areaSize: usize = 4096;
export const area: usize = memory.data(4096, 8);

/** The ABI's allocator, exported by every filter. */
export function malloc(size: usize): usize {
  return size <= areaSize ? area : heap.alloc(size);
}

/** Gives back what a host call returned; harmless for 0. */
export function release(pointer: usize): void {
  if (pointer != area && pointer != 0) heap.free(pointer);
}

const outWords: usize = memory.data(16, 8);

/** Words that host calls write pointers, sizes and numbers to. */
export const outPointer: usize = outWords;
export const outSize: usize = outWords + 4;
/** One more, for calls that give a number besides. */
export const outWord: usize = outWords + 8;
