import { type LuaObject, LuaObjects } from "./api/lua-objects.ts";
import type { LuaEngine } from "./engine/lua-engine.ts";
import { LuaStatus, registryIndex } from "./engine/lua-exports.ts";
import type { HookObjects } from "./hook-objects.ts";
import { messageOf } from "./libraries/libraries.ts";
import type { LuaScriptConfig, LuaScriptEnvironment } from "./script-config.ts";
import {
  installAll,
  loadErrorOf,
  loadMainChunk,
  makeEngine,
  runMainChunk,
  trapText,
} from "./script-start.ts";

/** How a stretch of a hook ended. */
export const LuaOutcome = {
  Finished: 0,
  /** It waits: one of the handle's methods yielded, or the script did by itself. */
  Yielded: 1,
  /** A Lua error; the text is in `lastError`. The state lives on. */
  Failed: 2,
  /** Stopped by a limit, or the engine broke; the text is in `lastError`. The state is lost. */
  Trapped: 3,
} as const;
export type LuaOutcome = (typeof LuaOutcome)[keyof typeof LuaOutcome];

/** A coroutine of the script, kept for the next hook when it has finished cleanly. */
export interface LuaThread {
  readonly L: number;
  readonly ref: number;
}

/** What a waiting call gives: an object, nothing, or what the function pushes and counts. */
export type ResumeValue = LuaObject | ((engine: LuaEngine, L: number) => number) | undefined;

/**
 * A script in a Lua state of its own, on one thread. The constructor makes all that can be made without running any
 * of the script; `run` then runs the main chunk, once. Both throw a `ScriptLoadError`.
 */
export class LuaScript {
  readonly engine: LuaEngine;
  readonly objects: LuaObjects;
  readonly config: LuaScriptConfig;
  /** The hooks, as references into the registry; undefined where the script has none, and before `run`. */
  requestHook: bigint | undefined = undefined;
  responseHook: bigint | undefined = undefined;
  /** Why the state is lost; empty while it works. */
  trapReason = "";
  lastError = "";
  /** Where `lastError` comes from, in several lines; empty when it is not known. */
  lastTraceback = "";
  readonly #environment: LuaScriptEnvironment;
  readonly #idle: LuaThread[] = [];

  /** `loadBudgetMs`: CPU milliseconds. */
  constructor(config: LuaScriptConfig, environment: LuaScriptEnvironment, loadBudgetMs: number) {
    this.config = config;
    this.#environment = environment;
    const { budget } = environment;
    budget.enter(loadBudgetMs);
    let engine: LuaEngine | undefined;
    try {
      engine = makeEngine(config, environment);
      this.engine = engine;
      this.objects = new LuaObjects(engine);
      installAll(this, environment);
      loadMainChunk(engine, config);
    } catch (error) {
      engine?.release();
      throw loadErrorOf(error, budget.condemned, loadBudgetMs);
    } finally {
      budget.leave();
    }
  }

  /** Runs the main chunk and takes the hooks that it defines. */
  run(loadBudgetMs: number): void {
    const { budget } = this.#environment;
    budget.enter(loadBudgetMs);
    try {
      const hooks = runMainChunk(this.engine, this.config);
      this.requestHook = hooks.request;
      this.responseHook = hooks.response;
    } catch (error) {
      this.engine.release();
      throw loadErrorOf(error, budget.condemned, loadBudgetMs);
    } finally {
      budget.leave();
    }
  }

  /** The main chunk in compiled form; before `run`. */
  dumpMainChunk(): Buffer {
    return this.engine.dump();
  }

  /** Calls a hook with `handle` as its argument, in a coroutine of its own. */
  start(thread: LuaThread, hook: bigint, handle: LuaObject, held: HookObjects): LuaOutcome {
    const { budget } = this.#environment;
    budget.enter(this.config.callbackMs, this.#environment.share);
    try {
      this.engine.api.lua_rawgeti(thread.L, registryIndex, hook);
      held.keepForSlice(this.objects.push(thread.L, handle));
      return this.#outcome(thread, this.engine.resume(thread.L, 1));
    } catch (error) {
      return this.#trapped(error);
    } finally {
      budget.leave();
    }
  }

  /** Goes on with a waiting coroutine; `value` becomes the result of the call that waits, or pushes its results. */
  resume(thread: LuaThread, value: ResumeValue, held: HookObjects): LuaOutcome {
    const { budget } = this.#environment;
    budget.enter(this.config.callbackMs, this.#environment.share);
    try {
      let results = 0;
      if (typeof value === "function") {
        results = value(this.engine, thread.L);
      } else if (value !== undefined) {
        held.keepForSlice(this.objects.push(thread.L, value));
        results = 1;
      }
      return this.#outcome(thread, this.engine.resume(thread.L, results));
    } catch (error) {
      return this.#trapped(error);
    } finally {
      budget.leave();
    }
  }

  /** A coroutine to run a hook in; undefined when there is no memory left for one. */
  takeThread(): LuaThread | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const { budget } = this.#environment;
    budget.enter(this.config.callbackMs, this.#environment.share);
    try {
      const L = this.engine.api.lua_newthread(this.engine.L);
      return { L, ref: this.engine.reference(this.engine.L) };
    } catch (error) {
      this.#trapped(error);
      return undefined;
    } finally {
      budget.leave();
    }
  }

  /** Takes a coroutine back: `clean` when its hook has finished without an error. */
  releaseThread(thread: LuaThread, clean: boolean): void {
    if (this.trapReason !== "") return;
    if (clean) this.#idle.push(thread);
    else this.engine.api.luaL_unref(this.engine.L, registryIndex, thread.ref);
  }

  #outcome(thread: LuaThread, status: number): LuaOutcome {
    switch (status) {
      case LuaStatus.Ok:
        this.engine.api.lua_settop(thread.L, 0);
        return LuaOutcome.Finished;
      case LuaStatus.Yield:
        return LuaOutcome.Yielded;
      default:
        this.lastError = messageOf(this.config.options, this.engine.errorMessage(thread.L));
        this.lastTraceback = this.config.options.extensions ? this.engine.traceback(thread.L) : "";
        return LuaOutcome.Failed;
    }
  }

  #trapped(error: unknown): LuaOutcome {
    const { budget } = this.#environment;
    this.trapReason = trapText(error, budget.condemned, this.config.callbackMs);
    this.lastError = this.trapReason;
    this.lastTraceback = "";
    return LuaOutcome.Trapped;
  }
}
