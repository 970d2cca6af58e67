import type { Wasm } from "../../../config/gen/envoy/extensions/filters/network/wasm/v3/wasm_pb.js";
import type { NetworkFilterFactory } from "../../../contracts/extension.ts";
import {
  parsePluginConfig,
  preparePluginConfig,
  type WasmPluginConfig,
} from "../../../guest/wasm/plugin-config.ts";

export const wasmNetworkFilter: NetworkFilterFactory<WasmPluginConfig> = {
  name: "envoy.filters.network.wasm",
  messageName: "envoy.extensions.filters.network.wasm.v3.Wasm",
  isTerminal: false,
  parseConfig: (message: Wasm, context) => parsePluginConfig(message.config, message, context),
  prepare: preparePluginConfig,
  async createFilterFactory(config, context) {
    const { WorkerPlugin } = await import("../../../guest/wasm/worker-plugin.ts");
    const { networkFilters } = await import("./network-filters.ts");
    return networkFilters(await WorkerPlugin.start(config, context));
  },
};
