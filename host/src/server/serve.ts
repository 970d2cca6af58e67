import type { ServerOptions } from "../cli/options.ts";
import type { LogLevels } from "../common/log/levels.ts";
import type { ThreadLoggers } from "../common/log/logger-source.ts";
import { formatProblem } from "../config/problem.ts";
import type { Result } from "../contracts/result.ts";
import type { Watchdog } from "../guest/limits/watchdog.ts";
import { StatsStore } from "../stats/stats-store.ts";
import { withSharedCounts, type Configuration } from "./configuration.ts";
import { Server, type LoadedConfiguration } from "./server.ts";
import { WorkerServiceHooks } from "./worker-attachments.ts";

export interface ServeEnvironment {
  readonly options: ServerOptions;
  readonly levels: LogLevels;
  readonly loggers: ThreadLoggers;
  readonly watchdog: Watchdog;
  readonly configuration: Configuration;
}

/** Puts the server together and starts it. */
export async function serve(environment: ServeEnvironment): Promise<void> {
  const { options, levels, loggers, watchdog } = environment;
  const stats = new StatsStore();
  const log = { levels: levels.memory, path: options.logPath };
  const server = new Server({
    options,
    loggers,
    workerHooks: new WorkerServiceHooks({ stats, watchdog, log }),
    loadConfiguration: () => loadConfiguration(environment),
    startAdmin: async () => ({ ok: true, value: undefined }),
    onLive: () => {},
    close: async () => loggers.flush(),
  });
  await server.start();
}

async function loadConfiguration(
  environment: ServeEnvironment,
): Promise<Result<LoadedConfiguration, readonly string[]>> {
  const loaded = await environment.configuration.load(environment.options);
  if (!loaded.ok) return { ok: false, error: loaded.error.map(formatProblem) };
  const { localInfo, guestLimits, clusters, listeners, warnings } = loaded.value;
  const log = environment.loggers.logger("config");
  for (const warning of warnings) log.warning(formatProblem(warning));
  const update = {
    snapshot: 1,
    clusters: clusters.map(withSharedCounts),
    removedClusters: [],
    listeners,
    removedListeners: [],
    extensionConfigs: [],
  };
  return { ok: true, value: { constants: { localInfo, guestLimits }, update } };
}
