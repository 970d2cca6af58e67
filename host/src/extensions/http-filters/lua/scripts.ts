import type { HttpFilterContext } from "../../../contracts/extension.ts";
import type { StreamFilterCallbacks } from "../../../contracts/http/filter.ts";
import type { Logger } from "../../../contracts/log.ts";
import { cpuSharesOf } from "../../../guest/limits/cpu-share.ts";
import { guestBudgetOf } from "../../../guest/limits/guest-budget.ts";
import type { Struct } from "../../../guest/lua/api/values.ts";
import { StateQuota } from "../../../guest/lua/engine/state-quota.ts";
import type { LuaScriptConfig } from "../../../guest/lua/script-config.ts";
import { luaLimitsFor, stateQuotaOf, luaOptionsFor } from "../../../guest/lua/options.ts";
import { LuaScriptStates } from "../../../guest/lua/script-states.ts";
import { SharedScriptStates, scriptKeyOf } from "../../../guest/lua/shared-script-states.ts";
import { guestSharedOf } from "../../../guest/shared/shared-state.ts";
import type { LuaScriptReport } from "../../../guest/watch/guest-report.ts";
import { guestReportsOf } from "../../../guest/watch/guest-reports.ts";
import { guestWatchesOf } from "../../../guest/watch/guest-watches.ts";
import type { WatchedGuest } from "../../../guest/watch/watched-guest.ts";

/** `envoy.extensions.filters.http.lua.v3.LuaPerRoute` as plain data. */
export interface LuaRouteConfig {
  readonly disabled: boolean;
  /** A key of `Lua.source_codes`; empty when the route names none. */
  readonly name: string;
  /** The route's own script, and the same ready to be loaded: set by `prepareRouteConfig`. */
  readonly source: Uint8Array | undefined;
  readonly script: LuaScriptConfig | undefined;
  readonly packagePaths: readonly string[];
  readonly sharedVmId: string;
  /** Undefined: the filter's. */
  readonly filterContext: Struct | undefined;
}

/** The states of a script, as filters use them. */
export type ScriptStates = Pick<LuaScriptStates, "current" | "admits">;

/** What runs for one direction of a stream. */
export interface ScriptChoice {
  readonly states: ScriptStates | undefined;
  readonly filterContext: Struct;
  /** `default`, the key in `source_codes`, or `route` for a route's own. */
  readonly scriptName: string;
}

/** Says what runs. */
export interface ScriptChooser {
  /** Asked at the headers of each direction, since the route may have changed in between. */
  choose(callbacks: StreamFilterCallbacks): ScriptChoice;
}

const defaultScript = "default";
const routeScript = "route";

/** All scripts of one filter configuration on one worker, and those that its routes bring. */
export class FilterScripts implements ScriptChooser {
  readonly #context: HttpFilterContext;
  readonly #logger: Logger;
  readonly #filterContext: Struct;
  readonly #namespace: string;
  /** With the names of the scripts, and how many of them have these states between them. */
  readonly #states = new Map<LuaScriptStates, { readonly script: string; users: number }>();
  /** What is known of the filter on this worker; undefined with `extensions: false`. */
  readonly watched: WatchedGuest | undefined = undefined;
  readonly defaultStates: LuaScriptStates | undefined;
  readonly #default: ScriptChoice;
  readonly #named = new Map<string, LuaScriptStates>();
  #stopReporting: () => void = () => {};
  /** By the route's configuration, which lives as long as its route table. */
  readonly #ofRoutes = new WeakMap<LuaRouteConfig, ScriptChoice>();
  /** Gives back what a route table that is gone has had. */
  readonly #routesGone = new FinalizationRegistry<LuaScriptStates>((states) => this.#free(states));

  /** Loads the scripts; throws a `ScriptLoadError`. */
  constructor(
    scripts: {
      readonly script: LuaScriptConfig | undefined;
      readonly named: ReadonlyMap<string, LuaScriptConfig>;
      readonly filterContext: Struct;
    },
    context: HttpFilterContext,
  ) {
    this.#context = context;
    this.#logger = context.loggers.logger("lua");
    this.#filterContext = scripts.filterContext;
    this.#namespace = sharedNamespaceOf(context.filterName);
    guestSharedOf(context).hold(this.#namespace);
    if (luaOptionsFor(context.guestLimits, context.filterName).extensions) {
      this.watched = guestWatchesOf(context).guest("lua", context.filterName);
      this.#stopReporting = guestReportsOf(context).addScripts(() => this.#report());
    }
    try {
      this.defaultStates = scripts.script && this.#statesOf(scripts.script, defaultScript);
      for (const [name, script] of scripts.named) {
        this.#named.set(name, this.#statesOf(script, name));
      }
    } catch (error) {
      this.close();
      throw error;
    }
    this.#default = {
      states: this.defaultStates,
      filterContext: scripts.filterContext,
      scriptName: defaultScript,
    };
  }

  choose(callbacks: StreamFilterCallbacks): ScriptChoice {
    const route = callbacks.mostSpecificPerFilterConfig() as LuaRouteConfig | undefined;
    if (route === undefined) return this.#default;
    let choice = this.#ofRoutes.get(route);
    if (choice === undefined) {
      choice = {
        states: this.#statesForRoute(route),
        filterContext: route.filterContext ?? this.#filterContext,
        scriptName: scriptNameOf(route),
      };
      this.#ofRoutes.set(route, choice);
    }
    return choice;
  }

  /** No stream comes any more. */
  close(): void {
    this.#stopReporting();
    for (const [states, { users }] of this.#states) {
      for (let i = 0; i < users; i += 1) this.#free(states);
    }
    guestSharedOf(this.#context).release(this.#namespace);
  }

  /** One script of this filter has the states no more. */
  #free(states: LuaScriptStates): void {
    const known = this.#states.get(states);
    // The filter is closed, and has given back all.
    if (known === undefined) return;
    known.users -= 1;
    if (known.users === 0) this.#states.delete(states);
    sharedStatesOf(this.#context).release(states);
  }

  #statesForRoute(route: LuaRouteConfig): LuaScriptStates | undefined {
    if (route.disabled) return undefined;
    // A name that does not exist means no script, not the default one: as in Envoy.
    if (route.name !== "") return this.#named.get(route.name);
    if (route.script === undefined) return this.defaultStates;
    try {
      const states = this.#statesOf(route.script, routeScript);
      this.#routesGone.register(route, states);
      return states;
    } catch (error) {
      this.#logger.error(
        `lua filter "${this.#context.filterName}": the script of a route: ${error instanceof Error ? error.message : String(error)}`,
      );
      return undefined;
    }
  }

  #report(): LuaScriptReport[] {
    const filter = this.#context.filterName;
    return [...this.#states].map(([states, { script }]) => states.report({ filter, script }));
  }

  #statesOf(script: LuaScriptConfig, name: string): LuaScriptStates {
    const states = sharedStatesOf(this.#context).acquire(script, () => this.#load(script));
    const known = this.#states.get(states);
    if (known === undefined) this.#states.set(states, { script: name, users: 1 });
    else known.users += 1;
    return states;
  }

  #load(script: LuaScriptConfig): LuaScriptStates {
    const context = this.#context;
    const { filterName, guestLimits, stats } = context;
    const limits = luaLimitsFor(guestLimits, filterName);
    const shares = cpuSharesOf(context);
    const own = stats.scope(`sluice.lua.${filterName}`);
    const share = shares.acquire(`lua ${filterName} ${scriptKeyOf(script)}`, limits.share, {
      exceeded: own.counter("cpu_share_exceeded"),
      refused: own.counter("cpu_share_refused"),
    });
    const environment = {
      budget: guestBudgetOf(context),
      epoch: context.guestEpoch,
      logger: this.#logger,
      quota: context.singleton(
        "sluice.lua_state_quota",
        () => new StateQuota(stateQuotaOf(guestLimits)),
      ),
      shared: { data: guestSharedOf(context).expiring, namespace: this.#namespace },
      share,
      watched: this.watched,
      time: context.dispatcher.machineTime,
    };
    return new LuaScriptStates(script, environment, {
      loadBudgetMs: limits.configureMs,
      post: (callback) => context.dispatcher.post(callback),
      count: stats.gauge("lua.lua_vm_count"),
      onClosed: () => shares.release(share),
    });
  }
}

/** What scripts of the filter of this name share; no `vm_id` of a Wasm plugin is like it. */
export function sharedNamespaceOf(filterName: string): string {
  return `\0lua ${filterName}`;
}

function scriptNameOf(route: LuaRouteConfig): string {
  if (route.name !== "") return route.name;
  return route.script === undefined ? defaultScript : routeScript;
}

function sharedStatesOf(context: HttpFilterContext): SharedScriptStates {
  return context.singleton("sluice.lua_shared_states", () => new SharedScriptStates());
}
