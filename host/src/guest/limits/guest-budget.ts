import type { WorkerContext } from "../../contracts/runtime.ts";
import type { CpuShare } from "./cpu-share.ts";
import { EpochWord, epochWords } from "./epoch.ts";

const condemnedBit = 0x80000000 | 0;

/**
 * The guest side of the watchdog, one per thread: says when guest code runs and how long it may. Around each call
 * into a guest:
 *
 * ```ts
 * budget.enter(callBudgetMs.callback);
 * try {
 *   result = exports.proxy_on_request_headers(…);
 * } finally {
 *   condemned = budget.leave();
 * }
 * ```
 *
 * A call inside a call (a host call that runs another guest, or allocates in this one) runs on the outer call's
 * budget. Time spent in host functions counts.
 *
 * The words are written plainly: of a thread's words only the watchdog writes another one, by a swap that fails unless
 * the very call that it means is still there, and it may see what stands there a little later. An atomic access is a
 * call out of compiled code, and there are two for each callback.
 */
export class GuestBudget {
  readonly #words: Int32Array<SharedArrayBuffer>;
  #sequence = 0;
  #depth = 0;
  #budgetMs = 0;
  /** Whose time is being taken. */
  #timed: CpuShare | undefined = undefined;

  constructor(epoch: WebAssembly.Memory) {
    this.#words = epochWords(epoch);
    this.#words[EpochWord.State] = 0;
  }

  /**
   * Guest code runs from now on, for at most `budgetMs` of this thread's CPU time. The time counts as `share`'s, when
   * shares are measured; that of a call inside as the outer call's.
   */
  enter(budgetMs: number, share?: CpuShare): void {
    this.#depth += 1;
    if (this.#depth > 1) return;
    if (share !== undefined && share.timing) {
      this.#timed = share;
      share.enter();
    }
    this.#sequence = this.#sequence === 0x7fffffff ? 1 : this.#sequence + 1;
    if (budgetMs !== this.#budgetMs) {
      this.#budgetMs = budgetMs;
      this.#words[EpochWord.BudgetMs] = budgetMs;
    }
    this.#words[EpochWord.State] = this.#sequence;
  }

  /**
   * The call has returned or trapped. True when it had been condemned: it trapped for that reason, or ended on its
   * own just then (an overrun: nothing is wrong with the guest's state). One that is condemned during `leave` itself
   * is not told.
   */
  leave(): boolean {
    this.#depth -= 1;
    if (this.#depth > 0) return this.condemned;
    if (this.#timed !== undefined) {
      this.#timed.leave();
      this.#timed = undefined;
    }
    const condemned = this.#words[EpochWord.State]! < 0;
    this.#words[EpochWord.State] = 0;
    return condemned;
  }

  /**
   * Stops the running call at its next loop or function entry. For host functions that must not return to the guest:
   * an exception alone can be caught by the guest.
   */
  condemn(): void {
    if (this.#depth > 0) {
      this.#words[EpochWord.State] = this.#sequence | condemnedBit;
    }
  }

  /** True while a condemned call is on the stack. */
  get condemned(): boolean {
    return this.#depth > 0 && this.#words[EpochWord.State]! < 0;
  }

  /** True while any guest code of this thread is on the stack. */
  get entered(): boolean {
    return this.#depth > 0;
  }
}

/** The thread's budget object; every guest of the thread must use this one. */
export function guestBudgetOf(
  context: Pick<WorkerContext, "guestEpoch" | "singleton">,
): GuestBudget {
  return context.singleton("sluice.guest_budget", () => new GuestBudget(context.guestEpoch));
}
