import type { Wasm } from "../../../config/gen/envoy/extensions/filters/network/wasm/v3/wasm_pb.js";
import type { NetworkFilterFactory } from "../../../contracts/extension.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import type { NetworkFilterFactoryCb } from "../../../contracts/network/filter.ts";
import {
  parsePluginConfig,
  preparePluginConfig,
  type WasmPluginConfig,
} from "../../../guest/wasm/plugin-config.ts";
import { WorkerPlugin } from "../../../guest/wasm/worker-plugin.ts";
import { RefusedConnection } from "./refused-connection.ts";
import { WasmNetworkFilter } from "./wasm-network-filter.ts";

export const wasmNetworkFilter: NetworkFilterFactory<WasmPluginConfig> = {
  name: "envoy.filters.network.wasm",
  messageName: "envoy.extensions.filters.network.wasm.v3.Wasm",
  isTerminal: false,
  parseConfig: (message: Wasm, context) => parsePluginConfig(message.config, message, context),
  prepare: preparePluginConfig,
  createFilterFactory: (config, context) => networkFilters(WorkerPlugin.start(config, context)),
};

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
