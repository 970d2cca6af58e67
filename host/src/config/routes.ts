import type { Message } from "@bufbuild/protobuf";
import type { ParseContext } from "../contracts/extension.ts";
import type { RouteDiscoveryConfig } from "../contracts/router/route-providers.ts";
import { checkNode, parseConfigSource } from "./config-source.ts";
import type { ConfigContext } from "./context.ts";
import type { Found } from "./found.ts";
import type { Rds } from "./gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { typeUrlOf } from "./schema.ts";

interface RouteRequest {
  readonly statPrefix: string;
  readonly parse: (routes: Message, context: ParseContext) => unknown;
}

/** What `ParseContext.routeDiscovery` does. */
export function findRoutes(
  context: ConfigContext,
  found: Found,
  config: Rds,
  request: RouteRequest,
): RouteDiscoveryConfig | undefined {
  const { routeConfigName: name, configSource } = config;
  if (name === "") {
    context.problem(config, "route_config_name", "is missing; it names the routes to ask for");
  }
  // The rules say that there must be one.
  if (configSource === undefined) return undefined;
  const what = typeUrlOf("envoy.config.route.v3.RouteConfiguration");
  checkNode(context, config, "config_source", what);
  const source = parseConfigSource(context, configSource);
  if (source === undefined) return undefined;
  const key = `${name}@${source.key}`;
  if (!found.routes.some((routes) => routes.key === key)) {
    found.routes.push({ key, name, source, ...request });
  }
  return { key };
}
