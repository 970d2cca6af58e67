import type { HttpFilterContext } from "../../../contracts/extension.ts";
import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
} from "../../../contracts/http/filter.ts";
import { GrpcAuthorization } from "../../common/ext_authz/grpc-authorization.ts";
import { MetadataMatcher } from "../../common/ext_authz/metadata-matcher.ts";
import { CheckHeaders } from "./check-headers.ts";
import type { ExtAuthzConfig } from "./ext-authz-config.ts";
import { ExtAuthzFilter, type ExtAuthzShared } from "./ext-authz-filter.ts";
import { GrpcHttpAuthorization } from "./grpc-http-authorization.ts";
import type { HttpAuthorization } from "./http-check.ts";
import { alwaysAllowed, PlainHttpAuthorization } from "./plain-http-authorization.ts";
import { ExtAuthzClusterStats, extAuthzStats } from "./stats.ts";

/** The filters of one configuration on a worker. */
export function createExtAuthz(
  config: ExtAuthzConfig,
  context: HttpFilterContext,
): HttpFilterInstances {
  const shared: ExtAuthzShared = {
    config,
    authorization: authorizationOf(config, context),
    enabledMetadata: config.enabledMetadata && new MetadataMatcher(config.enabledMetadata),
    clusterManager: context.clusterManager,
    dispatcher: context.dispatcher,
    stats: extAuthzStats(context.stats, context.statPrefix, config.statPrefix),
    clusterStats: new ExtAuthzClusterStats(config.statPrefix),
  };
  return {
    createFilters(callbacks: FilterChainFactoryCallbacks): void {
      callbacks.addStreamFilter(new ExtAuthzFilter(shared));
    },
  };
}

function authorizationOf(config: ExtAuthzConfig, context: HttpFilterContext): HttpAuthorization {
  const { allowedHeaders, disallowedHeaders: disallowed, encodeRawHeaders: raw, service } = config;
  if (service.kind === "grpc") {
    const headers = new CheckHeaders({ allowed: allowedHeaders, disallowed, raw });
    const authorization = new GrpcAuthorization(service.service, context);
    return new GrpcHttpAuthorization(config, headers, authorization);
  }
  const named = allowedHeaders ?? service.service.allowedHeaders ?? [];
  const headers = new CheckHeaders({ allowed: [...alwaysAllowed, ...named], disallowed, raw });
  return new PlainHttpAuthorization(service.service, headers, context.clusterManager);
}
