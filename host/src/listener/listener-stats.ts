import type { Counter, Gauge, Histogram, StatsScope } from "../contracts/stats.ts";

/** The stats of `listener.<address>.`, and of this worker's share below it. */
export interface ListenerStats {
  readonly scope: StatsScope;
  readonly downstreamCxTotal: Counter;
  readonly downstreamCxDestroy: Counter;
  readonly downstreamCxActive: Gauge;
  readonly downstreamCxLengthMs: Histogram;
  readonly downstreamCxTransportSocketConnectTimeout: Counter;
  readonly downstreamPreCxActive: Gauge;
  readonly downstreamPreCxTimeout: Counter;
  readonly downstreamListenerFilterRemoteClose: Counter;
  readonly downstreamListenerFilterError: Counter;
  readonly noFilterChainMatch: Counter;
  readonly extensionConfigMissing: Counter;
  readonly networkExtensionConfigMissing: Counter;
  readonly connectionsAcceptedPerSocketEvent: Histogram;
  readonly workerCxTotal: Counter;
  readonly workerCxActive: Gauge;
}

/** What Envoy shows of every listener and what nothing here can raise yet. */
const atZero = [
  "downstream_cx_overflow",
  "downstream_cx_overload_reject",
  "downstream_global_cx_overflow",
];

/** `statPrefix`: the part after `listener.`; `threadName`: `worker_0`, … */
export function listenerStats(
  root: StatsScope,
  statPrefix: string,
  threadName: string,
): ListenerStats {
  const scope = root.scope(`listener.${statPrefix}`);
  const worker = scope.scope(threadName);
  for (const name of atZero) scope.counter(name);
  return {
    scope,
    downstreamCxTotal: scope.counter("downstream_cx_total"),
    downstreamCxDestroy: scope.counter("downstream_cx_destroy"),
    downstreamCxActive: scope.gauge("downstream_cx_active"),
    downstreamCxLengthMs: scope.histogram("downstream_cx_length_ms", "ms"),
    downstreamCxTransportSocketConnectTimeout: scope.counter(
      "downstream_cx_transport_socket_connect_timeout",
    ),
    downstreamPreCxActive: scope.gauge("downstream_pre_cx_active"),
    downstreamPreCxTimeout: scope.counter("downstream_pre_cx_timeout"),
    downstreamListenerFilterRemoteClose: scope.counter("downstream_listener_filter_remote_close"),
    downstreamListenerFilterError: scope.counter("downstream_listener_filter_error"),
    noFilterChainMatch: scope.counter("no_filter_chain_match"),
    extensionConfigMissing: scope.counter("extension_config_missing"),
    networkExtensionConfigMissing: scope.counter("network_extension_config_missing"),
    connectionsAcceptedPerSocketEvent: scope.histogram(
      "connections_accepted_per_socket_event",
      "unspecified",
    ),
    workerCxTotal: worker.counter("downstream_cx_total"),
    workerCxActive: worker.gauge("downstream_cx_active"),
  };
}
