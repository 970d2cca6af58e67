import type { LocalInfo } from "../contracts/config/snapshot.ts";
import type { Dispatcher } from "../contracts/event.ts";
import type { LoggerSource } from "../contracts/log.ts";
import type { StatsScope } from "../contracts/stats.ts";

/** What the clusters of a worker need from it; a part of `WorkerContext`. */
export interface UpstreamEnvironment {
  readonly workerIndex: number;
  readonly dispatcher: Dispatcher;
  readonly loggers: LoggerSource;
  /** The root of all stats. */
  readonly stats: StatsScope;
  readonly localInfo: LocalInfo;
}
