import type { Counter, Gauge, Histogram, StatsScope } from "../contracts/stats.ts";

/** Envoy's stats of any subscription. */
export class UpdateStats {
  readonly initFetchTimeout: Counter;
  readonly updateAttempt: Counter;
  readonly updateFailure: Counter;
  readonly updateRejected: Counter;
  readonly updateSuccess: Counter;
  /** Of the last good update: milliseconds since the epoch. */
  readonly updateTime: Gauge;
  readonly updateDuration: Histogram;

  constructor(scope: StatsScope) {
    this.initFetchTimeout = scope.counter("init_fetch_timeout");
    this.updateAttempt = scope.counter("update_attempt");
    this.updateFailure = scope.counter("update_failure");
    this.updateRejected = scope.counter("update_rejected");
    this.updateSuccess = scope.counter("update_success");
    this.updateTime = scope.gauge("update_time");
    this.updateDuration = scope.histogram("update_duration", "ms");
  }
}

/** `control_plane.`: what Envoy has of a stream to a control plane; gives the gauge that is 1 while it is open. */
export function controlPlaneState(scope: StatsScope): Gauge {
  const controlPlane = scope.scope("control_plane");
  const connected = controlPlane.gauge("connected_state");
  connected.set(0);
  controlPlane.gauge("pending_requests").set(0);
  controlPlane.counter("rate_limit_enforced");
  return connected;
}
