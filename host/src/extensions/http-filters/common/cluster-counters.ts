import type { Counter } from "../../../contracts/stats.ts";
import type { ClusterInfo } from "../../../contracts/upstream/cluster.ts";

/** What a filter counts below the clusters that routes lead to; each counter is made when it first counts. */
export class ClusterCounters<Stat extends string> {
  readonly #prefix: string;
  readonly #counters = new WeakMap<ClusterInfo, Map<Stat, Counter>>();

  /** `filter`: the part of the names behind the cluster. `statPrefix`: of the filter; may be empty. */
  constructor(filter: string, statPrefix: string) {
    this.#prefix = statPrefix === "" ? `${filter}.` : `${filter}.${statPrefix}.`;
  }

  /** `cluster`: undefined when the request has no route to one. */
  inc(cluster: ClusterInfo | undefined, stat: Stat): void {
    if (cluster === undefined) return;
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
