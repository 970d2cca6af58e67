import type { HttpFilterContext } from "../../../contracts/extension.ts";
import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
} from "../../../contracts/http/filter.ts";
import type { Logger } from "../../../contracts/log.ts";
import { ScriptStats } from "../../../guest/lua/script-stats.ts";
import { guestSharedOf } from "../../../guest/shared/shared-state.ts";
import { guestReportsOf } from "../../../guest/watch/guest-reports.ts";
import { messageTaps } from "../../../guest/watch/message-taps.ts";
import type { LuaConfig } from "./config.ts";
import { LuaFilter, type LuaFilterShared } from "./lua-filter.ts";
import { FilterScripts } from "./scripts.ts";

/** The filters of one configuration on a worker, where its scripts are loaded now. */
export function createFilters(config: LuaConfig, context: HttpFilterContext): HttpFilterInstances {
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
