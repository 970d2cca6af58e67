import type { WasmAccessLog } from "../../../config/gen/envoy/extensions/access_loggers/wasm/v3/wasm_pb.js";
import type { AccessLoggerFactory } from "../../../contracts/extension.ts";
import {
  parsePluginConfig,
  preparePluginConfig,
  type WasmPluginConfig,
} from "../../../guest/wasm/plugin-config.ts";

/** `envoy.access_loggers.wasm`: a plugin that is shown each stream or connection when it has ended. */
export const wasmAccessLogger: AccessLoggerFactory<WasmPluginConfig> = {
  name: "envoy.access_loggers.wasm",
  messageName: "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog",
  needsWorker: true,
  parseConfig: (message: WasmAccessLog, context) =>
    parsePluginConfig(message.config, message, context),
  prepare: preparePluginConfig,
  async createAccessLog(config, { worker }) {
    if (worker === undefined) throw new Error(`${this.name} needs a worker`);
    const { WorkerPlugin } = await import("../../../guest/wasm/worker-plugin.ts");
    const { PluginAccessLog } = await import("./plugin-access-log.ts");
    return new PluginAccessLog(await WorkerPlugin.start(config, worker));
  },
};
