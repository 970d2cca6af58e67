import type { Timer } from "../../../contracts/event.ts";
import type { ClusterManager } from "../../../contracts/upstream/cluster.ts";

/** How often, and how long apart, a call of `on_configure` looks for its cluster, which may come a moment later. */
const clusterTries = 100;
const clusterRetryMs = 50;

/** What calls of guests need of their thread. */
export interface CallEnvironment {
  readonly clusters: ClusterManager;
  createTimer(callback: () => void): Timer;
}

/** Calls `onEnd` when the cluster is there, or when it was waited for long enough. The timer can be disabled. */
export function awaitCluster(environment: CallEnvironment, name: string, onEnd: () => void): Timer {
  let tries = clusterTries;
  const timer = environment.createTimer(() => {
    tries -= 1;
    const found = environment.clusters.getThreadLocalCluster(name) !== undefined;
    if (found || tries === 0) onEnd();
    else timer.enable(clusterRetryMs);
  });
  timer.enable(clusterRetryMs);
  return timer;
}
