import type { StatsScope } from "../contracts/stats.ts";
import type { ClusterStats } from "../contracts/upstream/cluster.ts";

/** The stats that the data path of a worker updates. */
export function createClusterStats(scope: StatsScope): ClusterStats {
  return { ...connectionStats(scope), ...requestStats(scope) };
}

function connectionStats(scope: StatsScope) {
  const counter = (name: string) => scope.counter(`upstream_cx_${name}`);
  const gauge = (name: string) => scope.gauge(`upstream_cx_${name}`);
  return {
    upstreamCxTotal: counter("total"),
    upstreamCxActive: gauge("active"),
    upstreamCxHttp1Total: counter("http1_total"),
    upstreamCxHttp2Total: counter("http2_total"),
    upstreamCxConnectFail: counter("connect_fail"),
    upstreamCxConnectTimeout: counter("connect_timeout"),
    upstreamCxIdleTimeout: counter("idle_timeout"),
    upstreamCxConnectAttemptsExceeded: counter("connect_attempts_exceeded"),
    upstreamCxOverflow: counter("overflow"),
    upstreamCxCloseNotify: counter("close_notify"),
    upstreamCxConnectMs: scope.histogram("upstream_cx_connect_ms", "ms"),
    upstreamCxLengthMs: scope.histogram("upstream_cx_length_ms", "ms"),
    upstreamCxDestroy: counter("destroy"),
    upstreamCxDestroyLocal: counter("destroy_local"),
    upstreamCxDestroyRemote: counter("destroy_remote"),
    upstreamCxDestroyWithActiveRq: counter("destroy_with_active_rq"),
    upstreamCxDestroyLocalWithActiveRq: counter("destroy_local_with_active_rq"),
    upstreamCxDestroyRemoteWithActiveRq: counter("destroy_remote_with_active_rq"),
    upstreamCxRxBytesTotal: counter("rx_bytes_total"),
    upstreamCxRxBytesBuffered: gauge("rx_bytes_buffered"),
    upstreamCxTxBytesTotal: counter("tx_bytes_total"),
    upstreamCxTxBytesBuffered: gauge("tx_bytes_buffered"),
    upstreamCxProtocolError: counter("protocol_error"),
    upstreamCxMaxRequests: counter("max_requests"),
    upstreamCxNoneHealthy: counter("none_healthy"),
  };
}

function requestStats(scope: StatsScope) {
  const counter = (name: string) => scope.counter(`upstream_rq_${name}`);
  const flow = (name: string) => scope.counter(`upstream_flow_control_${name}`);
  return {
    upstreamRqTotal: counter("total"),
    upstreamRqActive: scope.gauge("upstream_rq_active"),
    upstreamRqActiveOverflow: counter("active_overflow"),
    upstreamRqPerCx: scope.histogram("upstream_rq_per_cx", "unspecified"),
    upstreamRqPendingTotal: counter("pending_total"),
    upstreamRqPendingOverflow: counter("pending_overflow"),
    upstreamRqPendingFailureEject: counter("pending_failure_eject"),
    upstreamRqPendingActive: scope.gauge("upstream_rq_pending_active"),
    upstreamRqCancelled: counter("cancelled"),
    upstreamRqTimeout: counter("timeout"),
    upstreamRqRxReset: counter("rx_reset"),
    upstreamRqTxReset: counter("tx_reset"),
    upstreamFlowControlPausedReadingTotal: flow("paused_reading_total"),
    upstreamFlowControlResumedReadingTotal: flow("resumed_reading_total"),
    upstreamFlowControlBackedUpTotal: flow("backed_up_total"),
    upstreamFlowControlDrainedTotal: flow("drained_total"),
  };
}
