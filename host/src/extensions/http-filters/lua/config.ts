import type { DataSource } from "../../../config/gen/envoy/config/core/v3/base_pb.js";
import type {
  Lua,
  LuaPerRoute,
} from "../../../config/gen/envoy/extensions/filters/http/lua/v3/lua_pb.js";
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
import type { Logger } from "../../../contracts/log.ts";
import type { Result } from "../../../contracts/result.ts";
import { LuaCanary } from "../../../guest/lua/canary.ts";
import { StateQuota } from "../../../guest/lua/engine/state-quota.ts";
import { luaLimitsFor, luaModulesFor, luaOptionsFor } from "../../../guest/lua/options.ts";
import { loadLuaModule } from "../../../guest/lua/lua-module.ts";
import type { LuaScriptConfig } from "../../../guest/lua/lua-script.ts";
import { ScriptStats } from "../../../guest/lua/script-stats.ts";
import type { Struct } from "../../../guest/lua/api/values.ts";
import type { ModuleSource } from "../../../guest/lua/script-modules.ts";
import {
  createGuestShared,
  guestSharedOf,
  GuestSharedState,
} from "../../../guest/shared/shared-state.ts";
import { guestBudgetOf } from "../../../guest/limits/guest-budget.ts";
import { guestReportsOf } from "../../../guest/watch/guest-reports.ts";
import { messageTaps } from "../../../guest/watch/message-taps.ts";
import { LuaFilter, type LuaFilterShared } from "./lua-filter.ts";
import { FilterScripts, type LuaRouteConfig, sharedNamespaceOf } from "./scripts.ts";

/** `envoy.extensions.filters.http.lua.v3.Lua` as plain data. */
export interface LuaConfig {
  /** The script's text; undefined for an empty configuration. */
  readonly source: Uint8Array | undefined;
  /** The script ready to be loaded: set by `prepare`. */
  readonly script: LuaScriptConfig | undefined;
  /** `source_codes`, and the same ready to be loaded. */
  readonly sources: ReadonlyMap<string, Uint8Array>;
  readonly named: ReadonlyMap<string, LuaScriptConfig>;
  readonly statPrefix: string;
  readonly clearRouteCache: boolean;
  readonly filterContext: Struct;
  /** Templates for `package.path`. */
  readonly packagePaths: readonly string[];
  /** Scripts of the same text with the same id have one state; empty: each has its own. */
  readonly sharedVmId: string;
}

/** A script and what it is loaded with. */
type ScriptParts = Pick<LuaRouteConfig, "source" | "packagePaths" | "sharedVmId">;

function parseConfig(message: Lua, context: ParseContext): LuaConfig {
  const inline = message.inlineCode;
  const source = message.defaultSourceCode;
  if (inline !== "" && source !== undefined) {
    const text =
      "Error: Only one of `inline_code` or `default_source_code` can be set for the Lua filter.";
    context.problem(message, "inline_code", text);
  }
  const sources = new Map<string, Uint8Array>();
  for (const [name, code] of Object.entries(message.sourceCodes)) {
    const text = context.dataSource(code, message, `source_codes["${name}"]`);
    if (text !== undefined) sources.set(name, text);
  }
  return {
    source: inline !== "" ? Buffer.from(inline) : readSource(message, source, context),
    script: undefined,
    sources,
    named: new Map(),
    statPrefix: message.statPrefix,
    clearRouteCache: message.clearRouteCache ?? true,
    filterContext: message.filterContext ?? {},
    packagePaths: message.packagePaths,
    sharedVmId: message.sharedVmId,
  };
}

function readSource(
  message: Lua,
  source: DataSource | undefined,
  context: ParseContext,
): Uint8Array | undefined {
  return source && context.dataSource(source, message, "default_source_code");
}

function parseRouteConfig(message: LuaPerRoute, context: ParseContext): LuaRouteConfig {
  const { override } = message;
  if (override.case !== "sourceCode") {
    const text = "has no effect without source_code: other scripts are loaded as the filter says";
    if (message.packagePaths.length > 0) context.warning(message, "package_paths", text);
    if (message.sharedVmId !== "") context.warning(message, "shared_vm_id", text);
  }
  return {
    disabled: override.case === "disabled" && override.value,
    name: override.case === "name" ? override.value : "",
    source:
      override.case === "sourceCode"
        ? context.dataSource(override.value, message, "source_code")
        : undefined,
    script: undefined,
    packagePaths: message.packagePaths,
    sharedVmId: message.sharedVmId,
    filterContext: message.filterContext,
  };
}

/** Loads each script once in a state that is thrown away: what fails here is never pushed to a worker. */
async function prepare(
  config: LuaConfig,
  context: PrepareContext,
): Promise<Result<LuaConfig, string>> {
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

async function prepareRouteConfig(
  config: LuaRouteConfig,
  context: PrepareContext,
): Promise<Result<LuaRouteConfig, string>> {
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
    `sluice.lua_module.${options.dialect}.${limits.memoryBytes}`,
    () => loadLuaModule(limits.memoryBytes, options.dialect),
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

function createFilterFactory(config: LuaConfig, context: HttpFilterContext): HttpFilterInstances {
  const logger = context.loggers.logger("lua");
  const scripts = new FilterScripts(config, context);
  const prefix = `${context.statPrefix}lua.${config.statPrefix === "" ? "" : `${config.statPrefix}.`}`;
  const shared: LuaFilterShared = {
    scripts,
    clusterManager: context.clusterManager,
    clearRouteCache: config.clearRouteCache,
    logger,
    filterName: context.filterName,
    watched: scripts.watched,
    errors: scripts.watched && guestReportsOf(context).scriptErrors,
    stats: {
      errors: context.stats.counter(`${prefix}errors`),
      executions: context.stats.counter(`${prefix}executions`),
    },
    scriptStats: new ScriptStats(prefix, guestSharedOf(context).metrics, context.stats),
  };
  logMissingHooks(scripts, logger);
  return {
    createFilters(callbacks: FilterChainFactoryCallbacks): void {
      const taps = messageTaps(scripts.watched);
      taps?.addFront(callbacks);
      callbacks.addStreamFilter(new LuaFilter(shared));
      taps?.addBack(callbacks);
    },
    dispose(): void {
      scripts.close();
    },
  };
}

function logMissingHooks(scripts: FilterScripts, logger: Logger): void {
  const script = scripts.defaultStates?.current;
  if (script === undefined) return;
  const text = (hook: string, what: string): string =>
    `${hook}() function not found. Lua filter will not hook ${what}.`;
  if (script.requestHook === undefined) logger.info(text("envoy_on_request", "requests"));
  if (script.responseHook === undefined) logger.info(text("envoy_on_response", "responses"));
}

export const luaFilter: HttpFilterFactory<LuaConfig, LuaRouteConfig> = {
  name: "envoy.filters.http.lua",
  messageName: "envoy.extensions.filters.http.lua.v3.Lua",
  isTerminal: false,
  routeMessageName: "envoy.extensions.filters.http.lua.v3.LuaPerRoute",
  parseConfig: parseConfig as HttpFilterFactory<LuaConfig>["parseConfig"],
  prepare,
  parseRouteConfig,
  prepareRouteConfig,
  createFilterFactory,
};
