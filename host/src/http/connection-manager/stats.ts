import type { ConnectionStats } from "../../contracts/network/connection.ts";
import type { Counter, Gauge, Histogram, StatsScope } from "../../contracts/stats.ts";

/** Responses by class; also kept for each listener. */
export class ResponseCodeStats {
  readonly completed: Counter;
  /** By first digit, 1–5. */
  readonly classes: readonly (Counter | undefined)[];

  constructor(scope: StatsScope) {
    this.completed = scope.counter("downstream_rq_completed");
    this.classes = [
      undefined,
      ...[1, 2, 3, 4, 5].map((digit) => scope.counter(`downstream_rq_${digit}xx`)),
    ];
  }

  charge(code: number): void {
    this.completed.inc();
    this.classes[Math.trunc(code / 100)]?.inc();
  }
}

function connectionStats(scope: StatsScope): ConnectionStats {
  return {
    rxBytesTotal: scope.counter("downstream_cx_rx_bytes_total"),
    rxBytesBuffered: scope.gauge("downstream_cx_rx_bytes_buffered"),
    txBytesTotal: scope.counter("downstream_cx_tx_bytes_total"),
    txBytesBuffered: scope.gauge("downstream_cx_tx_bytes_buffered"),
    delayedCloseTimeouts: scope.counter("downstream_cx_delayed_close_timeout"),
  };
}

/** `http.<stat_prefix>.`: the stats that the connection manager itself updates, with Envoy's names. */
export class ConnectionManagerStats {
  readonly downstreamCxTotal: Counter;
  readonly downstreamCxActive: Gauge;
  readonly downstreamCxSslTotal: Counter;
  readonly downstreamCxSslActive: Gauge;
  readonly downstreamCxHttp1Total: Counter;
  readonly downstreamCxHttp1Active: Gauge;
  readonly downstreamCxHttp2Total: Counter;
  readonly downstreamCxHttp2Active: Gauge;
  readonly downstreamCxUpgradesTotal: Counter;
  readonly downstreamCxUpgradesActive: Gauge;
  readonly downstreamCxDestroy: Counter;
  readonly downstreamCxDestroyLocal: Counter;
  readonly downstreamCxDestroyRemote: Counter;
  readonly downstreamCxDestroyActiveRq: Counter;
  readonly downstreamCxDestroyLocalActiveRq: Counter;
  readonly downstreamCxDestroyRemoteActiveRq: Counter;
  readonly downstreamCxProtocolError: Counter;
  readonly downstreamCxDrainClose: Counter;
  readonly downstreamCxIdleTimeout: Counter;
  readonly downstreamCxMaxDurationReached: Counter;
  readonly downstreamCxMaxRequestsReached: Counter;
  readonly downstreamCxLengthMs: Histogram;
  /** What the connection counts by itself. */
  readonly connection: ConnectionStats;

  readonly downstreamRqTotal: Counter;
  readonly downstreamRqHttp1Total: Counter;
  readonly downstreamRqHttp2Total: Counter;
  readonly downstreamRqTooManyPrematureResets: Counter;
  readonly downstreamRqActive: Gauge;
  readonly downstreamRqTime: Histogram;
  readonly downstreamRqRxReset: Counter;
  readonly downstreamRqTxReset: Counter;
  readonly downstreamRqResponseBeforeRqComplete: Counter;
  readonly downstreamRqNonRelativePath: Counter;
  readonly downstreamRqFailedPathNormalization: Counter;
  readonly downstreamRqRedirectedWithNormalizedPath: Counter;
  readonly downstreamRqTooLarge: Counter;
  readonly downstreamRqWsOnNonWsRoute: Counter;
  readonly downstreamRqIdleTimeout: Counter;
  readonly downstreamRqTimeout: Counter;
  readonly downstreamRqHeaderTimeout: Counter;
  readonly downstreamRqMaxDurationReached: Counter;
  readonly downstreamFlowControlPausedReadingTotal: Counter;
  readonly downstreamFlowControlResumedReadingTotal: Counter;
  readonly rsTooLarge: Counter;
  readonly responses: ResponseCodeStats;
  readonly listenerResponses: ResponseCodeStats;

  /** `scope`: `http.<stat_prefix>.`; `listenerScope`: `listener.<address>.http.<stat_prefix>.` */
  constructor(scope: StatsScope, listenerScope: StatsScope) {
    const counter = (name: string): Counter => scope.counter(`downstream_${name}`);
    const gauge = (name: string): Gauge => scope.gauge(`downstream_${name}`);
    this.downstreamCxTotal = counter("cx_total");
    this.downstreamCxActive = gauge("cx_active");
    this.downstreamCxSslTotal = counter("cx_ssl_total");
    this.downstreamCxSslActive = gauge("cx_ssl_active");
    this.downstreamCxHttp1Total = counter("cx_http1_total");
    this.downstreamCxHttp1Active = gauge("cx_http1_active");
    this.downstreamCxHttp2Total = counter("cx_http2_total");
    this.downstreamCxHttp2Active = gauge("cx_http2_active");
    this.downstreamCxUpgradesTotal = counter("cx_upgrades_total");
    this.downstreamCxUpgradesActive = gauge("cx_upgrades_active");
    this.downstreamCxDestroy = counter("cx_destroy");
    this.downstreamCxDestroyLocal = counter("cx_destroy_local");
    this.downstreamCxDestroyRemote = counter("cx_destroy_remote");
    this.downstreamCxDestroyActiveRq = counter("cx_destroy_active_rq");
    this.downstreamCxDestroyLocalActiveRq = counter("cx_destroy_local_active_rq");
    this.downstreamCxDestroyRemoteActiveRq = counter("cx_destroy_remote_active_rq");
    this.downstreamCxProtocolError = counter("cx_protocol_error");
    this.downstreamCxDrainClose = counter("cx_drain_close");
    this.downstreamCxIdleTimeout = counter("cx_idle_timeout");
    this.downstreamCxMaxDurationReached = counter("cx_max_duration_reached");
    this.downstreamCxMaxRequestsReached = counter("cx_max_requests_reached");
    this.downstreamCxLengthMs = scope.histogram("downstream_cx_length_ms", "ms");
    this.connection = connectionStats(scope);
    this.downstreamRqTotal = counter("rq_total");
    this.downstreamRqHttp1Total = counter("rq_http1_total");
    this.downstreamRqHttp2Total = counter("rq_http2_total");
    this.downstreamRqTooManyPrematureResets = counter("rq_too_many_premature_resets");
    this.downstreamRqActive = gauge("rq_active");
    this.downstreamRqTime = scope.histogram("downstream_rq_time", "ms");
    this.downstreamRqRxReset = counter("rq_rx_reset");
    this.downstreamRqTxReset = counter("rq_tx_reset");
    this.downstreamRqResponseBeforeRqComplete = counter("rq_response_before_rq_complete");
    this.downstreamRqNonRelativePath = counter("rq_non_relative_path");
    this.downstreamRqFailedPathNormalization = counter("rq_failed_path_normalization");
    this.downstreamRqRedirectedWithNormalizedPath = counter("rq_redirected_with_normalized_path");
    this.downstreamRqTooLarge = counter("rq_too_large");
    this.downstreamRqWsOnNonWsRoute = counter("rq_ws_on_non_ws_route");
    this.downstreamRqIdleTimeout = counter("rq_idle_timeout");
    this.downstreamRqTimeout = counter("rq_timeout");
    this.downstreamRqHeaderTimeout = counter("rq_header_timeout");
    this.downstreamRqMaxDurationReached = counter("rq_max_duration_reached");
    this.downstreamFlowControlPausedReadingTotal = counter("flow_control_paused_reading_total");
    this.downstreamFlowControlResumedReadingTotal = counter("flow_control_resumed_reading_total");
    this.rsTooLarge = scope.counter("rs_too_large");
    this.responses = new ResponseCodeStats(scope);
    this.listenerResponses = new ResponseCodeStats(listenerScope);
  }

  /** Counts a response of this status, a 1xx too. */
  chargeResponse(code: number): void {
    this.responses.charge(code);
    this.listenerResponses.charge(code);
  }
}
