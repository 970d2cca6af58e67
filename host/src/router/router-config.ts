import type { Router } from "../config/gen/envoy/extensions/filters/http/router/v3/router_pb.js";
import type { HttpFilterConfig } from "../contracts/config/snapshot.ts";
import type { ParseContext } from "../contracts/extension.ts";
import { parseUpstreamHttpFilters } from "../http/filter-manager/parse-http-filters.ts";

/** `envoy.extensions.filters.http.router.v3.Router` as plain data. */
export interface RouterConfig {
  /** Count response codes and times per cluster. */
  readonly dynamicStats: boolean;
  /** Add no x-envoy-… headers. */
  readonly suppressEnvoyHeaders: boolean;
  readonly respectExpectedRqTimeout: boolean;
  /** Filters of requests to clusters that have none of their own, without the codec filter that ends them. */
  readonly upstreamHttpFilters: readonly HttpFilterConfig[];
}

export function parseRouterConfig(message: Router, context: ParseContext): RouterConfig {
  return {
    dynamicStats: message.dynamicStats ?? true,
    suppressEnvoyHeaders: message.suppressEnvoyHeaders,
    respectExpectedRqTimeout: message.respectExpectedRqTimeout,
    upstreamHttpFilters: parseUpstreamHttpFilters(message.upstreamHttpFilters, "router", context),
  };
}
