const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** A data plane that served this long has not died of its start. */
const healthyAfterMs = 10_000;

/**
 * When a dead data plane is started again: at once the first time, then ever later as long as it keeps dying
 * young.
 */
export class RestartPolicy {
  #deathsInARow = 0;

  /** Called at each death; `servedMs` is 0 for one that never got ready. */
  delayAfterDeath(servedMs: number): number {
    if (servedMs >= healthyAfterMs) this.#deathsInARow = 0;
    this.#deathsInARow += 1;
    if (this.#deathsInARow === 1) return 0;
    return Math.min(firstDelayMs * 2 ** (this.#deathsInARow - 2), longestDelayMs);
  }

  get deathsInARow(): number {
    return this.#deathsInARow;
  }
}
