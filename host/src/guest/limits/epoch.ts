import { currentThreadId } from "../../common/thread-id.ts";

/** The words of an epoch memory, as indexes of an `Int32Array`. */
export const EpochWord = {
  /**
   * 0: no guest runs. Positive: the number of the running call. Negative: that call is condemned; this is what
   * rewritten code looks at.
   */
  State: 0,
  /** CPU milliseconds that the running call may take. */
  BudgetMs: 1,
  /** The kernel's id of the thread that runs the guests; 0 until it has claimed the memory. */
  ThreadId: 2,
  /** Calls that the watchdog condemned. */
  Condemned: 3,
} as const;

/**
 * Makes the memory through which one thread's guests are stopped. The thread that runs them calls
 * `claimEpochMemory` on it; `Watchdog.watch` gets it too.
 */
export function createEpochMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
}

/** Notes that the calling thread's guests run under this memory. */
export function claimEpochMemory(memory: WebAssembly.Memory): void {
  const words = epochWords(memory);
  Atomics.store(words, EpochWord.State, 0);
  Atomics.store(words, EpochWord.ThreadId, currentThreadId());
}

/** The memory's words. */
export function epochWords(memory: WebAssembly.Memory): Int32Array<SharedArrayBuffer> {
  return new Int32Array(memory.buffer as unknown as SharedArrayBuffer);
}
