import { LogLevels } from "../common/log/levels.ts";
import { createLoggerSource } from "../common/log/logger-source.ts";
import { ThreadDispatcher } from "../common/time/dispatcher.ts";
import { registry } from "../extensions/all.ts";
import type { WorkerInit } from "../snapshot/messages.ts";
import { createWorkerStats } from "../stats/attach.ts";
import { DataPlane } from "./data-plane.ts";
import type { WorkerRuntime } from "./worker-runtime.ts";

/** The data plane of a worker thread. */
export function createWorkerRuntime(init: WorkerInit): WorkerRuntime {
  const thread = {
    dispatcher: new ThreadDispatcher(`worker_${init.workerIndex}`),
    loggers: createLoggerSource({ levels: new LogLevels(init.log.levels), path: init.log.path }),
    stats: createWorkerStats(init.stats),
  };
  return new DataPlane(init, thread, registry);
}
