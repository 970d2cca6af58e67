import type { Logger, LogLevel } from "../../../contracts/log.ts";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import { logText } from "./log-text.ts";
import { type LuaObjects, type LuaTypeId, typeNames } from "./lua-objects.ts";

/** The methods of one type of object. */
export interface MethodTable {
  readonly methods: { readonly [name: string]: HostFunction };
  readonly metamethods: { readonly [name: string]: HostFunction };
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
  const type = typeNames.indexOf(typeName as (typeof typeNames)[number]) as LuaTypeId;
  for (const [method, level] of logMethods) {
    all.push([method, logFunction(engine, objects, type, { logger, level })]);
  }
  const metamethods = Object.entries(table.metamethods);
  metamethods.push(["__eq", (L) => equal(engine, objects, L)]);
  metamethods.push(["__tostring", (L) => address(engine, L)]);
  const pointers = engine.register([
    ...all.map(([method, fn]) => watchedFunction(engine, `${typeName}:${method}`, fn)),
    ...metamethods.map(([, fn]) => fn),
  ]);
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
  objects.defineType();
}

/** One test of a field is all that a call costs while nobody watches the hook. */
export function watchedFunction(engine: LuaEngine, name: string, fn: HostFunction): HostFunction {
  return (L) => (engine.watch === undefined ? fn(L) : engine.watch.hostCall(engine, L, name, fn));
}

/** What `tostring` gives for any userdata; Lua itself would print the name of its type. */
function address(engine: LuaEngine, L: number): number {
  const pointer = engine.api.lua_touserdata(L, 1);
  engine.pushString(L, `userdata: 0x${pointer.toString(16).padStart(8, "0")}`);
  return 1;
}

/** One object has several userdata, one for each time that a script asked for it. */
function equal(engine: LuaEngine, objects: LuaObjects, L: number): number {
  const object = objects.peek(L, 1);
  engine.api.lua_pushboolean(L, object !== undefined && object === objects.peek(L, 2) ? 1 : 0);
  return 1;
}

function logFunction(
  engine: LuaEngine,
  objects: LuaObjects,
  type: LuaTypeId,
  { logger, level }: { readonly logger: Logger; readonly level: LogLevel },
): HostFunction {
  return (L) => {
    objects.check(L, 1, type);
    const text = engine.checkString(L, 2);
    if (logger.enabled(level)) logger.log(level, `script log: ${logText(text)}`);
    return 0;
  };
}
