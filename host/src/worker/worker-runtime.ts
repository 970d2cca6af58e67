import type { MessagePort } from "node:worker_threads";
import type { GuestReport } from "../guest/watch/guest-report.ts";
import type { TraceRequest } from "../guest/watch/guest-trace.ts";
import type { TraceStart } from "../guest/watch/guest-watches.ts";
import type { AccessRecord } from "../access-log/access-record.ts";
import type { StatsSnapshot } from "../contracts/stats-sink.ts";
import type { WorkerInit } from "../snapshot/messages.ts";
import type { ListenSocket, SnapshotUpdate } from "../snapshot/update.ts";

/** What `runtime.ts` exports: makes the data plane of one worker. A rejection ends the worker. */
export type CreateWorkerRuntime = (init: WorkerInit) => WorkerRuntime | Promise<WorkerRuntime>;

/** The data plane of one worker, as the worker's thread shell drives it. */
export interface WorkerRuntime {
  /**
   * Builds everything that the update needs, beside what is running. Rejects with a text for the operator when
   * something cannot be built; nothing has changed then. One update at a time.
   */
  stage(update: SnapshotUpdate): Promise<StagedUpdate>;
  /** Opens the accept side of committed listeners on these sockets. */
  listen(sockets: readonly ListenSocket[]): void;
  /** Stops accepting; connections live on. */
  stopListening(): void;
  /** Closes idle connections, marks the others to close after their exchange. */
  drain(): void;
  /** Streams and TCP connections that are still open. */
  readonly active: number;
  /** Opens its log files anew: they were moved away. */
  reopenLogs?(): void;
  /** Follows the calls of a guest until the port is closed at the other end. */
  traceGuest?(request: TraceRequest, port: MessagePort): TraceStart;
  /** What there is to tell of the guests that run here: plain data. */
  reportGuests?(): GuestReport;
  /** A flush of the statistics of all threads; only worker 0 gets it, and only when there are sinks. */
  onStats?(snapshot: StatsSnapshot): void;
  /** The admin interface has answered a request; only worker 0 gets it. */
  onAdminAccess?(record: AccessRecord): void;
  /** The last call before the thread is ended: writes out what is buffered (access logs). */
  close?(): Promise<void>;
}

/** What `stage` built. Exactly one of the two is called. */
export interface StagedUpdate {
  /** One assignment: new streams use the new state from here on. Never fails. */
  commit(): void;
  abort(): void;
}
