import { createAccessLog } from "../access-log/create-access-log.ts";
import type { ServerOptions } from "../cli/options.ts";
import { sluiceVersion } from "../cli/version.ts";
import type { LogLevels } from "../common/log/levels.ts";
import type { ThreadLoggers } from "../common/log/logger-source.ts";
import { systemTime } from "../common/time/clock.ts";
import type { ClusterConfig } from "../contracts/config/snapshot.ts";
import type { AccessLogContext, ExtensionRegistry } from "../contracts/extension.ts";
import type { JsonValue } from "../contracts/stream-info.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { AdminDeps } from "./admin/admin-deps.ts";
import { builtInExtensions } from "./built-in-extensions.ts";
import type { Certificates } from "./certificates.ts";
import type { Discoveries } from "./discovery.ts";
import { ForwardedAccessLog } from "./forwarded-access-log.ts";
import { traceGuest } from "./guest-tracing.ts";
import { workerGuests } from "./worker-guests.ts";
import type { LoadedBootstrap } from "./bootstrap.ts";
import type { Server } from "./server.ts";

/** What the admin interface shows, from the main thread's parts. */
export interface AdminSource {
  readonly options: ServerOptions;
  readonly levels: LogLevels;
  readonly loggers: ThreadLoggers;
  readonly stats: StatsStore;
  readonly registry: ExtensionRegistry;
  readonly bootstrap: LoadedBootstrap;
  readonly clusters: readonly ClusterConfig[];
  readonly discoveries: Discoveries;
  readonly certificates: Certificates;
  readonly server: Server;
  singleton<T>(key: string, create: () => T): T;
}

/** Undefined when the configuration has no admin interface. */
export async function adminDeps(source: AdminSource): Promise<AdminDeps | undefined> {
  const { bootstrap, server, options, registry } = source;
  const { admin } = bootstrap;
  if (admin === undefined) return undefined;
  const loadedMs = systemTime.systemMs();
  const mainThread: AccessLogContext = {
    loggers: source.loggers,
    stats: source.stats.main,
    singleton: (key, create) => source.singleton(key, create),
  };
  return {
    address: admin.address,
    stats: source.stats,
    levels: source.levels,
    log: source.loggers.logger("admin"),
    time: systemTime,
    accessLogs: [
      ...(await Promise.all(
        admin.accessLogs.map((config) => createAccessLog(config, mainThread, registry)),
      )),
      ...(admin.workerAccessLogs.length > 0
        ? [new ForwardedAccessLog((record) => server.logAdminAccess(record))]
        : []),
    ],
    version: sluiceVersion(),
    state: () => server.state,
    clusters: () => source.clusters,
    certificates: () => source.certificates.shown(),
    listeners: () => server.boundListeners,
    guests: () => workerGuests(server),
    traceGuest: (request) => traceGuest(server, request),
    configDump: () => ({
      bootstrap: bootstrap.message,
      localInfo: bootstrap.localInfo,
      clusters: bootstrap.clusterMessages,
      listeners: bootstrap.listenerMessages,
      loadedMs,
      ecdsCategories: source.discoveries.extensions?.categories() ?? new Set(),
      ecds: source.discoveries.extensions?.current() ?? [],
      secrets: source.discoveries.secrets?.current() ?? [],
      routes: source.discoveries.routes?.current() ?? [],
    }),
    extensions: () => builtInExtensions(registry),
    commandLineOptions: () => commandLineOptions(options),
    reopenLogs: () => server.requestReopenLogs(),
    quit: () => server.requestShutdown(),
  };
}

/** `envoy.admin.v3.CommandLineOptions`, as far as the flags exist here. */
function commandLineOptions(options: ServerOptions): { [name: string]: JsonValue } {
  return {
    concurrency: options.concurrency,
    config_path: options.configPath ?? "",
    config_yaml: options.configYaml ?? "",
    admin_address_path: options.adminAddressPath ?? "",
    log_level: options.logLevel,
    component_log_level: options.componentLogLevels
      .map(({ component, level }) => `${component}:${level}`)
      .join(","),
    log_path: options.logPath ?? "",
    service_cluster: options.serviceCluster ?? "",
    service_node: options.serviceNode ?? "",
    mode: options.mode === "validate" ? "Validate" : "Serve",
  };
}
