import type { ClusterConfig } from "../contracts/config/snapshot.ts";
import type { Gauge } from "../contracts/stats.ts";
import type { ClusterManager, ThreadLocalCluster } from "../contracts/upstream/cluster.ts";
import { ClusterEntry, type ClusterParts } from "./cluster.ts";
import type { UpstreamEnvironment } from "./environment.ts";

/** The cluster part of a snapshot update. */
export interface ClusterUpdate {
  /** Added or changed. */
  readonly clusters: readonly ClusterConfig[];
  readonly removedClusters: readonly string[];
}

/** What else clusters are built of, by the cluster's name. */
export type PartsOfClusters = ReadonlyMap<string, ClusterParts>;

const noParts: PartsOfClusters = new Map();

/** The clusters of one worker. */
export class ClusterManagerImpl implements ClusterManager {
  readonly #environment: UpstreamEnvironment;
  readonly #inflated: Gauge;
  #clusters = new Map<string, ClusterEntry>();

  constructor(environment: UpstreamEnvironment) {
    this.#environment = environment;
    const name = `thread_local_cluster_manager.${environment.dispatcher.name}`;
    this.#inflated = environment.stats.gauge(`${name}.clusters_inflated`);
  }

  getThreadLocalCluster(name: string): ThreadLocalCluster | undefined {
    return this.#clusters.get(name);
  }

  clusterNames(): Iterable<string> {
    return this.#clusters.keys();
  }

  /**
   * Builds what an update needs beside what is running; one update at a time. `parts`: of the clusters
   * that have some, by name.
   */
  stage(update: ClusterUpdate, parts: PartsOfClusters = noParts): StagedClusters {
    const next = new Map(this.#clusters);
    const changed: { readonly entry: ClusterEntry; readonly previous: ClusterEntry | undefined }[] =
      [];
    const gone: ClusterEntry[] = [];
    for (const name of update.removedClusters) {
      const entry = next.get(name);
      if (entry !== undefined) gone.push(entry);
      next.delete(name);
    }
    for (const config of update.clusters) {
      const previous = next.get(config.name);
      const own = parts.get(config.name) ?? {};
      const entry = new ClusterEntry(config, own, this.#environment, previous);
      next.set(config.name, entry);
      changed.push({ entry, previous });
    }
    return {
      commit: () => {
        this.#clusters = next;
        for (const { entry, previous } of changed) entry.takeOver(previous);
        for (const entry of gone) entry.drain();
        this.#inflated.set(next.size);
      },
    };
  }
}

/** Clusters that are ready to be switched to. Dropping it without `commit` changes nothing. */
export interface StagedClusters {
  /** New requests use the new clusters from here on; those in flight finish where they are. Never fails. */
  commit(): void;
}
