import type { Logger } from "../../contracts/log.ts";
import { bufferMethods } from "./api/buffer-object.ts";
import { HeaderMethods } from "./api/header-object.ts";
import { logText } from "./api/log-text.ts";
import { LuaTypeId, typeNames } from "./api/lua-objects.ts";
import { MetadataMethods } from "./api/metadata-objects.ts";
import { SluiceTable } from "./api/sluice-table.ts";
import { sslMethods, sslSubjectMethods } from "./api/ssl-objects.ts";
import { StatsMethods } from "./api/stats-objects.ts";
import { StreamHandleMethods } from "./api/stream-handle-methods.ts";
import { StreamInfoMethods } from "./api/stream-info-objects.ts";
import { defineType, type MethodTable } from "./api/type-definition.ts";
import { publicKeyMethods, timestampResolution } from "./api/utility-methods.ts";
import { loadTextMax, LuaEngine, StateQuotaError } from "./engine/lua-engine.ts";
import { LuaType } from "./engine/lua-exports.ts";
import { installLibraries, messageOf, sourceOf, syntaxMessageOf } from "./libraries/libraries.ts";
import { installRequire } from "./libraries/require.ts";
import type { LuaScript } from "./lua-script.ts";
import type { LuaScriptConfig, LuaScriptEnvironment } from "./script-config.ts";
import { GivenModules } from "./script-modules.ts";

/** References into the registry; undefined where the script has none. */
export interface ScriptHooks {
  readonly request: bigint | undefined;
  readonly response: bigint | undefined;
}

/** A state with nothing in it. */
export function makeEngine(config: LuaScriptConfig, environment: LuaScriptEnvironment): LuaEngine {
  const { epoch, logger, quota, watched } = environment;
  return new LuaEngine({
    module: config.engine,
    epoch,
    print: (line) => logger.info(`script log: ${logText(line)}`),
    quota,
    watched,
  });
}

/** Puts into the script's state all that a script finds there. */
export function installAll(script: LuaScript, environment: LuaScriptEnvironment): void {
  const { engine, config } = script;
  const { options, modules, packagePaths } = config;
  const { profile } = options;
  installLibraries(engine, options, environment.time);
  if (profile === "envoy-compatible" || modules.size > 0) {
    const finder = environment.modules ?? new GivenModules(modules);
    installRequire(engine, { profile, packagePaths, modules: finder });
  }
  if (options.extensions) new SluiceTable(script, environment.shared).install();
  defineTypes(script, environment.logger);
}

/** In the order of `LuaTypeId`. */
function defineTypes({ engine, objects }: LuaScript, logger: Logger): void {
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

/**
 * Leaves the main chunk on the stack. It is named by its own text, as Envoy does it: messages begin with
 * `[string "…"]:line:`.
 */
export function loadMainChunk(engine: LuaEngine, config: LuaScriptConfig): void {
  const { options, chunk } = config;
  if (chunk !== undefined) {
    const problem = engine.undump(chunk);
    if (problem !== undefined) throw new ScriptLoadError(`script load error: ${problem}`);
    return;
  }
  const source = Buffer.from(config.source).latin1Slice();
  const text = Buffer.from(sourceOf(options, source), "latin1");
  const syntax = engine.load(text, source);
  if (syntax !== undefined) {
    throw new ScriptLoadError(`script load error: ${syntaxMessageOf(options, syntax, source)}`);
  }
}

/** Runs the main chunk, which lies on the stack, and takes the hooks that it defines. */
export function runMainChunk(engine: LuaEngine, config: LuaScriptConfig): ScriptHooks {
  const error = engine.call(0);
  if (error !== undefined) {
    throw new ScriptLoadError(`script load error: ${messageOf(config.options, error)}`);
  }
  const request = hook(engine, "envoy_on_request");
  const response = hook(engine, "envoy_on_response");
  if (request !== undefined || response !== undefined) installTimestampResolution(engine);
  engine.loadTextMax = loadTextMax.hooks;
  return { request, response };
}

function hook(engine: LuaEngine, name: string): bigint | undefined {
  if (engine.api.lua_getglobal(engine.L, engine.cString(name)) === LuaType.Function) {
    return BigInt(engine.reference(engine.L));
  }
  engine.pop(engine.L, 1);
  return undefined;
}

/** `EnvoyTimestampResolution`, for the hooks: it is not there yet while the main chunk runs. */
function installTimestampResolution(engine: LuaEngine): void {
  const { api, L } = engine;
  api.lua_createtable(L, 0, 2);
  for (const [name, value] of Object.entries(timestampResolution)) {
    api.lua_pushnumber(L, value);
    api.lua_setfield(L, -2, engine.cString(name));
  }
  api.lua_setglobal(L, engine.cString("EnvoyTimestampResolution"));
}

/** What loading failed with. `condemned`: it had used up its `budgetMs`. */
export function loadErrorOf(error: unknown, condemned: boolean, budgetMs: number): ScriptLoadError {
  if (error instanceof ScriptLoadError) return error;
  const text =
    error instanceof StateQuotaError ? error.message : trapText(error, condemned, budgetMs);
  return new ScriptLoadError(`script load error: ${text}`);
}

/** A script that cannot be used; the message is for the operator. */
export class ScriptLoadError extends Error {}

/** Why a state is lost. */
export function trapText(error: unknown, condemned: boolean, budgetMs: number): string {
  if (condemned) return `the script used more than its ${budgetMs} ms of CPU time`;
  if (error instanceof RangeError) return "the script used up the native stack";
  return `the Lua engine failed: ${error instanceof Error ? error.message : String(error)}`;
}
