import type { HttpFilterFactory } from "../../../contracts/extension.ts";
import { parseRouterConfig, type RouterConfig } from "../../../router/router-config.ts";

/** `envoy.filters.http.router`: the last filter of every chain. What it does is in `host/src/router/`. */
export const routerFilter: HttpFilterFactory<RouterConfig> = {
  name: "envoy.filters.http.router",
  messageName: "envoy.extensions.filters.http.router.v3.Router",
  isTerminal: true,
  parseConfig: parseRouterConfig,
  async createFilterFactory(config, context) {
    const { createRouterFilters } = await import("./create-router-filters.ts");
    return createRouterFilters(config, context);
  },
};
