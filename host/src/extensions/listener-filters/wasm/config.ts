import type { Wasm } from "../../../config/gen/sluice/listener/wasm/v1/wasm_pb.js";
import type { ListenerFilterFactory } from "../../../contracts/extension.ts";
import {
  parsePluginConfig,
  preparePluginConfig,
  type WasmPluginConfig,
} from "../../../guest/wasm/plugin-config.ts";

export const wasmListenerFilter: ListenerFilterFactory<WasmPluginConfig> = {
  name: "sluice.filters.listener.wasm",
  messageName: "sluice.listener.wasm.v1.Wasm",
  parseConfig: (message: Wasm, context) => parsePluginConfig(message.config, message, context),
  prepare: preparePluginConfig,
  async createFilterFactory(config, context) {
    const { WorkerPlugin } = await import("../../../guest/wasm/worker-plugin.ts");
    const { listenerFilters } = await import("./listener-filters.ts");
    return listenerFilters(await WorkerPlugin.start(config, context));
  },
};
