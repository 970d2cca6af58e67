import type { HttpFilterContext } from "../../../contracts/extension.ts";
import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
} from "../../../contracts/http/filter.ts";
import { HeaderMutations } from "../../../router/header-mutations.ts";
import { rateLimitPolicy } from "../../../router/rate-limits/rate-limit-policy.ts";
import { RateLimitClient } from "../../common/ratelimit/rate-limit-client.ts";
import { ClusterCounters } from "../common/cluster-counters.ts";
import { Descriptors } from "./descriptors.ts";
import { RateLimitFilter, type RateLimitShared } from "./rate-limit-filter.ts";
import type { RateLimitFilterConfig } from "./rate-limit-filter-config.ts";

/** The filters of one configuration on a worker. */
export function createRateLimit(
  config: RateLimitFilterConfig,
  context: HttpFilterContext,
): HttpFilterInstances {
  const shared: RateLimitShared = {
    config,
    client: new RateLimitClient(config.service!, context),
    descriptors: new Descriptors(
      config,
      rateLimitPolicy(config.rateLimits),
      context.localInfo.clusterName,
    ),
    additions: new HeaderMutations({ remove: [], add: config.responseHeadersToAdd }),
    clusterManager: context.clusterManager,
    dispatcher: context.dispatcher,
    stats: new ClusterCounters("ratelimit", config.statPrefix),
  };
  return {
    createFilters(callbacks: FilterChainFactoryCallbacks): void {
      callbacks.addStreamFilter(new RateLimitFilter(shared));
    },
  };
}
