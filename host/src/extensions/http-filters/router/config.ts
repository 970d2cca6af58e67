import type { HttpFilterContext, HttpFilterFactory } from "../../../contracts/extension.ts";
import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
} from "../../../contracts/http/filter.ts";
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
  createFilterFactory(config: RouterConfig, context: HttpFilterContext): HttpFilterInstances {
    const { dispatcher, clusterManager } = context;
    return new RouterInstances({
      config,
      stats: createRouterStats(context.stats.scope(context.statPrefix.replace(/\.$/, ""))),
      clusterManager,
      dispatcher,
      timeouts: context.singleton("router.timeouts", () => new TimeoutQueues(dispatcher)),
    });
  },
};
