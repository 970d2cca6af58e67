import type { Wasm } from "../../../config/gen/envoy/extensions/filters/http/wasm/v3/wasm_pb.js";
import type { HttpFilterContext, HttpFilterFactory } from "../../../contracts/extension.ts";
import type { HttpFilterInstances } from "../../../contracts/http/filter.ts";
import {
  parsePluginConfig,
  preparePluginConfig,
  type WasmPluginConfig,
} from "../../../guest/wasm/plugin-config.ts";
import { parseRouteConfig, type WasmRouteConfig } from "./route-config.ts";

async function createFilterFactory(
  config: WasmPluginConfig,
  context: HttpFilterContext,
): Promise<HttpFilterInstances> {
  const { WorkerPlugin } = await import("../../../guest/wasm/worker-plugin.ts");
  const { PluginInstances } = await import("./plugin-instances.ts");
  return new PluginInstances(await WorkerPlugin.start(config, context));
}

export const wasmFilter: HttpFilterFactory<WasmPluginConfig, WasmRouteConfig> = {
  name: "envoy.filters.http.wasm",
  messageName: "envoy.extensions.filters.http.wasm.v3.Wasm",
  isTerminal: false,
  parseConfig: (message: Wasm, context) => parsePluginConfig(message.config, message, context),
  prepare: preparePluginConfig,
  createFilterFactory,
  routeMessageName: "sluice.http.wasm.v1.WasmPerRoute",
  parseRouteConfig,
};
