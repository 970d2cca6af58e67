import { addressText } from "../../common/address.ts";
import { jsonText } from "../../config/print-json.ts";
import type { Address } from "../../contracts/address.ts";
import type {
  CircuitBreakerThresholds,
  ClusterConfig,
  HostConfig,
} from "../../contracts/config/snapshot.ts";
import type { JsonValue } from "../../contracts/stream-info.ts";
import { HealthFlag } from "../../contracts/upstream/host.ts";
import type { StatsStore } from "../../stats/stats-store.ts";
import { hostStatNames, hostStatPrefix } from "../../upstream/host.ts";
import { healthFlagsText } from "../../upstream/host-health.ts";
import type { AdminDeps } from "./admin-deps.ts";
import {
  type AdminRequest,
  type AdminResponse,
  jsonResponse,
  textResponse,
} from "./admin-request.ts";
import { linearRegExp } from "../../common/linear-regexp.ts";

/** `/clusters`: hosts with their stats and health. */
export function clustersPage(request: AdminRequest, deps: AdminDeps): AdminResponse {
  const filter = linearRegExp(request.params.get("filter") ?? "");
  if (!filter.ok) return textResponse(400, "Invalid re2 regex");
  const clusters = deps.clusters().filter((cluster) => filter.value.test(cluster.name));
  if (request.params.get("format") === "json") {
    const statuses = clusters.map((cluster) => clusterJson(cluster, deps.stats));
    const body = statuses.length === 0 ? {} : { cluster_statuses: statuses };
    return jsonResponse(`${jsonText(body)}\n`);
  }
  return textResponse(200, clustersText(clusters, deps.stats));
}

/** A host with what its place in the cluster says. */
interface PlacedHost {
  readonly host: HostConfig;
  readonly statPrefix: string;
}

function hostsOf(cluster: ClusterConfig): PlacedHost[] {
  return cluster.hosts
    .map((host, index) => ({ host, statPrefix: hostStatPrefix(cluster, index) }))
    .sort((a, b) => a.host.priority - b.host.priority);
}

function* clustersText(clusters: readonly ClusterConfig[], stats: StatsStore): Iterable<string> {
  for (const cluster of clusters) {
    const { name, circuitBreakers } = cluster;
    yield `${name}::observability_name::${cluster.observabilityName}\n`;
    yield thresholdsText(name, "default", circuitBreakers.default);
    yield thresholdsText(name, "high", circuitBreakers.high);
    yield `${name}::added_via_api::false\n`;
    for (const placed of hostsOf(cluster)) yield hostText(name, placed, stats);
  }
}

function thresholdsText(
  cluster: string,
  priority: string,
  thresholds: CircuitBreakerThresholds,
): string {
  const prefix = `${cluster}::${priority}_priority::`;
  return (
    `${prefix}max_connections::${thresholds.maxConnections}\n` +
    `${prefix}max_pending_requests::${thresholds.maxPendingRequests}\n` +
    `${prefix}max_requests::${thresholds.maxRequests}\n` +
    `${prefix}max_retries::${thresholds.maxRetries}\n`
  );
}

function hostText(cluster: string, placed: PlacedHost, stats: StatsStore): string {
  const { host, statPrefix } = placed;
  const values: (readonly [name: string, value: string | number | boolean])[] = [
    ...hostStatNames.map((name) => [name, stats.value(`${statPrefix}.${name}`)] as const),
    ["hostname", host.hostname],
    ["health_flags", healthFlagsText(host.healthFlags)],
    ["weight", host.weight],
    ["region", host.locality.region],
    ["zone", host.locality.zone],
    ["sub_zone", host.locality.subZone],
    ["canary", host.metadata["envoy.lb"]?.["canary"] === true],
    ["priority", host.priority],
    // Outlier detection would know these.
    ["success_rate", -1],
    ["local_origin_success_rate", -1],
  ];
  const prefix = `${cluster}::${addressText(host.address)}::`;
  return values.map(([name, value]) => `${prefix}${name}::${value}\n`).join("");
}

// `envoy.admin.v3.Clusters` as JSON: fields in the order of their numbers, none that has its default value.

type JsonObject = { [key: string]: JsonValue };

function clusterJson(cluster: ClusterConfig, stats: StatsStore): JsonObject {
  const { circuitBreakers } = cluster;
  const hosts = hostsOf(cluster).map((placed) => hostJson(placed, stats));
  return {
    name: cluster.name,
    ...(hosts.length === 0 ? {} : { host_statuses: hosts }),
    circuit_breakers: {
      thresholds: [
        thresholdsJson(circuitBreakers.default),
        { priority: "HIGH", ...thresholdsJson(circuitBreakers.high) },
      ],
    },
    observability_name: cluster.observabilityName,
  };
}

function thresholdsJson(thresholds: CircuitBreakerThresholds): JsonObject {
  return {
    max_connections: thresholds.maxConnections,
    max_pending_requests: thresholds.maxPendingRequests,
    max_requests: thresholds.maxRequests,
    max_retries: thresholds.maxRetries,
  };
}

const gaugeNames: ReadonlySet<string> = new Set(["cx_active", "rq_active", "rq_pending_active"]);

function hostJson(placed: PlacedHost, stats: StatsStore): JsonObject {
  const { host, statPrefix } = placed;
  const counters = hostStatNames.filter((name) => !gaugeNames.has(name));
  const gauges = hostStatNames.filter((name) => gaugeNames.has(name));
  const stat = (name: string, type: JsonObject): JsonObject => {
    const value = stats.value(`${statPrefix}.${name}`);
    return { ...type, ...(value === 0 ? {} : { value: String(value) }), name };
  };
  const { region, zone, subZone } = host.locality;
  return {
    address: addressJson(host.address),
    stats: [
      ...counters.map((name) => stat(name, {})),
      ...gauges.map((name) => stat(name, { type: "GAUGE" })),
    ],
    health_status: healthJson(host.healthFlags),
    weight: host.weight,
    ...(host.hostname === "" ? {} : { hostname: host.hostname }),
    ...(host.priority === 0 ? {} : { priority: host.priority }),
    locality: {
      ...(region === "" ? {} : { region }),
      ...(zone === "" ? {} : { zone }),
      ...(subZone === "" ? {} : { sub_zone: subZone }),
    },
  };
}

/** `envoy.config.core.v3.Address` as JSON. */
export function addressJson(address: Address): JsonObject {
  if (address.kind === "pipe") {
    const mode = address.mode === 0 ? {} : { mode: address.mode };
    return { pipe: { path: address.path, ...mode } };
  }
  return { socket_address: { address: address.ip, port_value: address.port } };
}

const healthFields: readonly (readonly [flag: number, field: string])[] = [
  [HealthFlag.FailedActiveHc, "failed_active_health_check"],
  [HealthFlag.FailedOutlierCheck, "failed_outlier_check"],
];
const laterHealthFields: readonly (readonly [flag: number, field: string])[] = [
  [HealthFlag.DegradedActiveHc, "failed_active_degraded_check"],
  [HealthFlag.PendingDynamicRemoval, "pending_dynamic_removal"],
  [HealthFlag.PendingActiveHc, "pending_active_hc"],
  [HealthFlag.ExcludedViaImmediateHcFail, "excluded_via_immediate_hc_fail"],
  [HealthFlag.ActiveHcTimeout, "active_hc_timeout"],
];

function healthJson(flags: number): JsonObject {
  const set = (fields: typeof healthFields): JsonObject =>
    Object.fromEntries(
      fields.flatMap(([flag, name]) => ((flags & flag) === 0 ? [] : [[name, true]])),
    );
  return { ...set(healthFields), eds_health_status: edsHealth(flags), ...set(laterHealthFields) };
}

function edsHealth(flags: number): string {
  if ((flags & HealthFlag.EdsStatusDraining) !== 0) return "DRAINING";
  if ((flags & HealthFlag.FailedEdsHealth) !== 0) return "UNHEALTHY";
  return (flags & HealthFlag.DegradedEdsHealth) !== 0 ? "DEGRADED" : "HEALTHY";
}
