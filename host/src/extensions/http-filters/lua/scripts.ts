import type { HttpFilterContext } from "../../../contracts/extension.ts";
import type { StreamFilterCallbacks } from "../../../contracts/http/filter.ts";
import type { Logger } from "../../../contracts/log.ts";
import type { Struct } from "../../../guest/lua/api/values.ts";
import type { LuaScript, LuaScriptConfig } from "../../../guest/lua/lua-script.ts";
import { LuaScriptStates } from "../../../guest/lua/script-states.ts";
import { guestBudgetOf } from "../../../guest/limits/guest-budget.ts";
import { StateQuota } from "../../../guest/lua/engine/state-quota.ts";
import { luaLimitsFor, stateQuotaOf } from "../../../guest/lua/options.ts";

/** `envoy.extensions.filters.http.lua.v3.LuaPerRoute` as plain data. */
export interface LuaRouteConfig {
  readonly disabled: boolean;
  /** A key of `Lua.source_codes`; empty when the route names none. */
  readonly name: string;
  /** The route's own script, and the same ready to be loaded: set by `prepareRouteConfig`. */
  readonly source: Uint8Array | undefined;
  readonly script: LuaScriptConfig | undefined;
  readonly filterContext: Struct;
}

/** What runs for one direction of a stream. */
export interface ScriptChoice {
  readonly states: { readonly current: LuaScript | undefined } | undefined;
  readonly filterContext: Struct;
}

/** Says what runs. */
export interface ScriptChooser {
  /** Asked at the headers of each direction, since the route may have changed in between. */
  choose(callbacks: StreamFilterCallbacks): ScriptChoice;
}

const noContext: Struct = {};

/** All scripts of one filter configuration on one worker, and those that its routes bring. */
export class FilterScripts implements ScriptChooser {
  readonly #context: HttpFilterContext;
  readonly #logger: Logger;
  readonly defaultStates: LuaScriptStates | undefined;
  readonly #default: ScriptChoice;
  readonly #named = new Map<string, LuaScriptStates>();
  /** By the route's configuration, which lives as long as its route table. */
  readonly #ofRoutes = new WeakMap<LuaRouteConfig, ScriptChoice>();

  /** Loads the scripts; throws a `ScriptLoadError`. */
  constructor(
    scripts: {
      readonly script: LuaScriptConfig | undefined;
      readonly named: ReadonlyMap<string, LuaScriptConfig>;
    },
    context: HttpFilterContext,
  ) {
    this.#context = context;
    this.#logger = context.loggers.logger("lua");
    this.defaultStates = scripts.script && this.#statesOf(scripts.script);
    this.#default = { states: this.defaultStates, filterContext: noContext };
    for (const [name, script] of scripts.named) this.#named.set(name, this.#statesOf(script));
  }

  choose(callbacks: StreamFilterCallbacks): ScriptChoice {
    const route = callbacks.mostSpecificPerFilterConfig() as LuaRouteConfig | undefined;
    if (route === undefined) return this.#default;
    let choice = this.#ofRoutes.get(route);
    if (choice === undefined) {
      choice = { states: this.#statesForRoute(route), filterContext: route.filterContext };
      this.#ofRoutes.set(route, choice);
    }
    return choice;
  }

  close(): void {
    this.defaultStates?.close();
    for (const states of this.#named.values()) states.close();
  }

  #statesForRoute(route: LuaRouteConfig): LuaScriptStates | undefined {
    if (route.disabled) return undefined;
    // A name that does not exist means no script, not the default one: as in Envoy.
    if (route.name !== "") return this.#named.get(route.name);
    if (route.script === undefined) return this.defaultStates;
    try {
      return this.#statesOf(route.script);
    } catch (error) {
      this.#logger.error(
        `lua filter "${this.#context.filterName}": the script of a route: ${error instanceof Error ? error.message : String(error)}`,
      );
      return undefined;
    }
  }

  #statesOf(script: LuaScriptConfig): LuaScriptStates {
    const context = this.#context;
    return new LuaScriptStates(
      script,
      {
        budget: guestBudgetOf(context),
        epoch: context.guestEpoch,
        logger: this.#logger,
        quota: context.singleton(
          "sluice.lua_state_quota",
          () => new StateQuota(stateQuotaOf(context.guestLimits)),
        ),
      },
      {
        loadBudgetMs: luaLimitsFor(context.guestLimits, context.filterName).configureMs,
        post: (callback) => context.dispatcher.post(callback),
      },
    );
  }
}
