import type { ServerOptions } from "../cli/options.ts";
import { maxWorkers } from "../cli/options.ts";
import { sluiceVersion } from "../cli/version.ts";
import { createGuestShared, limitGuestShared } from "../guest/shared/shared-state.ts";
import { prepareAll } from "../config/prepare.ts";
import { ProblemList, type Problem } from "../config/problem.ts";
import type { ClusterConfig } from "../contracts/config/snapshot.ts";
import type { ExtensionRegistry, PrepareContext } from "../contracts/extension.ts";
import type { LoggerSource } from "../contracts/log.ts";
import type { Result } from "../contracts/result.ts";
import type { ClusterManager } from "../contracts/upstream/cluster.ts";
import { ThreadDispatcher } from "../common/time/dispatcher.ts";
import { LiveSecrets } from "../secret/live-secrets.ts";
import { StatsStore } from "../stats/stats-store.ts";
import { ClusterManagerImpl } from "../upstream/cluster-manager.ts";
import type { ClusterParts } from "../upstream/cluster.ts";
import { createClusterTransports } from "../upstream/cluster-transports.ts";
import type { ParsedCluster } from "../upstream/config.ts";
import { allocateResourceCounts } from "../upstream/resource-manager.ts";
import { loadBootstrap, type LoadedBootstrap } from "./bootstrap.ts";

/** Canary runs and everything else that `prepare` does with one extension. */
const prepareDeadlineMs = 5000;

/** What reading the configuration needs of the main thread. */
export interface ConfigurationEnvironment {
  readonly registry: ExtensionRegistry;
  readonly loggers: LoggerSource;
  /** The main thread's own, claimed and watched: canary runs are stopped through it. */
  readonly guestEpoch: WebAssembly.Memory;
}

/** Reads configuration, and prepares what it configures, also what comes later by discovery. */
export class Configuration {
  readonly #environment: ConfigurationEnvironment;
  /** What the guests of all threads share, as this thread has it. */
  readonly guestShared = createGuestShared();
  readonly stats = new StatsStore();
  /** As this thread has them, for what it calls itself. */
  readonly secrets = new LiveSecrets(true);
  readonly #singletons = new Map<string, unknown>();
  /** Warnings that were given. */
  readonly warned = new Set<string>();

  constructor(environment: ConfigurationEnvironment) {
    this.#environment = environment;
  }

  /** The bootstrap that the command line names, checked and prepared, or all that is wrong with it. */
  async load(options: ServerOptions): Promise<Result<LoadedBootstrap, readonly Problem[]>> {
    const { registry } = this.#environment;
    const version = sluiceVersion();
    const loaded = loadBootstrap({ ...options, registry, version, warned: this.warned });
    if (!loaded.ok) return loaded;
    limitGuestShared(this.guestShared, loaded.value.guestLimits.shared ?? {});
    const problems = new ProblemList();
    const contextFor = (filterName: string): PrepareContext =>
      this.prepareContext(loaded.value, filterName);
    await prepareAll(loaded.value.found, contextFor, problems);
    return problems.failed ? { ok: false, error: problems.errors } : loaded;
  }

  prepareContext(
    bootstrap: Pick<LoadedBootstrap, "localInfo" | "guestLimits" | "clusters">,
    filterName: string,
  ): PrepareContext {
    return {
      loggers: this.#environment.loggers,
      guestEpoch: this.#environment.guestEpoch,
      guestShared: this.guestShared,
      localInfo: bootstrap.localInfo,
      guestLimits: bootstrap.guestLimits,
      filterName,
      clusters: () => this.clusters(bootstrap),
      stats: this.stats.main,
      deadlineMs: prepareDeadlineMs,
      singleton: (key, create) => this.#singleton(key, create),
    };
  }

  /** The clusters of the bootstrap as the main thread uses them, made when something must be fetched. */
  clusters({
    clusters,
    localInfo,
  }: Pick<LoadedBootstrap, "localInfo" | "clusters">): Promise<ClusterManager> {
    return this.#singleton("clusters", async () => {
      const { loggers, registry } = this.#environment;
      const environment = {
        workerIndex: 0,
        dispatcher: new ThreadDispatcher("main_thread"),
        loggers,
        // What is fetched is not counted with the traffic of the workers.
        stats: new StatsStore().main,
        localInfo,
      };
      const manager = new ClusterManagerImpl(environment);
      const update = { clusters: clusters.map(withSharedCounts), removedClusters: [] };
      const parts = new Map<string, ClusterParts>();
      const { secrets } = this;
      for (const cluster of update.clusters) {
        const context = { ...environment, secrets };
        const transports = await createClusterTransports(cluster, context, registry);
        parts.set(cluster.name, { transports });
      }
      manager.stage(update, parts).commit();
      return manager;
    });
  }

  #singleton<T>(key: string, create: () => T): T {
    if (!this.#singletons.has(key)) this.#singletons.set(key, create());
    return this.#singletons.get(key) as T;
  }
}

/** Adds the memory in which all workers count what a cluster's circuit breakers limit. */
export function withSharedCounts(cluster: ParsedCluster): ClusterConfig {
  return { ...cluster, resourceCounts: allocateResourceCounts(maxWorkers) };
}
