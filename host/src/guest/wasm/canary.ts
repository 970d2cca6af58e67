import { systemTime } from "../../common/time/clock.ts";
import type { PrepareContext } from "../../contracts/extension.ts";
import type { Result } from "../../contracts/result.ts";
import { limitsFor } from "../limits/effective-limits.ts";
import { guestBudgetOf } from "../limits/guest-budget.ts";
import { ModuleCache } from "./engine/module-cache.ts";
import { pluginKey, vmKey } from "./plugin-key.ts";
import type { Plugin, PluginSettings } from "./plugin.ts";
import type { VmEnvironment } from "./proxy-wasm/vm.ts";
import { guestSharedOf } from "../shared/shared-state.ts";
import { createVm, startPlugin } from "./runtime.ts";
import { uncounted } from "./stats.ts";

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
  const plugin: Plugin = {
    settings,
    limits,
    module: loaded.value,
    vmKey: vmKey(settings.vm, limits, loaded.value),
    pluginKey: pluginKey(settings),
  };
  const problem = canary(plugin, context);
  return problem === undefined ? { ok: true, value: plugin } : refused(problem);
}

function canary(plugin: Plugin, context: PrepareContext): string | undefined {
  const budget = guestBudgetOf(context);
  const environment: VmEnvironment = {
    epoch: context.guestEpoch,
    budget,
    logger: context.loggers.logger("wasm"),
    time: systemTime,
    localInfo: context.localInfo,
    shared: guestSharedOf(context),
  };
  // All of it runs on one budget: calls inside keep the outer one.
  const startMs = Math.min(plugin.limits.canaryMs, context.deadlineMs);
  budget.enter(startMs);
  try {
    const made = createVm(plugin, environment, uncounted, startMs);
    if (!made.ok) return made.error;
    const started = startPlugin(made.value, plugin, startMs);
    made.value.retire();
    return started.ok ? undefined : started.error;
  } finally {
    budget.leave();
  }
}
