import type { Counter, Gauge, StatsScope } from "../../../contracts/stats.ts";

/** `tcp.<stat_prefix>.` */
export interface TcpProxyStats {
  readonly downstreamCxTotal: Counter;
  readonly downstreamCxNoRoute: Counter;
  readonly downstreamCxRxBytesTotal: Counter;
  readonly downstreamCxRxBytesBuffered: Gauge;
  readonly downstreamCxTxBytesTotal: Counter;
  readonly downstreamCxTxBytesBuffered: Gauge;
  readonly downstreamFlowControlPausedReadingTotal: Counter;
  readonly downstreamFlowControlResumedReadingTotal: Counter;
  readonly idleTimeout: Counter;
  readonly maxDownstreamConnectionDuration: Counter;
  readonly upstreamFlushTotal: Counter;
  readonly upstreamFlushActive: Gauge;
}

/** What Envoy always shows, of features that are refused here. */
const atZero = [
  "downstream_cx_drain_close",
  "downstream_cx_overload_close",
  "early_data_received_count_total",
  "route_delayed_total",
];

export function tcpProxyStats(root: StatsScope, statPrefix: string): TcpProxyStats {
  const scope = root.scope(`tcp.${statPrefix}`);
  for (const name of atZero) scope.counter(name);
  return {
    downstreamCxTotal: scope.counter("downstream_cx_total"),
    downstreamCxNoRoute: scope.counter("downstream_cx_no_route"),
    downstreamCxRxBytesTotal: scope.counter("downstream_cx_rx_bytes_total"),
    downstreamCxRxBytesBuffered: scope.gauge("downstream_cx_rx_bytes_buffered"),
    downstreamCxTxBytesTotal: scope.counter("downstream_cx_tx_bytes_total"),
    downstreamCxTxBytesBuffered: scope.gauge("downstream_cx_tx_bytes_buffered"),
    downstreamFlowControlPausedReadingTotal: scope.counter(
      "downstream_flow_control_paused_reading_total",
    ),
    downstreamFlowControlResumedReadingTotal: scope.counter(
      "downstream_flow_control_resumed_reading_total",
    ),
    idleTimeout: scope.counter("idle_timeout"),
    maxDownstreamConnectionDuration: scope.counter("max_downstream_connection_duration"),
    upstreamFlushTotal: scope.counter("upstream_flush_total"),
    upstreamFlushActive: scope.gauge("upstream_flush_active"),
  };
}
