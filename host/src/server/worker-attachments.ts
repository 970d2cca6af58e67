import { MessageChannel } from "node:worker_threads";
import { createEpochMemory } from "../guest/limits/epoch.ts";
import type { GuestSharedState } from "../guest/shared/shared-state.ts";
import type { GuestShared } from "../contracts/config/guests.ts";
import type { WatchedMemory, Watchdog } from "../guest/limits/watchdog.ts";
import type { WorkerLog } from "../snapshot/messages.ts";
import { attachWorkerStats } from "../stats/attach.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { WorkerAttachments, WorkerHooks } from "./worker-pool.ts";

export interface WorkerServices {
  readonly stats: StatsStore;
  readonly watchdog: Watchdog;
  readonly log: WorkerLog;
  /** What guests share, as the main thread has it. */
  readonly guestShared: GuestShared;
  readonly sharedState: GuestSharedState;
}

interface Attached {
  readonly guestEpoch: WebAssembly.Memory;
  readonly guestShared: GuestShared;
  readonly detachStats: () => void;
  watched: WatchedMemory | undefined;
}

/** Connects each worker with the stats store, the watchdog and the log, and lets go of it when it has ended. */
export class WorkerServiceHooks implements WorkerHooks {
  readonly #services: WorkerServices;
  readonly #attached = new Map<number, Attached>();
  /** Numbers given to threads; the main thread has the first. */
  #threads: number;

  constructor(services: WorkerServices) {
    this.#services = services;
    this.#threads = services.guestShared.thread;
  }

  onWorkerBorn(index: number): WorkerAttachments {
    const { port1, port2 } = new MessageChannel();
    const guestEpoch = createEpochMemory();
    this.#threads += 1;
    const guestShared = { ...this.#services.guestShared, thread: this.#threads };
    const detachStats = attachWorkerStats(this.#services.stats, port1);
    this.#attached.set(index, { guestEpoch, guestShared, detachStats, watched: undefined });
    const { log } = this.#services;
    return { guestEpoch, guestShared, stats: port2, log, transfer: [port2] };
  }

  // Watched only now: the worker has claimed the memory.
  onWorkerStarted(index: number): void {
    const attached = this.#attached.get(index);
    if (attached === undefined) return;
    attached.watched = this.#services.watchdog.watch(attached.guestEpoch);
  }

  onWorkerGone(index: number): void {
    const attached = this.#attached.get(index);
    this.#attached.delete(index);
    attached?.watched?.unwatch();
    attached?.detachStats();
    if (attached !== undefined) {
      this.#services.sharedState.onThreadGone(attached.guestShared.thread);
    }
  }
}
