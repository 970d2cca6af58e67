import { systemTime } from "../common/time/clock.ts";
import { within } from "../common/time/deadline.ts";
import type { Result } from "../contracts/result.ts";
import type { SnapshotUpdate } from "../snapshot/update.ts";
import type { WorkerThread } from "./worker-thread.ts";

/** How long an update took; for the log and for measuring. */
export interface ApplyTimes {
  /** From the call until every worker had it staged. */
  readonly stagedMs: number;
  /** From the call until the last worker had switched. */
  readonly committedMs: number;
}

/** Runs when all workers have an update staged; its error undoes it. */
export type BeforeCommit = () => Promise<Result<undefined, string>>;

/** An update on its way to all workers, or to none. */
export interface Rollout {
  readonly update: SnapshotUpdate;
  readonly workers: readonly WorkerThread[];
  /** When it began, by the monotonic clock. */
  readonly begin: number;
  /** All workers must have it staged so long after `begin`. */
  readonly stageDeadlineMs: number;
  /** A worker that has not dropped it after so long is ended. */
  readonly abortDeadlineMs: number;
  readonly beforeCommit: BeforeCommit | undefined;
  /** It will be in force: called once, before the workers are told. */
  readonly onCommit: () => void;
  readonly terminate: (worker: WorkerThread, reason: string) => Promise<void>;
}

/** Stages on all workers, then commits on all; any that fails before makes all of them drop it. */
export async function rollOut(rollout: Rollout): Promise<Result<ApplyTimes, string>> {
  const { workers, begin, beforeCommit, onCommit, terminate } = rollout;
  const elapsed = (): number => systemTime.monotonicMs() - begin;
  const staged = await stage(rollout, elapsed());
  let ready = staged.ok && beforeCommit !== undefined ? await beforeCommit() : staged;
  const gone = workers.find((worker) => worker.gone);
  if (ready.ok && gone !== undefined) ready = { ok: false, error: `${gone.name} has ended` };
  if (!ready.ok) {
    await abort(rollout);
    return ready;
  }
  const stagedMs = elapsed();
  onCommit();
  const commits = workers.map(async (worker) => {
    const result = await worker.call({ kind: "commit" });
    if (!result.ok) await terminate(worker, `did not commit: ${result.error}`);
  });
  await Promise.all(commits);
  return { ok: true, value: { stagedMs, committedMs: elapsed() } };
}

async function stage(
  { workers, update, stageDeadlineMs }: Rollout,
  elapsedMs: number,
): Promise<Result<undefined, string>> {
  const results = workers.map(async (worker) => {
    const result = await worker.stage(update);
    if (!result.ok) throw new Error(`${worker.name}: ${result.error}`);
  });
  try {
    const inTime = await within(stageDeadlineMs - elapsedMs, Promise.all(results));
    if (inTime) return { ok: true, value: undefined };
    return { ok: false, error: `not all workers were ready within ${stageDeadlineMs / 1000} s` };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

// A worker that cannot even drop what it builds would refuse every later update.
async function abort({ workers, abortDeadlineMs, terminate }: Rollout): Promise<void> {
  const aborts = workers.map(async (worker) => {
    const aborted = worker.call({ kind: "abort" });
    if (await within(abortDeadlineMs, aborted)) return;
    await terminate(worker, "does not stop building an update");
  });
  await Promise.all(aborts);
}
