import type { Counter } from "../../../contracts/stats.ts";
import type { ClusterInfo } from "../../../contracts/upstream/cluster.ts";

export type RateLimitStat = "ok" | "error" | "over_limit" | "failure_mode_allowed";

/** `cluster.<cluster of the route>.ratelimit.`; each counter is made when it first counts. */
export class RateLimitClusterStats {
  readonly #prefix: string;
  readonly #counters = new WeakMap<ClusterInfo, Map<RateLimitStat, Counter>>();

  /** `statPrefix`: of the filter; may be empty. */
  constructor(statPrefix: string) {
    this.#prefix = statPrefix === "" ? "ratelimit." : `ratelimit.${statPrefix}.`;
  }

  inc(cluster: ClusterInfo, stat: RateLimitStat): void {
    let counters = this.#counters.get(cluster);
    if (counters === undefined) this.#counters.set(cluster, (counters = new Map()));
    let counter = counters.get(stat);
    if (counter === undefined) {
      counter = cluster.scope.counter(this.#prefix + stat);
      counters.set(stat, counter);
    }
    counter.inc();
  }
}
