import type { HttpFilterContext, HttpFilterFactory } from "../../../contracts/extension.ts";
import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
} from "../../../contracts/http/filter.ts";
import { createUpstreamFilterChain } from "../../../http/filter-manager/create-filter-chain.ts";
import { parseRouterConfig, type RouterConfig } from "../../../router/router-config.ts";
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

/** `envoy.filters.http.router`: the last filter of every chain. What it does is in `host/src/router/`. */
export const routerFilter: HttpFilterFactory<RouterConfig> = {
  name: "envoy.filters.http.router",
  messageName: "envoy.extensions.filters.http.router.v3.Router",
  isTerminal: true,
  parseConfig: parseRouterConfig,
  async createFilterFactory(config, context: HttpFilterContext): Promise<HttpFilterInstances> {
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
  },
};
