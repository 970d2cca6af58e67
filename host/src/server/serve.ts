import type { ServerOptions } from "../cli/options.ts";
import type { LogLevels } from "../common/log/levels.ts";
import type { ThreadLoggers } from "../common/log/logger-source.ts";
import { systemTime } from "../common/time/clock.ts";
import { formatProblem } from "../config/problem.ts";
import type { Result } from "../contracts/result.ts";
import { registry } from "../extensions/all.ts";
import type { Watchdog } from "../guest/limits/watchdog.ts";
import { StatsStore } from "../stats/stats-store.ts";
import { ExtensionDiscovery } from "../xds/extension-discovery.ts";
import type { LoadedBootstrap } from "./bootstrap.ts";
import { withSharedCounts, type Configuration } from "./configuration.ts";
import type { LoadedConfiguration, Server, ServerComponents } from "./server.ts";
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
  readonly options: ServerOptions;
  readonly loggers: ThreadLoggers;
  readonly workerHooks: WorkerServiceHooks;
  readonly #environment: ServeEnvironment;
  readonly #stats = new StatsStore();
  #bootstrap: LoadedBootstrap | undefined;
  #discovery: ExtensionDiscovery | undefined;

  constructor(environment: ServeEnvironment) {
    const { options, loggers, levels, watchdog } = environment;
    this.#environment = environment;
    this.options = options;
    this.loggers = loggers;
    const log = { levels: levels.memory, path: options.logPath };
    this.workerHooks = new WorkerServiceHooks({ stats: this.#stats, watchdog, log });
  }

  async loadConfiguration(): Promise<Result<LoadedConfiguration, readonly string[]>> {
    const { configuration, loggers } = this.#environment;
    const loaded = await configuration.load(this.options);
    if (!loaded.ok) return { ok: false, error: loaded.error.map(formatProblem) };
    const bootstrap = loaded.value;
    this.#bootstrap = bootstrap;
    const log = loggers.logger("config");
    for (const warning of bootstrap.warnings) log.warning(formatProblem(warning));
    this.#discovery = this.#discover(bootstrap);
    await this.#discovery.warm();
    const { localInfo, guestLimits, clusters, listeners } = bootstrap;
    const update = {
      snapshot: 1,
      clusters: clusters.map(withSharedCounts),
      removedClusters: [],
      listeners,
      removedListeners: [],
      extensionConfigs: this.#discovery.takeInitial(),
    };
    return { ok: true, value: { constants: { localInfo, guestLimits }, update } };
  }

  async startAdmin(): Promise<Result<undefined, string>> {
    return { ok: true, value: undefined };
  }

  onLive(server: Server): void {
    this.#stats.startFlushing(this.#bootstrap?.statsFlushIntervalMs);
    this.#discovery?.goLive((update) => server.apply(update));
  }

  async close(): Promise<void> {
    this.#discovery?.close();
    this.#stats.stopFlushing();
    this.loggers.flush();
  }

  #discover(bootstrap: LoadedBootstrap): ExtensionDiscovery {
    const { configuration, loggers } = this.#environment;
    const clusterNames = new Set(bootstrap.clusters.map(({ name }) => name));
    return new ExtensionDiscovery({
      registry,
      localInfo: bootstrap.localInfo,
      logger: loggers.logger("config"),
      stats: this.#stats.main,
      time: systemTime,
      prepareContextFor: (filterName) => configuration.prepareContext(bootstrap, filterName),
      hasCluster: (name) => clusterNames.has(name),
      warned: configuration.warned,
      discoveries: bootstrap.found.discoveries,
      snapshot: 1,
    });
  }
}
