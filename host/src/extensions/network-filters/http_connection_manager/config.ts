import type { NetworkFilterFactory } from "../../../contracts/extension.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import type { NetworkFilterFactoryCb } from "../../../contracts/network/filter.ts";
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
  const routeTable = createRouteTable(config.routeConfig as RouteTableConfig);
  const shared = await createSharedState(config, routeTable, context);
  const addFilter = (connection: Connection): void => {
    connection.addReadFilter(new ConnectionManager(shared));
  };
  // Streams of the last connection may still be on their way out.
  const dispose = (): void => context.dispatcher.post(() => shared.filterChain.dispose());
  return Object.assign(addFilter, { dispose });
}

export const httpConnectionManagerFilter: NetworkFilterFactory<HcmConfig> = {
  name: "envoy.filters.network.http_connection_manager",
  messageName: "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  isTerminal: true,
  parseConfig: parseConfig as NetworkFilterFactory<HcmConfig>["parseConfig"],
  createFilterFactory,
};
