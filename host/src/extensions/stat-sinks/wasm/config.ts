import type { Wasm } from "../../../config/gen/envoy/extensions/stat_sinks/wasm/v3/wasm_pb.js";
import type { StatsSinkFactory } from "../../../contracts/extension.ts";
import {
  parsePluginConfig,
  preparePluginConfig,
  type WasmPluginConfig,
} from "../../../guest/wasm/plugin-config.ts";

/** `envoy.stat_sinks.wasm`: a plugin that is shown the statistics at every flush. */
export const wasmStatsSink: StatsSinkFactory<WasmPluginConfig> = {
  name: "envoy.stat_sinks.wasm",
  messageName: "envoy.extensions.stat_sinks.wasm.v3.Wasm",
  parseConfig: (message: Wasm, context) => parsePluginConfig(message.config, message, context),
  prepare: preparePluginConfig,
  async createStatsSink(config, context) {
    const { WorkerPlugin } = await import("../../../guest/wasm/worker-plugin.ts");
    const { PluginStatsSink } = await import("./plugin-stats-sink.ts");
    return new PluginStatsSink(await WorkerPlugin.start(config, context));
  },
};
