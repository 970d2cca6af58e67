import type { MessagePort } from "node:worker_threads";
import type { AccessRecord } from "../access-log/access-record.ts";
import type { GuestLimitsConfig, GuestShared } from "../contracts/config/guests.ts";
import type { ExtensionConfig, LocalInfo } from "../contracts/config/snapshot.ts";
import type { StatsSnapshot } from "../contracts/stats-sink.ts";
import type { TraceRequest } from "../guest/watch/guest-trace.ts";
import type { ListenSocket, SnapshotUpdate } from "./update.ts";

/** What the main thread and a worker thread say to each other. All of it is copied by structured clone. */

/** What a worker thread is started with; it begins to load its modules before any configuration is known. */
export interface WorkerThreadData {
  readonly workerIndex: number;
  /** One `Int32`: the worker's event loop counts up in it. */
  readonly heartbeat: SharedArrayBuffer;
  /** The module with `createWorkerRuntime`; absent: the data plane. */
  readonly runtimeUrl: string | undefined;
}

/** What is the same for all workers and never changes. */
export interface WorkerConstants {
  readonly localInfo: LocalInfo;
  readonly guestLimits: GuestLimitsConfig;
  readonly companions: Companions;
}

/** What runs beside the traffic from a worker's start to its end. */
export interface Companions {
  /** `bootstrap_extensions`. */
  readonly services: readonly ExtensionConfig[];
  readonly statsSinks: readonly ExtensionConfig[];
  /** The admin interface's access loggers that need a worker. */
  readonly adminLogs: readonly ExtensionConfig[];
}

/** What a worker's runtime is made with. */
export interface WorkerInit extends WorkerConstants {
  readonly workerIndex: number;
  readonly concurrency: number;
  /**
   * New for each worker thread, also for one that replaces another. The worker claims it before its runtime is
   * made; the watchdog looks at it from then on.
   */
  readonly guestEpoch: WebAssembly.Memory;
  readonly guestShared: GuestShared;
  /** The worker's end of the stats store. */
  readonly stats: MessagePort;
  readonly log: WorkerLog;
}

/** Where a worker's log lines go. */
export interface WorkerLog {
  /** Memory of the levels of all components. */
  readonly levels: SharedArrayBuffer;
  /** `--log-path`; undefined: stderr. */
  readonly path: string | undefined;
}

/** A command of the main thread. Each is answered by one `reply` with its `id`. */
export type WorkerCommand =
  /** Makes the runtime. */
  | { readonly kind: "init"; readonly init: WorkerInit }
  /** A piece of an update; the last one starts the staging, and its reply tells how that ended. */
  | { readonly kind: "stage"; readonly part: SnapshotUpdate; readonly last: boolean }
  | { readonly kind: "commit" }
  /** Drops what was staged or is being staged; answered when nothing of it is left. */
  | { readonly kind: "abort" }
  | { readonly kind: "listen"; readonly sockets: readonly ListenSocket[] }
  | { readonly kind: "stop_listening" }
  /** Answered at once; `drained` follows when the last stream has ended. */
  | { readonly kind: "drain" }
  /** Log files were moved away. */
  | { readonly kind: "reopen_logs" }
  /** Follows the calls of a guest; the lines come through `port`. Its reply's value is a `TraceStart`. */
  | { readonly kind: "trace_guest"; readonly request: TraceRequest; readonly port: MessagePort }
  /** Its reply's value is a `GuestReport`. */
  | { readonly kind: "report_guests" }
  /** For the stats sinks, which are on worker 0. */
  | { readonly kind: "stats"; readonly snapshot: StatsSnapshot }
  /** For the admin interface's access loggers, which are on worker 0. */
  | { readonly kind: "admin_access"; readonly record: AccessRecord }
  /** Flushes what is buffered; the thread can be ended after the reply. */
  | { readonly kind: "close" };

/** Main thread to worker. */
export interface ToWorker {
  readonly id: number;
  readonly command: WorkerCommand;
}

/** Worker to main thread. */
export type FromWorker =
  /** `error`: why the command was refused; undefined: done. */
  | {
      readonly kind: "reply";
      readonly id: number;
      readonly error: string | undefined;
      /** Of commands that ask for something. */
      readonly value: unknown;
    }
  | { readonly kind: "drained" };
