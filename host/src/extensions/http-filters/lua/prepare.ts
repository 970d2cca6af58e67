import type { PrepareContext } from "../../../contracts/extension.ts";
import type { Result } from "../../../contracts/result.ts";
import { guestBudgetOf } from "../../../guest/limits/guest-budget.ts";
import { LuaCanary } from "../../../guest/lua/canary.ts";
import { StateQuota } from "../../../guest/lua/engine/state-quota.ts";
import { loadLuaModule } from "../../../guest/lua/lua-module.ts";
import type { LuaScriptConfig } from "../../../guest/lua/script-config.ts";
import { luaLimitsFor, luaModulesFor, luaOptionsFor } from "../../../guest/lua/options.ts";
import type { ModuleSource } from "../../../guest/lua/script-modules.ts";
import { createGuestShared, GuestSharedState } from "../../../guest/shared/shared-state.ts";
import type { LuaConfig } from "./config.ts";
import { type LuaRouteConfig, sharedNamespaceOf } from "./scripts.ts";

/** A script and what it is loaded with. */
type ScriptParts = Pick<LuaRouteConfig, "source" | "packagePaths" | "sharedVmId">;

/** Loads each script once in a state that is thrown away: what fails here is never pushed to a worker. */
export function prepareConfig(
  config: LuaConfig,
  context: PrepareContext,
): Result<LuaConfig, string> {
  const script = prepareScript(config, context);
  if (!script.ok) return script;
  const named = new Map<string, LuaScriptConfig>();
  for (const [name, source] of config.sources) {
    const result = prepareScript({ ...config, source }, context);
    if (!result.ok) return { ok: false, error: `source_codes["${name}"]: ${result.error}` };
    named.set(name, result.value!);
  }
  return { ok: true, value: { ...config, script: script.value, named } };
}

export function prepareRouteConfig(
  config: LuaRouteConfig,
  context: PrepareContext,
): Result<LuaRouteConfig, string> {
  const script = prepareScript(config, context);
  return script.ok ? { ok: true, value: { ...config, script: script.value } } : script;
}

function prepareScript(
  { source, packagePaths, sharedVmId }: ScriptParts,
  context: PrepareContext,
): Result<LuaScriptConfig | undefined, string> {
  if (source === undefined) return { ok: true, value: undefined };
  const limits = luaLimitsFor(context.guestLimits, context.filterName);
  const options = luaOptionsFor(context.guestLimits, context.filterName);
  const engine = context.singleton(
    `sluice.lua_module.${options.dialect}.${limits.memoryBytes}.${options.countInstructions}`,
    () => loadLuaModule(limits.memoryBytes, options.dialect, options.countInstructions),
  );
  if (!engine.ok) return engine;
  const script: LuaScriptConfig = {
    engine: engine.value,
    source,
    chunk: undefined,
    name: context.filterName,
    options,
    modules: givenModules(context),
    packagePaths,
    sharedVmId,
    callbackMs: limits.callbackMs,
  };
  const environment = {
    budget: guestBudgetOf(context),
    epoch: context.guestEpoch,
    logger: context.loggers.logger("lua"),
    quota: new StateQuota(),
    // What a trial run changes, no worker sees.
    shared: {
      data: context.singleton(
        "sluice.lua_canary_shared",
        () => new GuestSharedState(createGuestShared()).expiring,
      ),
      namespace: sharedNamespaceOf(context.filterName),
    },
  };
  const canary = context.singleton("sluice.lua_canary", () => new LuaCanary());
  return canary.try(script, environment, limits.canaryMs);
}

/** The modules that are configured, named in messages as they are there. */
function givenModules(context: PrepareContext): ReadonlyMap<string, ModuleSource> {
  const modules = luaModulesFor(context.guestLimits, context.filterName);
  return new Map([...modules].map(([name, source]) => [name, { source, chunkName: `@${name}` }]));
}
