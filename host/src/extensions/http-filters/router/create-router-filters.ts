import type { HttpFilterContext } from "../../../contracts/extension.ts";
import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
} from "../../../contracts/http/filter.ts";
import { createUpstreamFilterChain } from "../../../http/filter-manager/create-filter-chain.ts";
import type { RouterConfig } from "../../../router/router-config.ts";
import { RouterFilter } from "../../../router/router-filter.ts";
import type { RouterShared } from "../../../router/router-shared.ts";
import { createRouterStats } from "../../../router/router-stats.ts";
import { TimeoutQueues } from "../../../router/timeout-queue.ts";

class RouterInstances implements HttpFilterInstances {
  readonly #shared: RouterShared;

  constructor(shared: RouterShared) {
    this.#shared = shared;
  }

  createFilters(callbacks: FilterChainFactoryCallbacks): void {
    callbacks.addStreamDecoderFilter(new RouterFilter(this.#shared));
  }
}

/** The router of one chain on a worker, with the filters of its upstream requests. */
export async function createRouterFilters(
  config: RouterConfig,
  context: HttpFilterContext,
): Promise<HttpFilterInstances> {
  const { dispatcher, clusterManager } = context;
  const prefix = context.statPrefix.replace(/\.$/, "");
  return new RouterInstances({
    config,
    stats: createRouterStats(context.stats.scope(prefix)),
    clusterManager,
    dispatcher,
    timeouts: context.singleton("router.timeouts", () => new TimeoutQueues(dispatcher)),
    // Envoy gives these filters the prefix without its dot, so that their names run into it.
    upstreamFilters: await createUpstreamFilterChain(config.upstreamHttpFilters, prefix, context),
  });
}
