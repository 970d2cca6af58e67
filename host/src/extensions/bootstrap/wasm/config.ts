import type { WasmService } from "../../../config/gen/envoy/extensions/wasm/v3/wasm_pb.js";
import type {
  BootstrapExtensionFactory,
  ParseContext,
  PrepareContext,
} from "../../../contracts/extension.ts";
import type { Result } from "../../../contracts/result.ts";
import type { WorkerContext } from "../../../contracts/runtime.ts";
import {
  parsePluginConfig,
  preparePluginConfig,
  type WasmPluginConfig,
} from "../../../guest/wasm/plugin-config.ts";
import type { PluginService } from "./plugin-service.ts";

/** `envoy.extensions.wasm.v3.WasmService` as plain data. */
export interface WasmServiceConfig {
  readonly plugin: WasmPluginConfig;
  /** One in the process instead of one per worker. */
  readonly singleton: boolean;
}

/** The worker that has what exists once in the process. */
const singletonWorker = 0;

function parseConfig(message: WasmService, context: ParseContext): WasmServiceConfig {
  const plugin = parsePluginConfig(message.config, message, context);
  return { plugin, singleton: message.singleton };
}

async function prepare(
  config: WasmServiceConfig,
  context: PrepareContext,
): Promise<Result<WasmServiceConfig, string>> {
  const prepared = await preparePluginConfig(config.plugin, context);
  return prepared.ok ? { ok: true, value: { ...config, plugin: prepared.value } } : prepared;
}

async function createService(
  config: WasmServiceConfig,
  context: WorkerContext,
): Promise<PluginService | undefined> {
  if (config.singleton && context.workerIndex !== singletonWorker) return undefined;
  const { WorkerPlugin } = await import("../../../guest/wasm/worker-plugin.ts");
  const { PluginService } = await import("./plugin-service.ts");
  return new PluginService(await WorkerPlugin.start(config.plugin, context), context.dispatcher);
}

/** `envoy.bootstrap.wasm`: a plugin without streams, which lives by its ticks, queues and calls. */
export const wasmService: BootstrapExtensionFactory<WasmServiceConfig> = {
  name: "envoy.bootstrap.wasm",
  messageName: "envoy.extensions.wasm.v3.WasmService",
  parseConfig,
  prepare,
  createService,
};
