import type { Router } from "../config/gen/envoy/extensions/filters/http/router/v3/router_pb.js";

/** `envoy.extensions.filters.http.router.v3.Router` as plain data. */
export interface RouterConfig {
  /** Count response codes and times per cluster. */
  readonly dynamicStats: boolean;
  /** Add no x-envoy-… headers. */
  readonly suppressEnvoyHeaders: boolean;
  readonly respectExpectedRqTimeout: boolean;
}

export function parseRouterConfig(message: Router): RouterConfig {
  return {
    dynamicStats: message.dynamicStats ?? true,
    suppressEnvoyHeaders: message.suppressEnvoyHeaders,
    respectExpectedRqTimeout: message.respectExpectedRqTimeout,
  };
}
