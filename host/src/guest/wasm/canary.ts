import { callbacks, exportSignature, hostcallNames, wasiFunctions } from "@sluice/abi";
import { closest } from "../../common/closest.ts";
import { systemTime } from "../../common/time/clock.ts";
import type { WasmSettings } from "../../contracts/config/guests.ts";
import type { PrepareContext } from "../../contracts/extension.ts";
import type { Result } from "../../contracts/result.ts";
import { limitsFor, wasmSettingsFor } from "../limits/effective-limits.ts";
import { guestBudgetOf } from "../limits/guest-budget.ts";
import { ModuleCache } from "./engine/module-cache.ts";
import { pluginKey, vmKey } from "./plugin-key.ts";
import type { LoadedModule, Plugin, PluginSettings } from "./plugin.ts";
import type { VmEnvironment } from "./proxy-wasm/vm-environment.ts";
import { guestSharedOf } from "../shared/shared-state.ts";
import { CloneCandidate } from "./clone-candidate.ts";
import { codeStoreStats } from "./remote/code-store.ts";
import { uncounted } from "./stats.ts";
import { createVm, startPlugin } from "./vm-start.ts";

/** What `capability_restriction_config` may name. */
const capabilities: readonly string[] = [
  ...hostcallNames,
  ...Object.keys(callbacks),
  ...Object.keys(wasiFunctions),
];

/**
 * On the main thread: checks and compiles the code of a plugin and runs it once up to `on_configure`, in a VM that
 * is then dropped. What fails here would fail on every worker.
 */
export async function preparePlugin(
  settings: PluginSettings,
  code: Uint8Array,
  context: PrepareContext,
): Promise<Result<Plugin, string>> {
  const refused = (text: string): Result<Plugin, string> => ({
    ok: false,
    error: `Unable to create Wasm plugin ${settings.name}: ${text}`,
  });
  const cache = context.singleton("sluice.wasm_modules", () => new ModuleCache());
  const limits = limitsFor(context.guestLimits, settings.name, context.filterName);
  const loaded = await cache.load(code, limits);
  if (!loaded.ok) return refused(loaded.error);
  if (context.stats !== undefined) codeStoreStats(context.stats);
  const logger = context.loggers.logger("wasm");
  const { warnings } = loaded.value;
  for (const warning of [...warnings, ...capabilityWarnings(settings, loaded.value)]) {
    logger.warning(`wasm: plugin "${settings.name}": ${warning}`);
  }
  const notCloned = whyNotCloned(
    wasmSettingsFor(context.guestLimits, settings.name, context.filterName),
    loaded.value,
  );
  const plugin: Plugin = {
    settings,
    limits,
    module: loaded.value,
    vmKey: vmKey(settings.vm, limits, loaded.value),
    pluginKey: pluginKey(settings),
    snapshot: undefined,
    notCloned,
  };
  const environment = canaryEnvironment(context);
  const startMs = Math.min(limits.canaryMs, context.deadlineMs);
  // All of it runs on one budget: calls inside keep the outer one.
  environment.budget.enter(startMs);
  try {
    const candidate = notCloned === "" ? new CloneCandidate(plugin.module) : undefined;
    const tried = tryPlugin(plugin, environment, startMs, candidate);
    if (tried.ok) return tried;
    const title = plugin.module.description?.title ?? "";
    return refused(title === "" ? tried.error : `${tried.error} (module ${title})`);
  } finally {
    environment.budget.leave();
  }
}

/** Empty: nothing is known before the trial that speaks against copies. */
function whyNotCloned({ cloneVms = true }: WasmSettings, { description }: LoadedModule): string {
  if (!cloneVms) return "cloning is switched off";
  return description?.clones === false ? "the module asks to be started" : "";
}

/** Allocators and start functions, which nobody has to allow, count as such. */
function isCapability(name: string): boolean {
  return capabilities.includes(name) || exportSignature(name, "0.2.1") !== undefined;
}

/** Capabilities that do not exist, and calls that a module says it makes and that will fail. */
function capabilityWarnings({ vm }: PluginSettings, { description }: LoadedModule): string[] {
  const { allowedCapabilities } = vm;
  if (allowedCapabilities === undefined) return [];
  const warnings: string[] = [];
  for (const name of allowedCapabilities.filter((each) => !isCapability(each))) {
    const near = closest(name, capabilities);
    const mend = near === undefined ? "" : ` (did you mean ${near}?)`;
    warnings.push(
      `capability_restriction_config allows ${name}, which is no host call, callback or WASI function${mend}`,
    );
  }
  const denied =
    description?.capabilities.filter((name) => !allowedCapabilities.includes(name)) ?? [];
  if (denied.length === 0) return warnings;
  return [
    ...warnings,
    `the module calls ${denied.join(", ")}, which capability_restriction_config does not allow: these calls fail`,
  ];
}

function canaryEnvironment(context: PrepareContext): VmEnvironment {
  return {
    epoch: context.guestEpoch,
    budget: guestBudgetOf(context),
    logger: context.loggers.logger("wasm"),
    time: systemTime,
    localInfo: context.localInfo,
    shared: guestSharedOf(context),
  };
}

/** Starts and configures the plugin in a VM that is then dropped; with a candidate, what it gives is kept. */
function tryPlugin(
  plugin: Plugin,
  environment: VmEnvironment,
  startMs: number,
  candidate?: CloneCandidate,
): Result<Plugin, string> {
  const made = createVm(plugin, environment, uncounted, startMs, candidate);
  if (!made.ok) return made;
  const started = startPlugin(made.value, plugin, startMs);
  const snapshot = started.ok ? candidate?.snapshot(started.value) : undefined;
  made.value.retire();
  if (!started.ok) return started;
  if (snapshot === undefined) return { ok: true, value: plugin };
  if (typeof snapshot !== "string") return { ok: true, value: { ...plugin, snapshot } };
  environment.logger.debug(
    `wasm: VMs of plugin ${plugin.settings.name} are not cloned: ${snapshot}`,
  );
  return { ok: true, value: { ...plugin, notCloned: snapshot } };
}
