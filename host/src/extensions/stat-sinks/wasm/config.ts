import type { Wasm } from "../../../config/gen/envoy/extensions/stat_sinks/wasm/v3/wasm_pb.js";
import type { StatsSinkFactory } from "../../../contracts/extension.ts";
import {
  parsePluginConfig,
  preparePluginConfig,
  type WasmPluginConfig,
} from "../../../guest/wasm/plugin-config.ts";
import { WorkerPlugin } from "../../../guest/wasm/worker-plugin.ts";
import { PluginStatsSink } from "./plugin-stats-sink.ts";

/** `envoy.stat_sinks.wasm`: a plugin that is shown the statistics at every flush. */
export const wasmStatsSink: StatsSinkFactory<WasmPluginConfig> = {
  name: "envoy.stat_sinks.wasm",
  messageName: "envoy.extensions.stat_sinks.wasm.v3.Wasm",
  parseConfig: (message: Wasm, context) => parsePluginConfig(message.config, message, context),
  prepare: preparePluginConfig,
  createStatsSink: (config, context) => new PluginStatsSink(WorkerPlugin.start(config, context)),
};
