import type { ListenerContext, WorkerContext } from "../contracts/runtime.ts";
import type { StatsScope } from "../contracts/stats.ts";

/** What the factories of a listener's filters get. */
export function listenerContext(
  worker: WorkerContext,
  listenerName: string,
  listenerScope: StatsScope,
): ListenerContext {
  return {
    workerIndex: worker.workerIndex,
    concurrency: worker.concurrency,
    dispatcher: worker.dispatcher,
    clusterManager: worker.clusterManager,
    loggers: worker.loggers,
    stats: worker.stats,
    localInfo: worker.localInfo,
    guestEpoch: worker.guestEpoch,
    guestShared: worker.guestShared,
    guestLimits: worker.guestLimits,
    extensionConfigs: worker.extensionConfigs,
    secrets: worker.secrets,
    routes: worker.routes,
    createAccessLog: (config) => worker.createAccessLog(config),
    createHttpFilter: (config, filterName, statPrefix) =>
      worker.createHttpFilter(config, filterName, statPrefix),
    singleton: (key, create) => worker.singleton(key, create),
    listenerName,
    listenerScope,
  };
}
