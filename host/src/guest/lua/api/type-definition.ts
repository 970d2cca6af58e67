import type { Logger, LogLevel } from "../../../contracts/log.ts";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import type { LuaObjects } from "./lua-objects.ts";

/** The methods of one type of object. */
export interface MethodTable {
  readonly methods: { readonly [name: string]: HostFunction };
  readonly metamethods: { readonly [name: string]: HostFunction };
  /** Methods of Envoy's that do not exist here: calling one raises an error that names it. */
  readonly unsupported: readonly string[];
}

const logMethods: readonly (readonly [string, LogLevel])[] = [
  ["logTrace", "trace"],
  ["logDebug", "debug"],
  ["logInfo", "info"],
  ["logWarn", "warning"],
  ["logErr", "error"],
  ["logCritical", "critical"],
];

/** Makes the metatable of a type; every type has the log methods. */
export function defineType(
  engine: LuaEngine,
  objects: LuaObjects,
  typeName: string,
  table: MethodTable,
  logger: Logger,
): void {
  const all: [string, HostFunction][] = Object.entries(table.methods);
  for (const [method, level] of logMethods) all.push([method, logFunction(engine, logger, level)]);
  for (const method of table.unsupported) {
    all.push([method, (L) => engine.throwError(L, `${typeName}:${method}() is not supported`)]);
  }
  const metamethods = Object.entries(table.metamethods);
  const pointers = engine.register([...all, ...metamethods].map(([, fn]) => fn));
  const { L, api } = engine;
  api.lua_createtable(L, 0, pointers.length + 2);
  [...all, ...metamethods].forEach(([method], i) => {
    engine.pushFunction(L, pointers[i]!);
    api.lua_setfield(L, -2, engine.cString(method));
  });
  api.lua_pushvalue(L, -1);
  api.lua_setfield(L, -2, engine.cString("__index"));
  // Scripts cannot reach the metatable itself: it is shared by all streams of the script.
  engine.pushString(L, typeName);
  api.lua_setfield(L, -2, engine.cString("__metatable"));
  engine.pushString(L, typeName);
  api.lua_setfield(L, -2, engine.cString("__name"));
  objects.defineType();
}

function logFunction(engine: LuaEngine, logger: Logger, level: LogLevel): HostFunction {
  return (L) => {
    const text = engine.checkString(L, 2);
    if (logger.enabled(level)) logger.log(level, `script log: ${text}`);
    return 0;
  };
}
