import type { NetworkFilterFactory } from "../../../contracts/extension.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import type { NetworkFilterFactoryCb } from "../../../contracts/network/filter.ts";
import type { RouteTable } from "../../../contracts/router/route.ts";
import type { ListenerContext } from "../../../contracts/runtime.ts";
import type { HcmConfig } from "../../../http/connection-manager/config.ts";
import type { RouteTableConfig } from "../../../router/route-config.ts";
import { parseConfig } from "./parse-config.ts";

async function createFilterFactory(
  config: HcmConfig,
  context: ListenerContext,
): Promise<NetworkFilterFactoryCb> {
  const { ConnectionManager } =
    await import("../../../http/connection-manager/connection-manager.ts");
  const { createSharedState } =
    await import("../../../http/connection-manager/create-shared-state.ts");
  const { createRouteTable } = await import("../../../router/route-table.ts");
  const { routeDiscovery } = config;
  const routes =
    routeDiscovery === undefined
      ? { routeTable: createRouteTable(config.routeConfig as RouteTableConfig) }
      : { routeTable: noRoutes, routes: context.routes.get(routeDiscovery.key) };
  const shared = await createSharedState(config, routes, context);
  const addFilter = (connection: Connection): void => {
    connection.addReadFilter(new ConnectionManager(shared));
  };
  // Streams of the last connection may still be on their way out.
  const dispose = (): void => context.dispatcher.post(() => shared.dispose());
  return Object.assign(addFilter, { dispose });
}

/** As long as none have arrived: every request is answered with 404. */
const noRoutes: RouteTable = { name: "", internalOnlyHeaders: [], route: () => undefined };

export const httpConnectionManagerFilter: NetworkFilterFactory<HcmConfig> = {
  name: "envoy.filters.network.http_connection_manager",
  messageName: "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  isTerminal: true,
  parseConfig,
  createFilterFactory,
};
