import type { Address } from "../address.ts";
import type { Http2Settings } from "../http/codec.ts";
import type { JsonValue, ListenerFacts } from "../stream-info.ts";

/**
 * The configuration as workers receive it: plain data (structured clone copies it), already validated. An
 * extension's part is what its factory's `parseConfig` and `prepare` gave, opaque to everyone else.
 */

/** A configured extension: which factory, and its parsed configuration. */
export interface ExtensionConfig {
  /** The name in the configuration (for HTTP filters the key of per-route configuration). */
  readonly name: string;
  /** Which factory: the type URL of its message. */
  readonly typeUrl: string;
  /** What `parseConfig` (and `prepare`, when the factory has one) gave. */
  readonly config: unknown;
}

/** An HTTP filter's place in a chain: given at once, or by discovery. */
export interface HttpFilterConfig {
  readonly name: string;
  /** `HttpFilter.disabled`: off unless a route turns it on. */
  readonly disabled: boolean;
  /** The static configuration; undefined when it comes by ECDS. */
  readonly extension: ExtensionConfig | undefined;
  readonly discovery: ExtensionDiscoveryConfig | undefined;
}

/** Kinds of places where extensions come by discovery; Envoy's names, in stats. Access loggers are our own. */
export type DiscoveryCategory =
  | "http_filter"
  | "upstream_http_filter"
  | "network_filter"
  | "tcp_listener_filter"
  | "access_logger";

/** `ExtensionConfigSource`, reduced to what a worker needs. */
export interface ExtensionDiscoveryConfig {
  /** Names the subscription: equal keys share one. */
  readonly key: string;
  readonly category: DiscoveryCategory;
  readonly defaultConfig: ExtensionConfig | undefined;
}

/** An extension that comes by discovery. */
export interface DiscoveredExtension {
  readonly name: string;
  readonly discovery: ExtensionDiscoveryConfig;
}

/** `envoy.config.listener.v3.Listener`. */
export interface ListenerConfig {
  readonly name: string;
  /** The part after `listener.` in stat names, already escaped. */
  readonly statPrefix: string;
  readonly address: Address;
  readonly additionalAddresses: readonly Address[];
  readonly perConnectionBufferLimitBytes: number;
  readonly tcpBacklogSize: number;
  /** Only an explicit `enable_reuse_port: true`: one socket per worker instead of one shared. */
  readonly reusePort: boolean;
  /** 0 = unlimited. */
  readonly maxConnectionsToAcceptPerSocketEvent: number;
  readonly listenerFilters: readonly ListenerFilterConfig[];
  /** 0 = none. */
  readonly listenerFiltersTimeoutMs: number;
  readonly continueOnListenerFiltersTimeout: boolean;
  readonly filterChains: readonly FilterChainConfig[];
  readonly defaultFilterChain: FilterChainConfig | undefined;
  readonly accessLogs: readonly ExtensionConfig[];
  readonly metadata: ListenerFacts["metadata"];
  readonly direction: ListenerFacts["direction"];
}

/** `envoy.config.listener.v3.ListenerFilter`. */
export interface ListenerFilterConfig {
  readonly extension: ExtensionConfig | DiscoveredExtension;
  /** The filter is skipped where this matches. */
  readonly disabled: ListenerFilterPredicate | undefined;
}

/** `ListenerFilterChainMatchPredicate`. */
export type ListenerFilterPredicate =
  | { readonly kind: "any" }
  | { readonly kind: "not"; readonly rule: ListenerFilterPredicate }
  | { readonly kind: "and" | "or"; readonly rules: readonly ListenerFilterPredicate[] }
  /** `end` is exclusive. */
  | { readonly kind: "destination_port"; readonly start: number; readonly end: number };

/** `envoy.config.listener.v3.FilterChain`; without filters, its connections are closed. */
export interface FilterChainConfig {
  readonly name: string;
  readonly match: FilterChainMatchConfig;
  readonly filters: readonly (ExtensionConfig | DiscoveredExtension)[];
  /** What its connections are encrypted with; undefined: plain text. */
  readonly transportSocket?: ExtensionConfig | undefined;
  /** Bounds the handshake; 0 = no bound. */
  readonly transportSocketConnectTimeoutMs: number;
}

/** `FilterChainMatch`; empty lists and undefined mean "any". */
export interface FilterChainMatchConfig {
  readonly destinationPort: number | undefined;
  readonly prefixRanges: readonly CidrRange[];
  readonly serverNames: readonly string[];
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
  readonly directSourcePrefixRanges: readonly CidrRange[];
  readonly sourceType: "any" | "same_ip_or_loopback" | "external";
  readonly sourcePrefixRanges: readonly CidrRange[];
  readonly sourcePorts: readonly number[];
}

/** `envoy.config.core.v3.CidrRange`, the address in canonical text and cut to the prefix. */
export interface CidrRange {
  readonly ip: string;
  readonly family: 4 | 6;
  readonly prefixLength: number;
}

/** `envoy.config.cluster.v3.Cluster`. */
export interface ClusterConfig {
  readonly name: string;
  /** `alt_stat_name`, else the name: the cluster in stats (made fit for them there), `/clusters` and logs. */
  readonly observabilityName: string;
  readonly type: "STATIC";
  readonly lbPolicy: "ROUND_ROBIN";
  readonly connectTimeoutMs: number;
  readonly perConnectionBufferLimitBytes: number;
  readonly hosts: readonly HostConfig[];
  /** Percent of hosts that must be usable; below it all are used. 0 = never. */
  readonly healthyPanicThreshold: number;
  /** Percent: what a priority's usable hosts count for. */
  readonly overprovisioningFactor: number;
  readonly circuitBreakers: {
    readonly default: CircuitBreakerThresholds;
    readonly high: CircuitBreakerThresholds;
  };
  /** 0 = off. */
  readonly idleTimeoutMs: number;
  /** 0 = unlimited. */
  readonly maxRequestsPerConnection: number;
  /** DOWNSTREAM: what the client speaks; ALPN: what the handshake with the host settles. */
  readonly upstreamProtocol: "HTTP1" | "HTTP2" | "DOWNSTREAM" | "ALPN";
  /** What connections to the hosts are encrypted with; undefined: plain text. */
  readonly transportSocket?: ExtensionConfig | undefined;
  /** Instead of it for hosts that match; each host says which. */
  readonly transportSocketMatches?: readonly TransportSocketMatchConfig[];
  /** Handshakes are made for the name that the request is for; undefined: for the configured one. */
  readonly requestServerName?: RequestServerNameConfig | undefined;
  readonly http2: Http2Settings;
  readonly http1: {
    readonly maxHeadersCount: number;
    readonly maxHeadersBytes: number;
    readonly headerKeyFormat: "default" | "proper-case";
    readonly enableTrailers: boolean;
  };
  readonly metadata: { readonly [namespace: string]: { readonly [key: string]: JsonValue } };
  /** Filters of the requests to the cluster, without the codec filter that ends them. */
  readonly httpFilters: readonly HttpFilterConfig[];
  /**
   * Counts of all workers: an `Int32Array` of `maxWorkers x 2 priorities x 4 resources`, made by the main
   * thread when the cluster is added. Each worker writes only its own row.
   */
  readonly resourceCounts: SharedArrayBuffer;
}

/** `TransportSocketMatch`, without what it matches: hosts have been matched. */
export interface TransportSocketMatchConfig {
  readonly name: string;
  /** Undefined: plain text. */
  readonly transportSocket: ExtensionConfig | undefined;
}

/** `UpstreamHttpProtocolOptions`. */
export interface RequestServerNameConfig {
  /** The header with the name, in lower case; empty: the request's authority only. */
  readonly header: string;
  /** `auto_sni` */
  readonly sent: boolean;
  /** `auto_san_validation` */
  readonly verified: boolean;
}

/** `CircuitBreakers.Thresholds` of one priority; counts of all workers together are held against them. */
export interface CircuitBreakerThresholds {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

/** An endpoint of `ClusterLoadAssignment` with its locality. */
export interface HostConfig {
  readonly address: Address;
  readonly hostname: string;
  readonly weight: number;
  readonly priority: number;
  /** From `LbEndpoint.health_status`: bits of `HostDescription.healthFlags`. */
  readonly healthFlags: number;
  /** Index of the cluster's `transportSocketMatches`; undefined: none of them. */
  readonly transportSocketMatch?: number | undefined;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly metadata: { readonly [namespace: string]: { readonly [key: string]: JsonValue } };
}

/** The node and command line, for guests and headers. */
export interface LocalInfo {
  readonly nodeId: string;
  readonly clusterName: string;
  /** The other parts of the node's locality; empty when absent. */
  readonly region?: string;
  readonly subZone?: string;
  readonly zone: string;
  readonly nodeMetadata: { readonly [key: string]: JsonValue };
  /** The host's address, as put into x-forwarded-for for a loopback peer. */
  readonly address: string;
  readonly version: string;
}
