import type { LuaOptions } from "../../contracts/config/guests.ts";
import type { TimeSource } from "../../contracts/event.ts";
import type { Logger } from "../../contracts/log.ts";
import type { CpuShare } from "../limits/cpu-share.ts";
import type { GuestBudget } from "../limits/guest-budget.ts";
import type { LimitedModule } from "../limits/instance.ts";
import type { WatchedGuest } from "../watch/watched-guest.ts";
import { bufferMethods } from "./api/buffer-object.ts";
import { HeaderMethods } from "./api/header-object.ts";
import { type LuaObject, LuaObjects, LuaTypeId, typeNames } from "./api/lua-objects.ts";
import { logText } from "./api/log-text.ts";
import { MetadataMethods } from "./api/metadata-objects.ts";
import { type ScriptSharedData, SluiceTable } from "./api/sluice-table.ts";
import { sslMethods, sslSubjectMethods } from "./api/ssl-objects.ts";
import { StatsMethods } from "./api/stats-objects.ts";
import { StreamHandleMethods } from "./api/stream-handle-methods.ts";
import { StreamInfoMethods } from "./api/stream-info-objects.ts";
import { defineType, type MethodTable } from "./api/type-definition.ts";
import { publicKeyMethods, timestampResolution } from "./api/utility-methods.ts";
import { loadTextMax, LuaEngine, StateQuotaError } from "./engine/lua-engine.ts";
import { LuaStatus, LuaType, registryIndex } from "./engine/lua-exports.ts";
import type { StateQuota } from "./engine/state-quota.ts";
import { installRequire } from "./libraries/require.ts";
import { GivenModules, type ModuleFinder, type ModuleSource } from "./script-modules.ts";
import { installLibraries, messageOf, sourceOf, syntaxMessageOf } from "./libraries/libraries.ts";

/** What a script is made of: plain data that can be posted to a worker. */
export interface LuaScriptConfig {
  readonly engine: LimitedModule;
  readonly source: Uint8Array;
  /** The compiled main chunk, in memory that all threads and all scripts of this text share; undefined: not yet. */
  readonly chunk: Uint8Array | undefined;
  /** For messages: the filter's name. */
  readonly name: string;
  readonly options: LuaOptions;
  /** What `require` finds, by name. */
  readonly modules: ReadonlyMap<string, ModuleSource>;
  /** Templates for `package.path`. */
  readonly packagePaths: readonly string[];
  /** Scripts of the same text and paths that say the same here have one state; empty: a state of its own. */
  readonly sharedVmId: string;
  /** CPU milliseconds per hook run. */
  readonly callbackMs: number;
}

/** What a script needs of the thread that it runs on. */
export interface LuaScriptEnvironment {
  readonly budget: GuestBudget;
  readonly epoch: WebAssembly.Memory;
  readonly logger: Logger;
  readonly quota: StateQuota;
  /** Where states and their memory are counted; absent in canary runs. */
  readonly watched?: WatchedGuest | undefined;
  /** What the scripts of the filter share with those on other threads. */
  readonly shared: ScriptSharedData;
  /** Where `require` looks; undefined: in the script's own `modules`. */
  readonly modules?: ModuleFinder | undefined;
  /** What `os` tells the time by; undefined: the machine's clocks. */
  readonly time?: TimeSource | undefined;
  /** Whose time hooks count as. */
  readonly share?: CpuShare | undefined;
}

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

/** Keeps track of the objects that one stretch of a hook makes. */
export interface SliceOwner {
  keepForSlice(slot: number): void;
}

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
    const { budget, logger } = environment;
    budget.enter(loadBudgetMs);
    let engine: LuaEngine | undefined;
    try {
      engine = new LuaEngine({
        module: config.engine,
        epoch: environment.epoch,
        print: (line) => logger.info(`script log: ${logText(line)}`),
        quota: environment.quota,
        watched: environment.watched,
      });
      this.engine = engine;
      this.objects = new LuaObjects(engine);
      installLibraries(engine, config.options, environment.time);
      this.#installExtensions();
      this.#defineTypes(logger);
      this.#loadMainChunk();
    } catch (error) {
      engine?.release();
      throw this.#loadError(error, loadBudgetMs);
    } finally {
      budget.leave();
    }
  }

  /** Runs the main chunk and takes the hooks that it defines. */
  run(loadBudgetMs: number): void {
    const { budget } = this.#environment;
    budget.enter(loadBudgetMs);
    try {
      const error = this.engine.call(0);
      if (error !== undefined) {
        const text = messageOf(this.config.options, error);
        throw new ScriptLoadError(`script load error: ${text}`);
      }
      this.requestHook = this.#hook("envoy_on_request");
      this.responseHook = this.#hook("envoy_on_response");
      this.#installTimestampResolution();
      this.engine.loadTextMax = loadTextMax.hooks;
    } catch (error) {
      this.engine.release();
      throw this.#loadError(error, loadBudgetMs);
    } finally {
      budget.leave();
    }
  }

  /** The main chunk in compiled form; before `run`. */
  dumpMainChunk(): Buffer {
    return this.engine.dump();
  }

  /** Calls a hook with `handle` as its argument, in a coroutine of its own. */
  start(thread: LuaThread, hook: bigint, handle: LuaObject, owner: SliceOwner): LuaOutcome {
    const { budget } = this.#environment;
    budget.enter(this.config.callbackMs, this.#environment.share);
    try {
      this.engine.api.lua_rawgeti(thread.L, registryIndex, hook);
      owner.keepForSlice(this.objects.push(thread.L, handle));
      return this.#outcome(thread, this.engine.resume(thread.L, 1));
    } catch (error) {
      return this.#trapped(error);
    } finally {
      budget.leave();
    }
  }

  /** Goes on with a waiting coroutine; `value` becomes the result of the call that waits, or pushes its results. */
  resume(thread: LuaThread, value: ResumeValue, owner: SliceOwner): LuaOutcome {
    const { budget } = this.#environment;
    budget.enter(this.config.callbackMs, this.#environment.share);
    try {
      let results = 0;
      if (typeof value === "function") {
        results = value(this.engine, thread.L);
      } else if (value !== undefined) {
        owner.keepForSlice(this.objects.push(thread.L, value));
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

  #installExtensions(): void {
    const { options, modules, packagePaths } = this.config;
    const { profile } = options;
    if (profile === "envoy-compatible" || modules.size > 0) {
      const finder = this.#environment.modules ?? new GivenModules(modules);
      installRequire(this.engine, { profile, packagePaths, modules: finder });
    }
    if (options.extensions) new SluiceTable(this, this.#environment.shared).install();
  }

  /** In the order of `LuaTypeId`. */
  #defineTypes(logger: Logger): void {
    const { engine, objects } = this;
    const metadata = new MetadataMethods(engine, objects);
    const info = new StreamInfoMethods(engine, objects);
    const stats = new StatsMethods(engine, objects);
    const tables: MethodTable[] = [
      new StreamHandleMethods(engine, objects).table(),
      new HeaderMethods(engine, objects).table(),
      metadata.iterator(),
      bufferMethods(engine, objects),
      metadata.metadata(),
      metadata.dynamic(false),
      metadata.dynamic(true),
      metadata.iterator(),
      info.streamInfo(),
      info.connectionStreamInfo(),
      info.connection(),
      info.filterState(),
      info.routePart(LuaTypeId.Route),
      info.routePart(LuaTypeId.VirtualHost),
      publicKeyMethods(engine, objects),
      sslMethods(engine, objects),
      sslSubjectMethods(engine, objects),
      stats.scope(),
      stats.counter(),
      stats.gauge(),
      stats.histogram(),
    ];
    tables.forEach((table, type) => defineType(engine, objects, typeNames[type]!, table, logger));
  }

  /** `EnvoyTimestampResolution`, for the hooks: it is not there yet while the main chunk runs. */
  #installTimestampResolution(): void {
    const { api, L } = this.engine;
    if (this.requestHook === undefined && this.responseHook === undefined) return;
    api.lua_createtable(L, 0, 2);
    for (const [name, value] of Object.entries(timestampResolution)) {
      api.lua_pushnumber(L, value);
      api.lua_setfield(L, -2, this.engine.cString(name));
    }
    api.lua_setglobal(L, this.engine.cString("EnvoyTimestampResolution"));
  }

  /**
   * Leaves the main chunk on the stack. It is named by its own text, as Envoy does it: messages begin with
   * `[string "…"]:line:`.
   */
  #loadMainChunk(): void {
    const { options, chunk } = this.config;
    if (chunk !== undefined) {
      const problem = this.engine.undump(chunk);
      if (problem !== undefined) throw new ScriptLoadError(`script load error: ${problem}`);
      return;
    }
    const source = Buffer.from(this.config.source).latin1Slice();
    const text = Buffer.from(sourceOf(options, source), "latin1");
    const syntax = this.engine.load(text, source);
    if (syntax !== undefined) {
      throw new ScriptLoadError(`script load error: ${syntaxMessageOf(options, syntax, source)}`);
    }
  }

  #loadError(error: unknown, budgetMs: number): ScriptLoadError {
    if (error instanceof ScriptLoadError) return error;
    const text =
      error instanceof StateQuotaError
        ? error.message
        : trapText(error, this.#environment.budget.condemned, budgetMs);
    return new ScriptLoadError(`script load error: ${text}`);
  }

  #hook(name: string): bigint | undefined {
    const { engine } = this;
    if (engine.api.lua_getglobal(engine.L, engine.cString(name)) === LuaType.Function) {
      return BigInt(engine.reference(engine.L));
    }
    engine.pop(engine.L, 1);
    return undefined;
  }
}

/** A script that cannot be used; the message is for the operator. */
export class ScriptLoadError extends Error {}

function trapText(error: unknown, condemned: boolean, budgetMs: number): string {
  if (condemned) return `the script used more than its ${budgetMs} ms of CPU time`;
  if (error instanceof RangeError) return "the script used up the native stack";
  return `the Lua engine failed: ${error instanceof Error ? error.message : String(error)}`;
}
