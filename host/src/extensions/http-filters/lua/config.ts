import type { DataSource } from "../../../config/gen/envoy/config/core/v3/base_pb.js";
import type { Lua } from "../../../config/gen/envoy/extensions/filters/http/lua/v3/lua_pb.js";
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
import { luaOptionsFor } from "../../../guest/lua/options.ts";
import { loadLuaModule } from "../../../guest/lua/lua-module.ts";
import { LuaScript, type LuaScriptConfig, tryScript } from "../../../guest/lua/lua-script.ts";
import { limitsFor } from "../../../guest/limits/effective-limits.ts";
import { guestBudgetOf } from "../../../guest/limits/guest-budget.ts";
import { LuaFilter, type LuaFilterShared } from "./lua-filter.ts";

/** `envoy.extensions.filters.http.lua.v3.Lua` as plain data. */
export interface LuaConfig {
  /** The script's text; undefined for an empty configuration. */
  readonly source: Uint8Array | undefined;
  /** The script ready to be loaded: set by `prepare`. */
  readonly script: LuaScriptConfig | undefined;
  readonly statPrefix: string;
  readonly clearRouteCache: boolean;
}

function parseConfig(message: Lua, context: ParseContext): LuaConfig {
  const inline = message.inlineCode;
  const source = message.defaultSourceCode;
  if (inline !== "" && source !== undefined) {
    const text =
      "Error: Only one of `inline_code` or `default_source_code` can be set for the Lua filter.";
    context.problem(message, "inline_code", text);
  }
  return {
    source: inline !== "" ? Buffer.from(inline) : readSource(message, source, context),
    script: undefined,
    statPrefix: message.statPrefix,
    clearRouteCache: message.clearRouteCache ?? true,
  };
}

function readSource(
  message: Lua,
  source: DataSource | undefined,
  context: ParseContext,
): Uint8Array | undefined {
  return source && context.dataSource(source, message, "default_source_code");
}

/** Loads the script once in a state that is thrown away: what fails here is never pushed to a worker. */
async function prepare(
  config: LuaConfig,
  context: PrepareContext,
): Promise<Result<LuaConfig, string>> {
  if (config.source === undefined) return { ok: true, value: config };
  const limits = limitsFor(context.guestLimits, context.filterName);
  const options = luaOptionsFor(context.guestLimits, context.filterName);
  const engine = context.singleton(
    `sluice.lua_module.${options.dialect}.${limits.memoryBytes}`,
    () => loadLuaModule(limits.memoryBytes, options.dialect),
  );
  if (!engine.ok) return engine;
  const script: LuaScriptConfig = {
    engine: engine.value,
    source: config.source,
    name: context.filterName,
    options,
    callbackMs: limits.callbackMs,
  };
  const environment = {
    budget: guestBudgetOf(context),
    epoch: context.guestEpoch,
    logger: context.loggers.logger("lua"),
  };
  const error = tryScript(script, environment, limits.canaryMs);
  if (error !== undefined) return { ok: false, error };
  return { ok: true, value: { ...config, script } };
}

function createFilterFactory(config: LuaConfig, context: HttpFilterContext): HttpFilterInstances {
  const logger = context.loggers.logger("lua");
  const script =
    config.script &&
    new LuaScript(
      config.script,
      { budget: guestBudgetOf(context), epoch: context.guestEpoch, logger },
      limitsFor(context.guestLimits, context.filterName).configureMs,
    );
  const prefix = `${context.statPrefix}lua.${config.statPrefix === "" ? "" : `${config.statPrefix}.`}`;
  const shared: LuaFilterShared = {
    script,
    clearRouteCache: config.clearRouteCache,
    logger,
    filterName: context.filterName,
    stats: {
      errors: context.stats.counter(`${prefix}errors`),
      executions: context.stats.counter(`${prefix}executions`),
    },
  };
  logMissingHooks(shared);
  return {
    createFilters(callbacks: FilterChainFactoryCallbacks): void {
      callbacks.addStreamFilter(new LuaFilter(shared));
    },
  };
}

function logMissingHooks({ script, logger }: LuaFilterShared): void {
  if (script === undefined) return;
  const text = (hook: string, what: string): string =>
    `${hook}() function not found. Lua filter will not hook ${what}.`;
  if (script.requestHook === undefined) logger.info(text("envoy_on_request", "requests"));
  if (script.responseHook === undefined) logger.info(text("envoy_on_response", "responses"));
}

export const luaFilter: HttpFilterFactory<LuaConfig> = {
  name: "envoy.filters.http.lua",
  messageName: "envoy.extensions.filters.http.lua.v3.Lua",
  isTerminal: false,
  parseConfig: parseConfig as HttpFilterFactory<LuaConfig>["parseConfig"],
  prepare,
  createFilterFactory,
};
