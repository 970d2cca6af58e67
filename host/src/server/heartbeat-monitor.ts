import type { WorkerThread } from "./worker-thread.ts";

/**
 * Finds workers whose event loop stands still. Time is only counted while this thread itself gets to run: after
 * a pause of the whole process (a debugger, a suspended machine) everybody gets another chance.
 */
export class HeartbeatMonitor {
  readonly #limitMs: number;
  readonly #checkMs: number;
  readonly #seen = new WeakMap<WorkerThread, { beats: number; silentMs: number }>();

  /** A check takes place every `checkMs`; a worker that is silent for `limitMs` is stuck. */
  constructor(limitMs: number, checkMs: number) {
    this.#limitMs = limitMs;
    this.#checkMs = checkMs;
  }

  /** One check of one worker: true when it is stuck. `elapsedMs` is the time since the last check. */
  isStuck(worker: WorkerThread, elapsedMs: number): boolean {
    const { beats } = worker;
    const seen = this.#seen.get(worker);
    if (seen === undefined || seen.beats !== beats) {
      this.#seen.set(worker, { beats, silentMs: 0 });
      return false;
    }
    seen.silentMs += Math.min(elapsedMs, 2 * this.#checkMs);
    return seen.silentMs >= this.#limitMs;
  }
}
