import type { Connection } from "../../../contracts/network/connection.ts";
import type { NetworkFilterFactoryCb } from "../../../contracts/network/filter.ts";
import type { WorkerPlugin } from "../../../guest/wasm/worker-plugin.ts";
import { RefusedConnection } from "./refused-connection.ts";
import { WasmNetworkFilter } from "./wasm-network-filter.ts";

/** Adds a filter of `plugin` to each connection, unless its failure policy lets connections go without. */
export function networkFilters(
  plugin: Pick<WorkerPlugin, "rootForStream" | "dispose">,
): NetworkFilterFactoryCb {
  const addFilter = (connection: Connection): void => {
    const root = plugin.rootForStream();
    if (root === undefined) return;
    if (root === "refused") connection.addReadFilter(new RefusedConnection());
    else connection.addFilter(new WasmNetworkFilter(root, connection));
  };
  return Object.assign(addFilter, { dispose: () => plugin.dispose() });
}
