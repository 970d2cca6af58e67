import type { ClusterConfig } from "../contracts/config/snapshot.ts";
import type { Counter, Gauge, StatsScope } from "../contracts/stats.ts";
import type { ClusterUpdate } from "./cluster-manager.ts";
import { hostUse } from "./host-health.ts";
import { sumResource } from "./resource-manager.ts";

// What Envoy shows of a cluster and this proxy never counts: there from the start, as there.
const zeroCounters = [
  "assignment_stale",
  "assignment_timeout_received",
  "assignment_use_cached",
  "bind_errors",
  "lb_local_cluster_not_ok",
  "lb_recalculate_zone_structures",
  "lb_subsets_created",
  "lb_subsets_fallback",
  "lb_subsets_fallback_panic",
  "lb_subsets_removed",
  "lb_subsets_selected",
  "lb_zone_cluster_too_small",
  "lb_zone_no_capacity_left",
  "lb_zone_routing_all_directly",
  "lb_zone_routing_cross_zone",
  "lb_zone_routing_sampled",
  "original_dst_host_invalid",
  "retry_or_shadow_abandoned",
  "update_attempt",
  "update_empty",
  "update_failure",
  "update_no_rebuild",
  "update_success",
  "upstream_cx_connect_with_0_rtt",
  "upstream_cx_http2_total",
  "upstream_cx_http3_total",
  "upstream_cx_max_duration_reached",
  "upstream_cx_pool_overflow",
  "upstream_cx_preconnect_skipped",
  "upstream_http3_broken",
  "upstream_internal_redirect_failed_total",
  "upstream_internal_redirect_succeeded_total",
  "upstream_rq_0rtt",
  "upstream_rq_completed",
  "upstream_rq_maintenance_mode",
  "upstream_rq_max_duration_reached",
  "upstream_rq_per_try_idle_timeout",
  "upstream_rq_per_try_timeout",
  "upstream_rq_retry",
  "upstream_rq_retry_backoff_exponential",
  "upstream_rq_retry_backoff_ratelimited",
  "upstream_rq_retry_limit_exceeded",
  "upstream_rq_retry_overflow",
  "upstream_rq_retry_success",
  "upstream_rq_rx_reset_no_error",
];
const zeroGauges = ["lb_subsets_active", "max_host_weight", "upstream_queue_overloaded", "version"];

/** The stats of one cluster that the main thread keeps, because they are of all workers together. */
class MainCluster {
  readonly #membershipChange: Counter;
  readonly #membership: { readonly [use in "total" | "healthy" | "degraded" | "excluded"]: Gauge };
  readonly #scope: StatsScope;
  readonly #breakers: { readonly default: BreakerGauges; readonly high: BreakerGauges };
  #config: ClusterConfig;
  #hosts = "[]";

  constructor(root: StatsScope, config: ClusterConfig) {
    const scope = root.scope(`cluster.${config.observabilityName}`);
    this.#config = config;
    for (const name of zeroCounters) scope.counter(name);
    for (const name of zeroGauges) scope.gauge(name);
    scope.gauge("warming_state").set(0);
    this.#membershipChange = scope.counter("membership_change");
    this.#membership = {
      total: scope.gauge("membership_total"),
      healthy: scope.gauge("membership_healthy"),
      degraded: scope.gauge("membership_degraded"),
      excluded: scope.gauge("membership_excluded"),
    };
    this.#scope = scope;
    this.#breakers = {
      default: breakerGauges(scope, "default"),
      high: breakerGauges(scope, "high"),
    };
    this.update(config);
  }

  get config(): ClusterConfig {
    return this.#config;
  }

  update(config: ClusterConfig): void {
    this.#config = config;
    const hosts = JSON.stringify(config.hosts.map(({ address }) => address));
    if (hosts !== this.#hosts) this.#membershipChange.inc();
    if (hosts !== this.#hosts) this.#countSocketMatches();
    this.#hosts = hosts;
    const count = (use: string) =>
      config.hosts.filter(({ healthFlags }) => hostUse(healthFlags) === use).length;
    this.#membership.total.set(config.hosts.length);
    this.#membership.healthy.set(count("healthy"));
    this.#membership.degraded.set(count("degraded"));
    this.#membership.excluded.set(count("excluded"));
    this.refresh();
  }

  /** Which transport socket each host has: `<name>.total_match_count`. */
  #countSocketMatches(): void {
    const { hosts, transportSocketMatches = [] } = this.#config;
    const counts = [...transportSocketMatches, { name: "default" }].map(({ name }) =>
      this.#scope.counter(`${name}.total_match_count`),
    );
    for (const host of hosts) counts[host.transportSocketMatch ?? counts.length - 1]!.inc();
  }

  /** Circuit breakers as they are now. */
  refresh(): void {
    const counts = new Int32Array(this.#config.resourceCounts);
    for (const priority of ["default", "high"] as const) {
      const gauges = this.#breakers[priority];
      const limits = this.#config.circuitBreakers[priority];
      const isOpen = (resource: Parameters<typeof sumResource>[2], max: number): number => {
        const sum = sumResource(counts, priority, resource);
        // A limit of 0 shows as open only once something was let through it, as in Envoy.
        return sum > 0 && sum >= max ? 1 : 0;
      };
      setChanged(gauges.cxOpen, isOpen("connections", limits.maxConnections));
      setChanged(gauges.rqPendingOpen, isOpen("pendingRequests", limits.maxPendingRequests));
      setChanged(gauges.rqOpen, isOpen("requests", limits.maxRequests));
      setChanged(gauges.rqRetryOpen, isOpen("retries", limits.maxRetries));
    }
  }

  /** The cluster is gone. */
  remove(): void {
    for (const gauge of Object.values(this.#membership)) gauge.set(0);
    for (const gauges of Object.values(this.#breakers)) {
      for (const gauge of Object.values(gauges)) gauge.set(0);
    }
  }
}

/** A gauge that nobody has set yet counts as unused, and stays so. */
function setChanged(gauge: Gauge, value: number): void {
  if (gauge.value !== value) gauge.set(value);
}

interface BreakerGauges {
  readonly cxOpen: Gauge;
  readonly rqPendingOpen: Gauge;
  readonly rqOpen: Gauge;
  readonly rqRetryOpen: Gauge;
}

function breakerGauges(cluster: StatsScope, priority: "default" | "high"): BreakerGauges {
  const scope = cluster.scope(`circuit_breakers.${priority}`);
  scope.gauge("cx_pool_open");
  return {
    cxOpen: scope.gauge("cx_open"),
    rqPendingOpen: scope.gauge("rq_pending_open"),
    rqOpen: scope.gauge("rq_open"),
    rqRetryOpen: scope.gauge("rq_retry_open"),
  };
}

/**
 * The clusters as the main thread knows them: `cluster_manager.*`, and those stats of each cluster that are not
 * the sum of what workers count.
 */
export class MainClusters {
  readonly #root: StatsScope;
  readonly #clusters = new Map<string, MainCluster>();
  readonly #added: Counter;
  readonly #modified: Counter;
  readonly #removed: Counter;
  readonly #active: Gauge;
  readonly #inflated: Gauge;

  constructor(root: StatsScope) {
    const scope = root.scope("cluster_manager");
    this.#root = root;
    this.#added = scope.counter("cluster_added");
    this.#modified = scope.counter("cluster_modified");
    this.#removed = scope.counter("cluster_removed");
    this.#active = scope.gauge("active_clusters");
    scope.gauge("warming_clusters").set(0);
    for (const name of ["cluster_updated", "cluster_updated_via_merge"]) scope.counter(name);
    for (const name of ["update_merge_cancelled", "update_out_of_merge_window"]) {
      scope.counter(name);
    }
    const threads = root.scope("thread_local_cluster_manager");
    this.#inflated = threads.scope("main_thread").gauge("clusters_inflated");
    this.#setCounts();
  }

  /** The clusters that are committed, in the order of their coming. */
  get configs(): readonly ClusterConfig[] {
    return [...this.#clusters.values()].map(({ config }) => config);
  }

  /** To be called with each update that is committed. */
  commit(update: ClusterUpdate): void {
    for (const name of update.removedClusters) {
      const cluster = this.#clusters.get(name);
      if (cluster === undefined) continue;
      this.#clusters.delete(name);
      cluster.remove();
      this.#removed.inc();
    }
    for (const config of update.clusters) {
      const cluster = this.#clusters.get(config.name);
      if (cluster === undefined) {
        this.#clusters.set(config.name, new MainCluster(this.#root, config));
        this.#added.inc();
      } else {
        cluster.update(config);
        this.#modified.inc();
      }
    }
    this.#setCounts();
  }

  /** To be called before stats are shown: looks at the counts of all workers. */
  refresh(): void {
    for (const cluster of this.#clusters.values()) cluster.refresh();
  }

  #setCounts(): void {
    this.#active.set(this.#clusters.size);
    this.#inflated.set(this.#clusters.size);
  }
}
