import type { Dispatcher } from "../contracts/event.ts";
import type { ClusterManager } from "../contracts/upstream/cluster.ts";
import type { HttpFilterChain } from "../contracts/http/filter-chain.ts";
import type { RouterConfig } from "./router-config.ts";
import type { RouterStats } from "./router-stats.ts";
import type { TimeoutQueues } from "./timeout-queue.ts";

/** What all router filters of one configuration share on a worker. */
export interface RouterShared {
  readonly config: RouterConfig;
  readonly stats: RouterStats;
  readonly clusterManager: ClusterManager;
  readonly dispatcher: Dispatcher;
  readonly timeouts: TimeoutQueues;
  /** Of requests to clusters that have none of their own. */
  readonly upstreamFilters: HttpFilterChain | undefined;
}

/** `%RESPONSE_CODE_DETAILS%` of what the router answers. */
export const Details = {
  RouteNotFound: "route_not_found",
  DirectResponse: "direct_response",
  ClusterNotFound: "cluster_not_found",
  NoHealthyUpstream: "no_healthy_upstream",
  ViaUpstream: "via_upstream",
  ResponseTimeout: "response_timeout",
  UpstreamPerTryTimeout: "upstream_per_try_timeout",
  FilterRemovedRequiredRequestHeaders: "filter_removed_required_request_headers",
} as const;
