import type { Duration } from "@bufbuild/protobuf/wkt";
import type { BackoffStrategy } from "../../../config/gen/envoy/config/core/v3/backoff_pb.js";
import type {
  TcpProxy,
  TcpProxy_WeightedCluster,
} from "../../../config/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js";
import type { ExtensionConfig } from "../../../contracts/config/snapshot.ts";
import type { NetworkFilterFactory, ParseContext } from "../../../contracts/extension.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import type { NetworkFilterFactoryCb } from "../../../contracts/network/filter.ts";
import type { ListenerContext } from "../../../contracts/runtime.ts";
import type { TcpProxyShared } from "./tcp-proxy-filter.ts";
import { tcpProxyStats } from "./tcp-proxy-stats.ts";

const oneHourMs = 3_600_000;

/** `envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy` as plain data. Times in ms, 0 = none. */
export interface TcpProxyConfig {
  readonly statPrefix: string;
  /** At least one; chosen by weight. */
  readonly clusters: readonly WeightedCluster[];
  readonly idleTimeoutMs: number;
  readonly maxConnectAttempts: number;
  readonly maxDownstreamConnectionDurationMs: number;
  /** Percent of the duration that is added at most, at random. */
  readonly durationJitterPercent: number;
  readonly backoff: ConnectBackoffConfig | undefined;
  readonly accessLogs: readonly ExtensionConfig[];
  readonly accessLogFlushIntervalMs: number;
  readonly flushAccessLogOnConnected: boolean;
}

export interface WeightedCluster {
  readonly name: string;
  readonly weight: number;
}

export interface ConnectBackoffConfig {
  readonly baseIntervalMs: number;
  readonly maxIntervalMs: number;
}

function parseConfig(message: TcpProxy, context: ParseContext): TcpProxyConfig {
  return {
    statPrefix: message.statPrefix,
    clusters: parseClusters(message, context),
    idleTimeoutMs: context.durationMs(message.idleTimeout, oneHourMs),
    maxConnectAttempts: message.maxConnectAttempts ?? 1,
    maxDownstreamConnectionDurationMs: context.durationMs(
      message.maxDownstreamConnectionDuration,
      0,
    ),
    durationJitterPercent: message.maxDownstreamConnectionDurationJitterPercentage?.value ?? 0,
    backoff: message.backoffOptions && parseBackoff(message, message.backoffOptions, context),
    accessLogs: parseAccessLogs(message, context),
    ...parseAccessLogOptions(message, context),
  };
}

function parseClusters(message: TcpProxy, context: ParseContext): WeightedCluster[] {
  const { clusterSpecifier } = message;
  if (clusterSpecifier.case === "weightedClusters") {
    return weightedClusters(clusterSpecifier.value, context);
  }
  return [{ name: clusterSpecifier.value ?? "", weight: 1 }];
}

function weightedClusters(
  message: TcpProxy_WeightedCluster,
  context: ParseContext,
): WeightedCluster[] {
  const clusters = message.clusters.map(({ name, weight }) => ({ name, weight }));
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  if (total >= 2 ** 32) {
    context.problem(
      message,
      "clusters",
      `the sum of the weights is ${total}, and must be below 2^32`,
    );
  }
  return clusters;
}

function parseBackoff(
  owner: TcpProxy,
  message: BackoffStrategy,
  context: ParseContext,
): ConnectBackoffConfig {
  const baseIntervalMs = context.durationMs(message.baseInterval, 0);
  const maxIntervalMs = context.durationMs(message.maxInterval, baseIntervalMs * 10);
  if (maxIntervalMs < baseIntervalMs) {
    const text = "max_interval must be greater than or equal to the base_interval";
    context.problem(owner, "backoff_options", text);
  }
  return { baseIntervalMs, maxIntervalMs };
}

function parseAccessLogs(message: TcpProxy, context: ParseContext): ExtensionConfig[] {
  const logs: ExtensionConfig[] = [];
  for (const log of message.accessLog) {
    const extension = context.accessLog(log, message, "access_log");
    if (extension !== undefined) logs.push(extension);
  }
  return logs;
}

function parseAccessLogOptions(
  message: TcpProxy,
  context: ParseContext,
): Pick<TcpProxyConfig, "accessLogFlushIntervalMs" | "flushAccessLogOnConnected"> {
  const options = message.accessLogOptions;
  refuseBoth(message, "access_log_flush_interval", message.accessLogFlushInterval, context);
  refuseBoth(
    message,
    "flush_access_log_on_connected",
    message.flushAccessLogOnConnected || undefined,
    context,
  );
  const interval = options?.accessLogFlushInterval ?? message.accessLogFlushInterval;
  return {
    accessLogFlushIntervalMs: context.durationMs(interval, 0),
    flushAccessLogOnConnected:
      options?.flushAccessLogOnConnected ?? message.flushAccessLogOnConnected,
  };
}

/** The old field, beside the message that replaced it. */
function refuseBoth(
  message: TcpProxy,
  field: string,
  value: Duration | true | undefined,
  context: ParseContext,
): void {
  if (message.accessLogOptions === undefined || value === undefined) return;
  context.problem(message, field, `Only one of ${field} or access_log_options can be specified.`);
}

async function createFilterFactory(
  config: TcpProxyConfig,
  context: ListenerContext,
): Promise<NetworkFilterFactoryCb> {
  const { TcpProxyFilter } = await import("./tcp-proxy-filter.ts");
  const shared: TcpProxyShared = {
    config,
    stats: tcpProxyStats(context.stats, config.statPrefix),
    clusterManager: context.clusterManager,
    dispatcher: context.dispatcher,
    accessLogs: await Promise.all(config.accessLogs.map((log) => context.createAccessLog(log))),
  };
  const addFilter = (connection: Connection): void => {
    connection.addReadFilter(new TcpProxyFilter(shared));
  };
  const dispose = (): void => {
    for (const log of shared.accessLogs) log.dispose?.();
  };
  return Object.assign(addFilter, { dispose });
}

export const tcpProxyFilter: NetworkFilterFactory<TcpProxyConfig> = {
  name: "envoy.filters.network.tcp_proxy",
  messageName: "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
  isTerminal: true,
  parseConfig,
  createFilterFactory,
};
