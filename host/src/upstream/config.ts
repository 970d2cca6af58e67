import { isDeepStrictEqual } from "node:util";
import type {
  CircuitBreakers,
  CircuitBreakers_Thresholds,
} from "../config/gen/envoy/config/cluster/v3/circuit_breaker_pb.js";
import type { Cluster } from "../config/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { TransportSocket } from "../config/gen/envoy/config/core/v3/base_pb.js";
import type {
  CircuitBreakerThresholds,
  ClusterConfig,
  ExtensionConfig,
  HostConfig,
} from "../contracts/config/snapshot.ts";
import type { ParseContext } from "../contracts/extension.ts";
import type { JsonValue } from "../contracts/stream-info.ts";
import { parseHosts } from "./config-hosts.ts";
import { parseProtocolOptions } from "./config-protocol.ts";

const connectTimeoutMsDefault = 5000;
const bufferLimitBytesDefault = 1_048_576;
const healthyPanicThresholdDefault = 50;
const overprovisioningFactorDefault = 140;

/** All of a cluster but the shared memory of its counts, which the main thread makes. */
export type ParsedCluster = Omit<ClusterConfig, "resourceCounts">;

/**
 * `envoy.config.cluster.v3.Cluster` as plain data. All problems are reported to `context`; the result is of use
 * only when there are none.
 */
export function parseCluster(message: Cluster, context: ParseContext): ParsedCluster {
  checkType(message, context);
  const transportSocket = parseTransportSocket(message.transportSocket, context);
  const protocols = parseProtocolOptions(message, context);
  const matches = message.transportSocketMatches.map((match) => ({
    name: match.name,
    transportSocket: parseTransportSocket(match.transportSocket, context),
  }));
  checkAlpn(message, transportSocket, protocols.upstreamProtocol, context);
  return {
    name: message.name,
    observabilityName: message.altStatName || message.name,
    type: "STATIC",
    lbPolicy: "ROUND_ROBIN",
    connectTimeoutMs: context.durationMs(message.connectTimeout, connectTimeoutMsDefault),
    perConnectionBufferLimitBytes: message.perConnectionBufferLimitBytes ?? bufferLimitBytesDefault,
    hosts: matchHosts(parseHosts(message.loadAssignment, context), message),
    healthyPanicThreshold:
      message.commonLbConfig?.healthyPanicThreshold?.value ?? healthyPanicThresholdDefault,
    overprovisioningFactor:
      message.loadAssignment?.policy?.overprovisioningFactor ?? overprovisioningFactorDefault,
    circuitBreakers: parseCircuitBreakers(message.circuitBreakers, context),
    ...protocols,
    transportSocket,
    ...(matches.length > 0 && { transportSocketMatches: matches }),
    metadata: (message.metadata?.filterMetadata ?? {}) as ParsedMetadata,
  };
}

type ParsedMetadata = { readonly [namespace: string]: { readonly [key: string]: JsonValue } };

const discoveryTypes = ["STATIC", "STRICT_DNS", "LOGICAL_DNS", "EDS", "ORIGINAL_DST"];
const lbPolicies = [
  "ROUND_ROBIN",
  "LEAST_REQUEST",
  "RING_HASH",
  "RANDOM",
  "ORIGINAL_DST_LB",
  "MAGLEV",
  "CLUSTER_PROVIDED",
  "LOAD_BALANCING_POLICY_CONFIG",
];

function checkType(message: Cluster, context: ParseContext): void {
  const type = message.clusterDiscoveryType;
  if (type.case === "type" && type.value !== 0) {
    const name = discoveryTypes[type.value] ?? type.value;
    const text = `${name} is not supported; use STATIC, and list IP addresses in load_assignment`;
    context.problem(message, "type", text);
  }
  if (message.lbPolicy !== 0) {
    const name = lbPolicies[message.lbPolicy] ?? message.lbPolicy;
    context.problem(message, "lb_policy", `${name} is not supported; use ROUND_ROBIN`);
  }
}

const rawBuffer = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";
const rawBufferName = "envoy.transport_sockets.raw_buffer";

/** Undefined: connections are plain. */
function parseTransportSocket(
  socket: TransportSocket | undefined,
  context: ParseContext,
): ExtensionConfig | undefined {
  if (socket === undefined || isRawBuffer(socket)) return undefined;
  const config = socket.configType.value;
  return context.extension(
    "upstream_transport_socket",
    socket.name,
    config,
    socket,
    "typed_config",
  );
}

const matchNamespace = "envoy.transport_socket_match";

/** The hosts with the first of the cluster's matches whose values all stand in their metadata. */
function matchHosts(hosts: readonly HostConfig[], message: Cluster): HostConfig[] {
  const matches = message.transportSocketMatches;
  return hosts.map((host) => {
    const metadata = host.metadata[matchNamespace] ?? {};
    const index = matches.findIndex(({ match = {} }) =>
      Object.entries(match).every(
        ([key, value]) => Object.hasOwn(metadata, key) && isDeepStrictEqual(metadata[key], value),
      ),
    );
    return index < 0 ? host : { ...host, transportSocketMatch: index };
  });
}

function isRawBuffer({ name, configType }: TransportSocket): boolean {
  const named = configType.value?.typeUrl ?? name;
  const type = named.slice(named.lastIndexOf("/") + 1);
  return type === rawBuffer || (configType.value === undefined && type === rawBufferName);
}

function checkAlpn(
  message: Cluster,
  transportSocket: ExtensionConfig | undefined,
  protocol: ClusterConfig["upstreamProtocol"],
  context: ParseContext,
): void {
  if (protocol !== "ALPN" || transportSocket !== undefined) return;
  // One that is wrong has been reported.
  if (message.transportSocket !== undefined && !isRawBuffer(message.transportSocket)) return;
  const text =
    `ALPN configured for cluster ${message.name} which has a non-ALPN transport socket; ` +
    "give it envoy.transport_sockets.tls, or use explicit_http_config";
  context.problem(message, "typed_extension_protocol_options", text);
}

const thresholdsDefault: CircuitBreakerThresholds = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
};

function parseCircuitBreakers(
  message: CircuitBreakers | undefined,
  context: ParseContext,
): ClusterConfig["circuitBreakers"] {
  let normal: CircuitBreakers_Thresholds | undefined;
  let high: CircuitBreakers_Thresholds | undefined;
  for (const [i, thresholds] of (message?.thresholds ?? []).entries()) {
    const isHigh = thresholds.priority === 1;
    if ((isHigh ? high : normal) !== undefined) {
      const text = `a second entry for priority ${isHigh ? "HIGH" : "DEFAULT"}; keep one of them`;
      context.problem(message!, `thresholds[${i}]`, text);
    } else if (isHigh) {
      high = thresholds;
    } else {
      normal = thresholds;
    }
  }
  return { default: parseThresholds(normal), high: parseThresholds(high) };
}

function parseThresholds(
  message: CircuitBreakers_Thresholds | undefined,
): CircuitBreakerThresholds {
  return {
    maxConnections: message?.maxConnections ?? thresholdsDefault.maxConnections,
    maxPendingRequests: message?.maxPendingRequests ?? thresholdsDefault.maxPendingRequests,
    maxRequests: message?.maxRequests ?? thresholdsDefault.maxRequests,
    maxRetries: message?.maxRetries ?? thresholdsDefault.maxRetries,
  };
}
