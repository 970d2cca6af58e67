import type { Result } from "../contracts/result.ts";
import { emptyUpdate, type SnapshotUpdate } from "../snapshot/update.ts";

/** Brings an update to all workers, or to none and says why. */
export type ApplyUpdate = (update: SnapshotUpdate) => Promise<Result<unknown, string>>;

/** What is made ready on this thread before the workers are asked. Exactly one of the two is called. */
interface Staged {
  commit(): void;
  abort(): void;
}

export interface UpdateGateOptions<Update> {
  readonly keyOf: (update: Update) => string;
  /** Its number is given by who brings it to the workers. */
  readonly snapshotOf: (updates: readonly Update[]) => Partial<SnapshotUpdate>;
  /** Throws what this thread has against the updates. */
  readonly stage?: (updates: readonly Update[]) => Staged;
}

/**
 * Where new versions of resources pass on their way to the workers: those of the time before the first snapshot become a
 * part of it, later ones wait until it is in force. One at a time, in the order of the calls.
 */
export class UpdateGate<Update> {
  readonly #options: UpdateGateOptions<Update>;
  readonly #live = Promise.withResolvers<ApplyUpdate>();
  /** By key; undefined once the first snapshot was made. */
  #initial: Map<string, Update> | undefined = new Map();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: UpdateGateOptions<Update>) {
    this.#options = options;
  }

  /** What has arrived so far, for the first snapshot. */
  takeInitial(): readonly Update[] {
    const initial = [...(this.#initial?.values() ?? [])];
    this.#initial = undefined;
    return initial;
  }

  /** The first snapshot is in force. */
  goLive(apply: ApplyUpdate): void {
    this.#live.resolve(apply);
  }

  apply(updates: readonly Update[]): Promise<Result<unknown, string>> {
    const applied = this.#last.then(() => this.#applyNow(updates));
    this.#last = applied.catch(() => undefined);
    return applied;
  }

  async #applyNow(updates: readonly Update[]): Promise<Result<unknown, string>> {
    const { keyOf, snapshotOf, stage } = this.#options;
    const staged = stage?.(updates);
    if (this.#initial) {
      for (const update of updates) this.#initial.set(keyOf(update), update);
      staged?.commit();
      return { ok: true, value: undefined };
    }
    const apply = await this.#live.promise;
    const result = await apply({ ...emptyUpdate, ...snapshotOf(updates) });
    if (result.ok) staged?.commit();
    else staged?.abort();
    return result;
  }
}
