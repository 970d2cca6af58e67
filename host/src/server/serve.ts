import type { ServerOptions } from "../cli/options.ts";
import { accessLogFilesOf } from "../access-log/access-log-files.ts";
import type { LogLevels } from "../common/log/levels.ts";
import type { ThreadLoggers } from "../common/log/logger-source.ts";
import { SingletonMap } from "../common/singleton-map.ts";
import { systemTime } from "../common/time/clock.ts";
import { formatProblem } from "../config/problem.ts";
import type { ClusterConfig } from "../contracts/config/snapshot.ts";
import type { SecretUpdate } from "../contracts/secret.ts";
import type { Result } from "../contracts/result.ts";
import { registry } from "../extensions/all.ts";
import { GuestSharedState } from "../guest/shared/shared-state.ts";
import type { Watchdog } from "../guest/limits/watchdog.ts";
import { hasOwnTicketKeys, rotateOwnTicketKeys } from "../secret/own-ticket-keys.ts";
import { emptyUpdate, type SnapshotUpdate } from "../snapshot/update.ts";
import { StatsSnapshots } from "../stats/stats-snapshots.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import { MainClusters } from "../upstream/main-clusters.ts";
import type { ApplyUpdate } from "../xds/update-gate.ts";
import type { LoadedBootstrap } from "./bootstrap.ts";
import { withSharedCounts, type Configuration } from "./configuration.ts";
import { adminDeps } from "./admin-source.ts";
import { Certificates } from "./certificates.ts";
import { createAdmin } from "./admin/admin.ts";
import { discover, type Discoveries } from "./discovery.ts";
import { ServerStats } from "./server-stats.ts";
import type { LoadedConfiguration, RunningAdmin, Server, ServerComponents } from "./server.ts";
import { WorkerServiceHooks } from "./worker-attachments.ts";

export interface ServeEnvironment {
  readonly options: ServerOptions;
  readonly levels: LogLevels;
  readonly loggers: ThreadLoggers;
  readonly watchdog: Watchdog;
  readonly configuration: Configuration;
}

/** Makes what the server consists of besides its workers. */
export function serverComponents(environment: ServeEnvironment): ServerComponents {
  return new MainThread(environment);
}

/** What the main thread has beside the workers: stats, configuration, discovery, admin. */
class MainThread implements ServerComponents {
  readonly workerHooks: WorkerServiceHooks;
  readonly #environment: ServeEnvironment;
  readonly #stats: StatsStore;
  readonly #serverStats: ServerStats;
  readonly #clusterStats: MainClusters;
  readonly #singletons = new SingletonMap();
  #loaded: Loaded | undefined;
  #stopRotating: () => void = () => {};

  constructor(environment: ServeEnvironment) {
    const { options, levels, watchdog } = environment;
    this.#environment = environment;
    this.#stats = environment.configuration.stats;
    const log = { levels: levels.memory, path: options.logPath };
    const { guestShared } = environment.configuration;
    const sharedState = new GuestSharedState(guestShared);
    const stats = this.#stats;
    stats.onFlush(() => sharedState.metrics.show(stats.main));
    this.workerHooks = new WorkerServiceHooks({ stats, watchdog, log, guestShared, sharedState });
    this.#serverStats = new ServerStats(this.#stats, options.concurrency);
    this.#clusterStats = new MainClusters(this.#stats.main);
  }

  async loadConfiguration(): Promise<Result<LoadedConfiguration, readonly string[]>> {
    const { configuration, loggers, options } = this.#environment;
    const read = await configuration.load(options);
    if (!read.ok) return { ok: false, error: read.error.map(formatProblem) };
    const bootstrap = read.value;
    const log = loggers.logger("config");
    for (const warning of bootstrap.warnings) log.warning(formatProblem(warning));
    const discoveries = await discover(bootstrap, { configuration, registry, loggers });
    const clusters = bootstrap.clusters.map(withSharedCounts);
    this.#clusterStats.commit({ clusters, removedClusters: [] });
    const certificates = new Certificates(bootstrap.found.tlsContexts, configuration.secrets);
    this.#loaded = { bootstrap, discoveries, clusters, certificates };
    const { localInfo, guestLimits, companions } = bootstrap;
    const constants = { localInfo, guestLimits, companions };
    return { ok: true, value: { constants, warm: () => this.#warm(this.#loaded!) } };
  }

  async #warm({ bootstrap, discoveries, clusters }: Loaded): Promise<SnapshotUpdate> {
    const { extensions, secrets, routes } = discoveries;
    await Promise.all([extensions?.warm(), secrets?.warm(), routes?.warm()]);
    return {
      snapshot: 1,
      clusters,
      removedClusters: [],
      listeners: bootstrap.listeners,
      removedListeners: [],
      extensionConfigs: extensions?.takeInitial() ?? [],
      secrets: secrets?.takeInitial() ?? [],
      routes: routes?.takeInitial() ?? [],
    };
  }

  async startAdmin(server: Server): Promise<Result<RunningAdmin | undefined, string>> {
    this.#stats.onFlush(() => this.#refresh(server));
    const { options, levels, loggers } = this.#environment;
    const deps = await adminDeps({
      options,
      levels,
      loggers,
      registry,
      server,
      stats: this.#stats,
      singleton: (key, create) => this.#singletons.get(key, create),
      ...this.#loaded!,
    });
    return deps === undefined ? { ok: true, value: undefined } : createAdmin(deps);
  }

  onLive(server: Server): void {
    const { bootstrap, discoveries } = this.#loaded!;
    const { concurrency } = this.#environment.options;
    this.#serverStats.onLive(process.uptime() * 1000, bootstrap.listeners, concurrency);
    this.#refresh(server);
    if (bootstrap.companions.statsSinks.length > 0) {
      const snapshots = new StatsSnapshots(this.#stats);
      this.#stats.onFlushed(() => server.flushStats(() => snapshots.take()));
    }
    const { statsFlushIntervalMs } = bootstrap;
    if (statsFlushIntervalMs === undefined) this.#stats.flushWhenShown();
    else this.#stats.startFlushing(statsFlushIntervalMs);
    let snapshot = 1;
    const apply: ApplyUpdate = (update) => server.apply({ ...update, snapshot: (snapshot += 1) });
    if (hasOwnTicketKeys(bootstrap.found.tlsContexts)) {
      const bring = (secret: SecretUpdate) => apply({ ...emptyUpdate, secrets: [secret] });
      this.#stopRotating = rotateOwnTicketKeys(bring);
    }
    discoveries.extensions?.goLive(apply);
    discoveries.secrets?.goLive(apply);
    discoveries.routes?.goLive(apply);
  }

  reopenLogs(): void {
    const { loggers } = this.#environment;
    accessLogFilesOf({
      loggers,
      stats: this.#stats.main,
      singleton: (key, create) => this.#singletons.get(key, create),
    }).reopen();
  }

  async close(): Promise<void> {
    this.#stopRotating();
    const { extensions, secrets, routes } = this.#loaded?.discoveries ?? {};
    extensions?.close();
    secrets?.close();
    routes?.close();
    this.#stats.stopFlushing();
    await this.#singletons.close();
    this.#environment.loggers.flush();
  }

  /** Brings what is looked up, rather than counted, up to the moment. */
  #refresh(server: Server): void {
    const days = this.#loaded!.certificates.daysUntilFirstExpiry(systemTime.systemMs());
    this.#serverStats.refresh(server.state, days);
    this.#clusterStats.refresh();
  }
}

/** What came of the bootstrap. */
interface Loaded {
  readonly bootstrap: LoadedBootstrap;
  readonly discoveries: Discoveries;
  readonly certificates: Certificates;
  readonly clusters: readonly ClusterConfig[];
}
