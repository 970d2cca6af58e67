import type { HttpFilterContext } from "../../../contracts/extension.ts";
import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
} from "../../../contracts/http/filter.ts";
import { MetadataMatcher } from "../../common/ext_authz/metadata-matcher.ts";
import { ClusterCounters } from "../common/cluster-counters.ts";
import { AuthServices } from "./auth-services.ts";
import type { ExtAuthzConfig } from "./ext-authz-config.ts";
import { ExtAuthzFilter, type ExtAuthzShared } from "./ext-authz-filter.ts";
import { extAuthzStats } from "./stats.ts";

/** The filters of one configuration on a worker. */
export function createExtAuthz(
  config: ExtAuthzConfig,
  context: HttpFilterContext,
): HttpFilterInstances {
  const shared: ExtAuthzShared = {
    config,
    services: new AuthServices(config, context),
    enabledMetadata: config.enabledMetadata && new MetadataMatcher(config.enabledMetadata),
    clusterManager: context.clusterManager,
    dispatcher: context.dispatcher,
    stats: extAuthzStats(context.stats, context.statPrefix, config.statPrefix),
    clusterStats: new ClusterCounters("ext_authz", config.statPrefix),
  };
  return {
    createFilters(callbacks: FilterChainFactoryCallbacks): void {
      callbacks.addStreamFilter(new ExtAuthzFilter(shared));
    },
  };
}
