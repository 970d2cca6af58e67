import { EpochWord } from "./epoch.ts";

const condemnedBit = 0x80000000 | 0;

/** CPU time of a thread so far in milliseconds; undefined when it cannot be told. */
export type ThreadCpuTime = (threadId: number) => number | undefined;

/**
 * What the watchdog knows of one thread. `tick` looks at its word; a call is condemned when the thread has had the
 * CPU for the call's budget since the call was first seen: a descheduled thread is innocent, however late the
 * watchdog itself comes.
 */
export class WatchedThread {
  readonly #words: Int32Array;
  readonly #cpuTime: ThreadCpuTime;
  /** The call seen at the last tick; 0: none. */
  #call = 0;
  #firstSeenMs = 0;
  /** CPU time when the call was first seen; undefined when it cannot be told. */
  #cpuBaseMs: number | undefined;

  constructor(words: Int32Array, cpuTime: ThreadCpuTime) {
    this.#words = words;
    this.#cpuTime = cpuTime;
  }

  /** Looks once. True when a call has been seen before and should be looked at again soon. */
  tick(nowMs: number): boolean {
    const call = Atomics.load(this.#words, EpochWord.State);
    if (call <= 0) {
      this.#call = 0;
      return false;
    }
    if (call !== this.#call) {
      this.#call = call;
      this.#firstSeenMs = nowMs;
      this.#cpuBaseMs = this.#cpuNow();
      return false;
    }
    if (this.#budgetUsed(nowMs)) this.#condemn(call);
    return true;
  }

  #budgetUsed(nowMs: number): boolean {
    const budgetMs = Atomics.load(this.#words, EpochWord.BudgetMs);
    if (nowMs - this.#firstSeenMs < budgetMs) return false;
    const cpu = this.#cpuNow();
    if (cpu === undefined || this.#cpuBaseMs === undefined) return true;
    return cpu - this.#cpuBaseMs >= budgetMs;
  }

  /** Fails when the call has just ended, and can then not hit the next one: that has another number. */
  #condemn(call: number): void {
    const state = EpochWord.State;
    if (Atomics.compareExchange(this.#words, state, call, call | condemnedBit) !== call) return;
    Atomics.add(this.#words, EpochWord.Condemned, 1);
  }

  #cpuNow(): number | undefined {
    const threadId = Atomics.load(this.#words, EpochWord.ThreadId);
    return threadId === 0 ? undefined : this.#cpuTime(threadId);
  }
}
