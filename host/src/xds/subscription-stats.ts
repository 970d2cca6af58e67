import type { Counter, Gauge, Histogram, StatsScope } from "../contracts/stats.ts";

/** `extension_config_discovery.<category>.<name>.`: Envoy's stats of a subscription to an extension. */
export class SubscriptionStats {
  readonly configConflict: Counter;
  readonly configFail: Counter;
  readonly configReload: Counter;
  readonly initFetchTimeout: Counter;
  readonly updateAttempt: Counter;
  readonly updateFailure: Counter;
  readonly updateRejected: Counter;
  readonly updateSuccess: Counter;
  /** Of the last good update: milliseconds since the epoch. */
  readonly updateTime: Gauge;
  readonly updateDuration: Histogram;

  constructor(root: StatsScope, category: string, filterName: string) {
    const scope = root.scope(`extension_config_discovery.${category}.${filterName}`);
    this.configConflict = scope.counter("config_conflict");
    this.configFail = scope.counter("config_fail");
    this.configReload = scope.counter("config_reload");
    this.initFetchTimeout = scope.counter("init_fetch_timeout");
    this.updateAttempt = scope.counter("update_attempt");
    this.updateFailure = scope.counter("update_failure");
    this.updateRejected = scope.counter("update_rejected");
    this.updateSuccess = scope.counter("update_success");
    this.updateTime = scope.gauge("update_time");
    this.updateDuration = scope.histogram("update_duration", "ms");
  }
}
