import type { Any } from "@bufbuild/protobuf/wkt";
import type { Wasm } from "../../../config/gen/envoy/extensions/filters/http/wasm/v3/wasm_pb.js";
import type {
  CapabilityRestrictionConfig,
  EnvironmentVariables,
  PluginConfig,
  VmConfig,
} from "../../../config/gen/envoy/extensions/wasm/v3/wasm_pb.js";
import type {
  HttpFilterContext,
  HttpFilterFactory,
  ParseContext,
  PrepareContext,
} from "../../../contracts/extension.ts";
import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
} from "../../../contracts/http/filter.ts";
import type { Result } from "../../../contracts/result.ts";
import type { Plugin, PluginSettings, VmSettings } from "../../../guest/wasm/plugin.ts";
import { wasmRuntimeOf } from "../../../guest/wasm/runtime.ts";
import { WasmFilter } from "./wasm-filter.ts";

/** `envoy.extensions.filters.http.wasm.v3.Wasm` as plain data: parsed, then (`plugin`) prepared. */
export type WasmConfig =
  | { readonly stage: "parsed"; readonly settings: PluginSettings; readonly code: Uint8Array }
  | { readonly stage: "prepared"; readonly plugin: Plugin };

/** The engine's name in Envoy's configuration; V8 it is here too. */
const runtimeName = "envoy.wasm.runtime.v8";
/** Numbers of `FailurePolicy`. */
const failurePolicy = { unspecified: 0, failClosed: 2 };

const noBytes = new Uint8Array(0);

function parseConfig(message: Wasm, context: ParseContext): WasmConfig {
  const config = message.config;
  if (config === undefined) {
    context.problem(message, "config", "is missing: it names the plugin and its code");
    return { stage: "parsed", settings: emptySettings, code: noBytes };
  }
  checkFailurePolicy(config, context);
  const vm = config.vm.case === "vmConfig" ? config.vm.value : undefined;
  if (vm === undefined) {
    context.problem(config, "vm_config", "is missing: it names the code");
    return { stage: "parsed", settings: emptySettings, code: noBytes };
  }
  const settings: PluginSettings = {
    name: config.name,
    rootId: config.rootId,
    vm: parseVm(vm, config, context),
    configuration: configurationBytes(config.configuration, config, context),
    allowOnHeadersStopIteration: config.allowOnHeadersStopIteration ?? false,
  };
  return { stage: "parsed", settings, code: parseCode(vm, context) };
}

const emptySettings: PluginSettings = {
  name: "",
  rootId: "",
  vm: {
    vmId: "",
    runtime: runtimeName,
    configuration: noBytes,
    environment: [],
    allowedCapabilities: undefined,
  },
  configuration: noBytes,
  allowOnHeadersStopIteration: false,
};

function checkFailurePolicy(config: PluginConfig, context: ParseContext): void {
  const policy: number = config.failurePolicy;
  if (config.failOpen && policy !== failurePolicy.unspecified) {
    context.problem(config, "fail_open", "only one of fail_open or failure_policy can be set");
  } else if (config.failOpen) {
    context.problem(config, "fail_open", "is not supported; a failed plugin answers 503 here");
  }
  if (policy !== failurePolicy.unspecified && policy !== failurePolicy.failClosed) {
    context.problem(config, "failure_policy", "is not supported; use FAIL_CLOSED");
  }
}

function parseVm(vm: VmConfig, config: PluginConfig, context: ParseContext): VmSettings {
  if (vm.runtime !== "" && vm.runtime !== runtimeName) {
    const text = `"${vm.runtime}" is not supported; use "${runtimeName}", which runs the same modules`;
    context.problem(vm, "runtime", text);
  }
  return {
    vmId: vm.vmId,
    runtime: runtimeName,
    configuration: configurationBytes(vm.configuration, vm, context),
    environment: parseEnvironment(vm.environmentVariables, config.name, context),
    allowedCapabilities: allowedCapabilities(
      vm.capabilityRestrictionConfig ?? config.capabilityRestrictionConfig,
    ),
  };
}

/** An empty map allows everything. */
function allowedCapabilities(
  restriction: CapabilityRestrictionConfig | undefined,
): readonly string[] | undefined {
  const names = Object.keys(restriction?.allowedCapabilities ?? {});
  return names.length === 0 ? undefined : names.sort();
}

function parseEnvironment(
  variables: EnvironmentVariables | undefined,
  pluginName: string,
  context: ParseContext,
): [string, string][] {
  if (variables === undefined) return [];
  const entries = Object.entries(variables.keyValues);
  const seen = new Set(entries.map(([key]) => key));
  for (const key of variables.hostEnvKeys) {
    if (seen.has(key)) {
      const text = `Key ${key} is duplicated in envoy.extensions.wasm.v3.VmConfig.environment_variables for ${pluginName}. All the keys must be unique.`;
      context.problem(variables, "host_env_keys", text);
    }
    seen.add(key);
    const value = process.env[key];
    if (value !== undefined) entries.push([key, value]);
  }
  return entries;
}

function parseCode(vm: VmConfig, context: ParseContext): Uint8Array {
  const code = vm.code;
  if (code === undefined) {
    context.problem(vm, "code", "is missing: the module is not named");
    return noBytes;
  }
  switch (code.specifier.case) {
    case "local":
      return context.dataSource(code.specifier.value, code, "local") ?? noBytes;
    case "remote":
      return noBytes; // refused as a field
    case undefined:
      context.problem(code, "local", "is missing: the module is not named");
      return noBytes;
  }
}

/** What the guest gets: the text or bytes of a StringValue or BytesValue, the encoded message of any other type. */
function configurationBytes(
  any: Any | undefined,
  owner: PluginConfig | VmConfig,
  context: ParseContext,
): Uint8Array {
  if (any === undefined) return noBytes;
  const type = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
  if (type !== "google.protobuf.StringValue" && type !== "google.protobuf.BytesValue") {
    return Uint8Array.from(any.value);
  }
  const message = context.unpack(any, owner, "configuration");
  const value = (message as { readonly value?: string | Uint8Array } | undefined)?.value;
  // Arrays of their own: what travels to the workers is the whole buffer under them.
  return typeof value === "string" ? new TextEncoder().encode(value) : Uint8Array.from(value ?? []);
}

async function prepare(
  config: WasmConfig,
  context: PrepareContext,
): Promise<Result<WasmConfig, string>> {
  if (config.stage === "prepared") return { ok: true, value: config };
  // Workers never need what checks and compiles modules.
  const { preparePlugin } = await import("../../../guest/wasm/canary.ts");
  const prepared = await preparePlugin(config.settings, config.code, context);
  if (!prepared.ok) return prepared;
  return { ok: true, value: { stage: "prepared", plugin: prepared.value } };
}

function createFilterFactory(config: WasmConfig, context: HttpFilterContext): HttpFilterInstances {
  if (config.stage !== "prepared") throw new Error("the plugin was not prepared");
  const acquired = wasmRuntimeOf(context).acquire(config.plugin);
  if (!acquired.ok) {
    throw new Error(
      `Unable to create Wasm plugin ${config.plugin.settings.name}: ${acquired.error}`,
    );
  }
  const handle = acquired.value;
  const { root } = handle;
  const logs = root.vm.exports.onLog !== undefined;
  return {
    createFilters(callbacks: FilterChainFactoryCallbacks): void {
      const filter = new WasmFilter(root);
      callbacks.addStreamFilter(filter);
      if (logs) callbacks.addAccessLogHandler((streamInfo) => filter.onLog(streamInfo));
    },
    dispose: () => handle.release(),
  };
}

export const wasmFilter: HttpFilterFactory<WasmConfig> = {
  name: "envoy.filters.http.wasm",
  messageName: "envoy.extensions.filters.http.wasm.v3.Wasm",
  isTerminal: false,
  parseConfig: parseConfig as HttpFilterFactory<WasmConfig>["parseConfig"],
  prepare,
  createFilterFactory,
};
