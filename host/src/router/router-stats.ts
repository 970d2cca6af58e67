import type { Counter, StatsScope } from "../contracts/stats.ts";

/** The router's counters below `http.<stat_prefix>.` */
export interface RouterStats {
  readonly noRoute: Counter;
  readonly noCluster: Counter;
  readonly rqDirectResponse: Counter;
  readonly rqTotal: Counter;
  readonly rqResetAfterDownstreamResponseStarted: Counter;
}

// Shown from the start, as Envoy does, for what this router does not do.
const others = [
  "passthrough_internal_redirect_bad_location",
  "passthrough_internal_redirect_no_route",
  "passthrough_internal_redirect_predicate",
  "passthrough_internal_redirect_too_many_redirects",
  "passthrough_internal_redirect_unsafe_scheme",
  "rq_overload_local_reply",
  "rq_redirect",
];

export function createRouterStats(scope: StatsScope): RouterStats {
  for (const name of others) scope.counter(name);
  return {
    noRoute: scope.counter("no_route"),
    noCluster: scope.counter("no_cluster"),
    rqDirectResponse: scope.counter("rq_direct_response"),
    rqTotal: scope.counter("rq_total"),
    rqResetAfterDownstreamResponseStarted: scope.counter(
      "rq_reset_after_downstream_response_started",
    ),
  };
}
