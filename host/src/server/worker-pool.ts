import type { AccessRecord } from "../access-log/access-record.ts";
import { systemTime } from "../common/time/clock.ts";
import { within } from "../common/time/deadline.ts";
import type { Logger } from "../contracts/log.ts";
import type { Result } from "../contracts/result.ts";
import type { StatsSnapshot } from "../contracts/stats-sink.ts";
import { CommittedState } from "../snapshot/committed-state.ts";
import type { WorkerCommand, WorkerConstants, WorkerInit } from "../snapshot/messages.ts";
import type { SnapshotUpdate } from "../snapshot/update.ts";
import { HeartbeatMonitor } from "./heartbeat-monitor.ts";
import { ListenSockets, type PoolSocket } from "./listen-sockets.ts";
import { type ApplyTimes, type BeforeCommit, rollOut } from "./update-rollout.ts";
import { WorkerThread, type Transfer } from "./worker-thread.ts";

export interface WorkerPoolSettings {
  readonly concurrency: number;
  readonly log: Logger;
  /** The process cannot go on: end it with a failure. */
  readonly onFatal: (text: string) => void;
  /** Instead of the data plane's runtime; for tests. */
  readonly runtimeUrl?: string | undefined;
  readonly limits?: Partial<WorkerPoolLimits> | undefined;
}

export interface WorkerPoolLimits {
  /** All workers must have staged an update within this time, while they serve. */
  readonly stageDeadlineMs: number;
  /** The same before the first sockets are there; a busy machine may take long with a large configuration. */
  readonly startDeadlineMs: number;
  /** A worker that serves and whose event loop stands still for this long is replaced. */
  readonly heartbeatLimitMs: number;
  readonly heartbeatCheckMs: number;
  /** More deaths in a minute mean that it is not the workers. */
  readonly replacementsPerMinute: number;
  /** A thread that was told to end and has not after this time never will. */
  readonly terminateDeadlineMs: number;
}

const defaultLimits: WorkerPoolLimits = {
  stageDeadlineMs: 5000,
  startDeadlineMs: 60_000,
  heartbeatLimitMs: 5000,
  heartbeatCheckMs: 250,
  replacementsPerMinute: 20,
  terminateDeadlineMs: 2000,
};

/** What the rest of the main thread has to do with the life of workers. */
export interface WorkerHooks {
  /** Before a worker's runtime is made: what belongs to it alone. */
  onWorkerBorn(index: number): WorkerAttachments;
  /** The runtime is made. */
  onWorkerStarted(index: number): void;
  /** Called once for each that was born: folds its counters, drops its gauges, stops to watch it. */
  onWorkerGone(index: number): void;
}

export type WorkerAttachments = Pick<WorkerInit, "guestEpoch" | "guestShared" | "stats" | "log"> & {
  /** Message ports within. */
  readonly transfer: Transfer;
};

/** What the worker of this name is asked. */
export type WorkerQuestion = (worker: string) => {
  readonly command: WorkerCommand;
  readonly transfer?: Transfer;
};

/** What one worker answered to `WorkerPool.ask`. */
export interface WorkerAnswer {
  /** `worker_0` … */
  readonly worker: string;
  readonly answer: Result<unknown, string>;
}

/** Rows of `ClusterConfig.resourceCounts`: 2 priorities x 4 resources. */
const countsPerWorker = 8;

/**
 * The worker threads. Updates reach all of them or none; a worker that ends is replaced by one that starts from
 * what is committed.
 */
export class WorkerPool {
  readonly #settings: WorkerPoolSettings;
  readonly #limits: WorkerPoolLimits;
  readonly #monitor: HeartbeatMonitor;
  readonly #sockets = new ListenSockets();
  readonly #state = new CommittedState();
  /** By index; one whose predecessor has just died is there, but not yet in `#joined`. */
  readonly #workers: WorkerThread[] = [];
  /** Those that have all that is committed. */
  readonly #joined = new Set<WorkerThread>();
  readonly #born = new Set<WorkerThread>();
  /** What was committed since a worker that is not joined yet began to start. */
  readonly #missed = new Map<WorkerThread, SnapshotUpdate[]>();
  readonly #terminating = new WeakSet<WorkerThread>();
  readonly #deaths: number[] = [];
  #shared: { readonly constants: WorkerConstants; readonly hooks: WorkerHooks } | undefined;
  #applying: Promise<unknown> = Promise.resolve();
  #listening = false;
  #ending = false;
  #flushing = false;
  #flushWanted = false;
  #onAllJoined: (() => void) | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(settings: WorkerPoolSettings) {
    this.#settings = settings;
    this.#limits = { ...defaultLimits, ...settings.limits };
    this.#monitor = new HeartbeatMonitor(
      this.#limits.heartbeatLimitMs,
      this.#limits.heartbeatCheckMs,
    );
  }

  /** Begins to load the threads' modules, so that it happens while the configuration is read. */
  boot(): void {
    for (let i = 0; i < this.#settings.concurrency; i += 1) this.#workers.push(this.#spawn(i));
  }

  /** Makes the runtimes of the booted threads. From then on a worker that ends is replaced. */
  async start(constants: WorkerConstants, hooks: WorkerHooks): Promise<Result<undefined, string>> {
    this.#shared = { constants, hooks };
    const results = await Promise.all(this.#workers.map((worker) => this.#init(worker)));
    for (const result of results) if (!result.ok) return result;
    for (const worker of this.#workers) this.#joined.add(worker);
    this.#startWatch();
    return { ok: true, value: undefined };
  }

  /**
   * Brings an update to all workers, or to none: any that cannot build it, or not in time, undoes it everywhere,
   * and the error says which and why. `beforeCommit` runs when all are prepared; its error undoes it, too.
   * Updates that arrive meanwhile wait for their turn.
   */
  apply(update: SnapshotUpdate, beforeCommit?: BeforeCommit): Promise<Result<ApplyTimes, string>> {
    const turn = this.#applying.then(() => this.#applyNow(update, beforeCommit));
    this.#applying = turn.catch(() => {});
    return turn;
  }

  /** Asks every worker that serves. One that does not answer in time gives an error. */
  async ask(question: WorkerQuestion, deadlineMs: number): Promise<WorkerAnswer[]> {
    const workers = [...this.#joined].sort((one, other) => one.index - other.index);
    const answers = workers.map(async (worker): Promise<WorkerAnswer> => {
      let answer: Result<unknown, string> = { ok: false, error: "does not answer" };
      const { command, transfer } = question(worker.name);
      const asked = worker.ask(command, transfer).then((given) => (answer = given));
      await within(deadlineMs, asked);
      return { worker: worker.name, answer };
    });
    return Promise.all(answers);
  }

  /** Lets all workers accept on these sockets, which now belong to the pool. */
  async listen(sockets: readonly PoolSocket[]): Promise<Result<undefined, string>> {
    this.#sockets.set(sockets);
    this.#listening = true;
    const results = await Promise.all([...this.#joined].map((worker) => this.#listenOn(worker)));
    return results.find((result) => !result.ok) ?? { ok: true, value: undefined };
  }

  /**
   * Hands the statistics to the sinks. While those are busy with the ones before, nothing is taken; it is made up for
   * afterwards, once.
   */
  async flushStats(take: () => StatsSnapshot): Promise<void> {
    this.#flushWanted = true;
    if (this.#flushing) return;
    this.#flushing = true;
    while (this.#flushWanted) {
      this.#flushWanted = false;
      await this.#flushNow(take);
    }
    this.#flushing = false;
  }

  async #flushNow(take: () => StatsSnapshot): Promise<void> {
    const worker = this.#workers[0];
    if (this.#ending || worker === undefined || !this.#joined.has(worker)) return;
    const flushed = await worker.call({ kind: "stats", snapshot: take() });
    if (!flushed.ok) this.#settings.log.warning(`stats sinks: ${flushed.error}`);
  }

  /** Lets all workers open their log files anew. */
  reopenLogs(): void {
    for (const worker of this.#born) void worker.call({ kind: "reopen_logs" });
  }

  /** Tells worker 0's loggers what the admin interface has answered; lost while that worker is replaced. */
  logAdminAccess(record: AccessRecord): void {
    const worker = this.#workers[0];
    if (worker === undefined || !this.#joined.has(worker)) return;
    void worker.call({ kind: "admin_access", record });
  }

  /** Ends one worker as if it had failed; it is replaced. */
  async terminate(index: number, reason: string): Promise<void> {
    await this.#terminate(this.#workers[index]!, reason);
  }

  /**
   * Stops accepting at once, lets streams in flight end for `graceMs`, has buffers written, and ends the threads.
   */
  async shutDown(graceMs: number): Promise<void> {
    this.#ending = true;
    clearInterval(this.#watch);
    this.#sockets.close();
    const workers = this.#workers.filter((worker) => this.#born.has(worker) && !worker.gone);
    for (const worker of workers) {
      void worker.call({ kind: "stop_listening" });
      void worker.call({ kind: "drain" });
    }
    await within(graceMs, Promise.all(workers.map((worker) => worker.whenDrained())));
    const { terminateDeadlineMs } = this.#limits;
    const closed = workers.map((worker) => worker.call({ kind: "close" }));
    await within(terminateDeadlineMs, Promise.all(closed));
    const ended = this.#workers.map((worker) => worker.terminate("shut down"));
    await within(terminateDeadlineMs, Promise.all(ended));
  }

  #spawn(index: number): WorkerThread {
    const worker: WorkerThread = new WorkerThread({
      index,
      runtimeUrl: this.#settings.runtimeUrl,
      onGone: (reason) => this.#onGone(worker, reason),
    });
    return worker;
  }

  async #init(worker: WorkerThread): Promise<Result<undefined, string>> {
    const { constants, hooks } = this.#shared!;
    this.#born.add(worker);
    const { transfer, ...own } = hooks.onWorkerBorn(worker.index);
    const { concurrency } = this.#settings;
    const init: WorkerInit = { workerIndex: worker.index, concurrency, ...constants, ...own };
    const result = await worker.call({ kind: "init", init }, transfer);
    if (result.ok) hooks.onWorkerStarted(worker.index);
    return result;
  }

  async #listenOn(worker: WorkerThread): Promise<Result<undefined, string>> {
    const sockets = this.#sockets.duplicatesFor(worker.index);
    return worker.call({ kind: "listen", sockets });
  }

  async #applyNow(
    update: SnapshotUpdate,
    beforeCommit: BeforeCommit | undefined,
  ): Promise<Result<ApplyTimes, string>> {
    const begin = systemTime.monotonicMs();
    const workers = await this.#allJoined();
    if (!workers.ok) return workers;
    return rollOut({
      update,
      begin,
      workers: workers.value,
      stageDeadlineMs: this.#stageDeadlineMs(),
      abortDeadlineMs: this.#limits.stageDeadlineMs,
      beforeCommit,
      // A worker that dies from here on is replaced by one that has the new state.
      onCommit: () => {
        this.#state.commit(update);
        for (const missed of this.#missed.values()) missed.push(update);
      },
      terminate: (worker, reason) => this.#terminate(worker, reason),
    });
  }

  /** Waits for replacements on their way, so that an update is tried by everybody. */
  async #allJoined(): Promise<Result<WorkerThread[], string>> {
    const joined = new Promise<void>((resolve) => {
      this.#onAllJoined = resolve;
    });
    this.#checkAllJoined();
    const inTime = await within(this.#stageDeadlineMs(), joined);
    const missing = this.#workers.find((worker) => !this.#joined.has(worker));
    if (inTime && missing === undefined) return { ok: true, value: [...this.#workers] };
    return { ok: false, error: `${missing?.name ?? "a worker"} is still starting` };
  }

  #stageDeadlineMs(): number {
    return this.#listening ? this.#limits.stageDeadlineMs : this.#limits.startDeadlineMs;
  }

  #checkAllJoined(): void {
    if (this.#joined.size === this.#settings.concurrency) this.#onAllJoined?.();
  }

  #onGone(worker: WorkerThread, reason: string): void {
    const { log, onFatal } = this.#settings;
    this.#joined.delete(worker);
    this.#missed.delete(worker);
    if (this.#ending) return;
    if (this.#shared === undefined || this.#watch === undefined) {
      return onFatal(`${worker.name} ${reason} while it started`);
    }
    log.error(`${worker.name} ${reason}; its connections are lost, starting another`);
    this.#cleanUpAfter(worker);
    const now = systemTime.monotonicMs();
    this.#deaths.push(now);
    while (this.#deaths[0]! < now - 60_000) this.#deaths.shift();
    const limit = this.#limits.replacementsPerMinute;
    if (this.#deaths.length > limit) return onFatal(`more than ${limit} workers died in a minute`);
    const next = this.#spawn(worker.index);
    this.#workers[worker.index] = next;
    void this.#join(next, now);
  }

  /** Takes back what the dead worker had of the things that workers share. */
  #cleanUpAfter(worker: WorkerThread): void {
    this.#sockets.reclaim(worker.index);
    for (const cluster of this.#state.clusters) {
      const counts = new Int32Array(cluster.resourceCounts);
      const row = worker.index * countsPerWorker;
      for (let i = row; i < row + countsPerWorker; i += 1) Atomics.store(counts, i, 0);
    }
    if (this.#born.delete(worker)) this.#shared!.hooks.onWorkerGone(worker.index);
  }

  async #join(worker: WorkerThread, detectedAt: number): Promise<void> {
    const result = await this.#catchUp(worker);
    if (this.#ending || worker.gone) return;
    if (!result.ok) return this.#terminate(worker, `could not start: ${result.error}`);
    this.#checkAllJoined();
    const ms = Math.round(systemTime.monotonicMs() - detectedAt);
    this.#settings.log.info(`${worker.name} replaced after ${ms} ms`);
  }

  /** Brings a new worker to where the others are, lets it accept, and makes it one of them. */
  async #catchUp(worker: WorkerThread): Promise<Result<undefined, string>> {
    let result = await this.#init(worker);
    const missed: SnapshotUpdate[] = [];
    this.#missed.set(worker, missed);
    let update: SnapshotUpdate | undefined = this.#state.whole();
    let listens = false;
    while (result.ok && (update !== undefined || (this.#listening && !listens))) {
      if (update === undefined) {
        listens = true;
        result = await this.#listenOn(worker);
      } else {
        result = await worker.stage(update);
        if (result.ok) result = await worker.call({ kind: "commit" });
      }
      update = missed.shift();
    }
    // Nothing is awaited between the last look at what was missed and this.
    this.#missed.delete(worker);
    if (result.ok && !worker.gone) this.#joined.add(worker);
    return result;
  }

  async #terminate(worker: WorkerThread, reason: string): Promise<void> {
    if (worker.gone || this.#terminating.has(worker)) return;
    this.#terminating.add(worker);
    const ended = await within(this.#limits.terminateDeadlineMs, worker.terminate(reason));
    if (!ended) this.#settings.onFatal(`${worker.name} (${reason}) cannot be ended`);
  }

  #startWatch(): void {
    let last = systemTime.monotonicMs();
    this.#watch = setInterval(() => {
      const now = systemTime.monotonicMs();
      // Before that nobody waits, and a first configuration may be large.
      for (const worker of this.#listening ? this.#workers : []) {
        if (!this.#monitor.isStuck(worker, now - last)) continue;
        void this.#terminate(worker, "hangs: its event loop stands still");
      }
      last = now;
    }, this.#limits.heartbeatCheckMs);
  }
}
