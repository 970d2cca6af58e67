import type { Wasm } from "../../../config/gen/sluice/listener/wasm/v1/wasm_pb.js";
import type { ListenerFilterFactory } from "../../../contracts/extension.ts";
import type {
  ListenerFilter,
  ListenerFilterFactoryCb,
} from "../../../contracts/network/listener-filter.ts";
import {
  parsePluginConfig,
  preparePluginConfig,
  type WasmPluginConfig,
} from "../../../guest/wasm/plugin-config.ts";
import { WorkerPlugin } from "../../../guest/wasm/worker-plugin.ts";
import { RefusedSocket } from "./refused-socket.ts";
import { WasmListenerFilter } from "./wasm-listener-filter.ts";

export const wasmListenerFilter: ListenerFilterFactory<WasmPluginConfig> = {
  name: "sluice.filters.listener.wasm",
  messageName: "sluice.listener.wasm.v1.Wasm",
  parseConfig: (message: Wasm, context) => parsePluginConfig(message.config, message, context),
  prepare: preparePluginConfig,
  createFilterFactory: (config, context) => listenerFilters(WorkerPlugin.start(config, context)),
};

/** Adds a filter of `plugin` for each socket, unless its failure policy lets sockets go without. */
export function listenerFilters(
  plugin: Pick<WorkerPlugin, "rootForStream" | "dispose">,
): ListenerFilterFactoryCb {
  const addFilter = (add: (filter: ListenerFilter) => void): void => {
    const root = plugin.rootForStream();
    if (root === undefined) return;
    add(root === "refused" ? new RefusedSocket() : new WasmListenerFilter(root));
  };
  return Object.assign(addFilter, { dispose: () => plugin.dispose() });
}
