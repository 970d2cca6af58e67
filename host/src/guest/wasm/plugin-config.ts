import path from "node:path";
import type { Message } from "@bufbuild/protobuf";
import type {
  CapabilityRestrictionConfig,
  EnvironmentVariables,
  PluginConfig,
  VmConfig,
} from "../../config/gen/envoy/extensions/wasm/v3/wasm_pb.js";
import type { ParseContext, PrepareContext } from "../../contracts/extension.ts";
import type { Result } from "../../contracts/result.ts";
import { configurationBytes } from "./guest-configuration.ts";
import { parseRemoteCode, type RemoteCode } from "./remote/remote-code.ts";
import type { FailurePolicy, Plugin, PluginSettings, VmSettings } from "./plugin.ts";

/** `envoy.extensions.wasm.v3.PluginConfig` as plain data: parsed, then (`plugin`) prepared. */
export type WasmPluginConfig =
  | {
      readonly stage: "parsed";
      readonly settings: PluginSettings;
      readonly code: Uint8Array | RemoteCode;
    }
  | { readonly stage: "prepared"; readonly plugin: Plugin }
  /** Its code could not be fetched, or does not work: the failure policy decides about all streams. */
  | { readonly stage: "unavailable"; readonly settings: PluginSettings };

/** The engine's name in Envoy's configuration; V8 it is here too. */
const runtimeName = "envoy.wasm.runtime.v8";
/** `FailurePolicy` by its numbers; not specified is closed. */
const failurePolicies: readonly FailurePolicy[] = ["closed", "reload", "closed", "open"];
/** Of `reload_config.backoff.base_interval`. */
const reloadBackoffDefaultMs = 1000;

const noBytes = new Uint8Array(0);

/** `config`: field `config` of `owner`, which every place that can run a plugin has. */
export function parsePluginConfig(
  config: PluginConfig | undefined,
  owner: Message,
  context: ParseContext,
): WasmPluginConfig {
  if (config === undefined) {
    context.problem(owner, "config", "is missing: it names the plugin and its code");
    return { stage: "parsed", settings: emptySettings, code: noBytes };
  }
  const failure = parseFailure(config, context);
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
    ...failure,
    codeFile: codeFile(vm),
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
  failurePolicy: "closed",
  liveStreamsGoOn: false,
  reloadBackoffMs: reloadBackoffDefaultMs,
};

function parseFailure(
  config: PluginConfig,
  context: ParseContext,
): Pick<PluginSettings, "failurePolicy" | "liveStreamsGoOn" | "reloadBackoffMs"> {
  const number: number = config.failurePolicy;
  const policy = failurePolicies[number];
  if (policy === undefined) {
    context.problem(config, "failure_policy", `${number} is an unknown failure policy`);
  }
  if (config.failOpen && number !== 0) {
    context.problem(config, "fail_open", "only one of fail_open or failure_policy can be set");
  }
  if (config.reloadConfig !== undefined && policy !== "reload") {
    context.warning(config, "reload_config", "has no effect without failure_policy FAIL_RELOAD");
  }
  const backoff = config.reloadConfig?.backoff;
  if (backoff?.maxInterval !== undefined) {
    const text = "has no effect: the time between two VMs does not grow";
    context.warning(backoff, "max_interval", text);
  }
  return {
    failurePolicy: config.failOpen ? "open" : (policy ?? "closed"),
    liveStreamsGoOn: config.failOpen,
    reloadBackoffMs: context.durationMs(backoff?.baseInterval, reloadBackoffDefaultMs),
  };
}

function parseVm(vm: VmConfig, config: PluginConfig, context: ParseContext): VmSettings {
  if (vm.runtime !== "" && vm.runtime !== runtimeName) {
    const text = `"${vm.runtime}" is not supported; use "${runtimeName}", which runs the same modules`;
    context.problem(vm, "runtime", text);
  }
  if (vm.capabilityRestrictionConfig !== undefined && config.capabilityRestrictionConfig) {
    const text = "has no effect: vm_config has one, which counts";
    context.warning(config, "capability_restriction_config", text);
  }
  if (vm.nackOnCodeCacheMiss && vm.code?.specifier.case === "local") {
    context.warning(vm, "nack_on_code_cache_miss", "has no effect: the code is not fetched");
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

function codeFile(vm: VmConfig): string | undefined {
  const source = vm.code?.specifier;
  if (source?.case !== "local" || source.value.specifier.case !== "filename") return undefined;
  return path.resolve(source.value.specifier.value);
}

function parseCode(vm: VmConfig, context: ParseContext): Uint8Array | RemoteCode {
  const code = vm.code;
  if (code === undefined) {
    context.problem(vm, "code", "is missing: the module is not named");
    return noBytes;
  }
  switch (code.specifier.case) {
    case "local":
      return context.dataSource(code.specifier.value, code, "local") ?? noBytes;
    case "remote":
      return parseRemoteCode(code.specifier.value, vm.nackOnCodeCacheMiss, context) ?? noBytes;
    case undefined:
      context.problem(code, "local", "is missing: the module is not named");
      return noBytes;
  }
}

/** Loads, compiles and tries the plugin, on the main thread. */
export async function preparePluginConfig(
  config: WasmPluginConfig,
  context: PrepareContext,
): Promise<Result<WasmPluginConfig, string>> {
  if (config.stage !== "parsed") return { ok: true, value: config };
  const { settings, code } = config;
  // Workers never need what fetches, checks and compiles modules.
  const { preparePlugin } = await import("./canary.ts");
  if (code instanceof Uint8Array) return prepared(await preparePlugin(settings, code, context));
  const { obtainCode } = await import("./remote/obtain-code.ts");
  const obtained = await obtainCode(code, context);
  if (obtained.kind === "refused") return { ok: false, error: refusal(settings, obtained.reason) };
  if (obtained.kind === "unavailable") {
    return withoutCode(settings, refusal(settings, obtained.reason), context);
  }
  const result = await preparePlugin(settings, obtained.code, context);
  // What is known to be bad is refused; what turns out to be when it arrives, as what does not arrive.
  if (result.ok || !obtained.fetched) return prepared(result);
  return withoutCode(settings, result.error, context);
}

function prepared(result: Result<Plugin, string>): Result<WasmPluginConfig, string> {
  return result.ok ? { ok: true, value: { stage: "prepared", plugin: result.value } } : result;
}

function refusal({ name }: PluginSettings, reason: string): string {
  return `Unable to create Wasm plugin ${name}: ${reason}`;
}

/** Not so in Envoy, where the failure policy answers in any case: what runs goes on, and the version is refused. */
function withoutCode(
  settings: PluginSettings,
  error: string,
  context: PrepareContext,
): Result<WasmPluginConfig, string> {
  if (context.replaces === true) return { ok: false, error };
  const goes = settings.failurePolicy === "open" ? "go without it" : "are refused";
  context.loggers.logger("wasm").error(`${error}; until it is configured anew, streams ${goes}`);
  return { ok: true, value: { stage: "unavailable", settings } };
}
