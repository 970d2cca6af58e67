import type { HostFunction, LuaEngine } from "./engine/lua-engine.ts";

/** Libraries that Envoy opens and that do not exist here: reading any of their fields raises an error. */
const absentLibraries = ["os", "io", "debug", "package", "jit", "ffi", "bit"] as const;
/** The same for single functions. */
const absentFunctions = [
  "require",
  "dofile",
  "loadfile",
  "module",
  "setfenv",
  "getfenv",
  "loadstring",
] as const;

/** Opens what a script may use: nothing that reaches the machine. */
export function installLibraries(engine: LuaEngine): void {
  const { api, L } = engine;
  engine.openLibrary("_G", "base");
  engine.openLibrary("coroutine", "coroutine");
  engine.openLibrary("table", "table");
  engine.openLibrary("string", "string");
  engine.openLibrary("math", "math");
  const functions = absentFunctions.map((name) => absentFunction(engine, name));
  const fields = absentLibraries.map((name) => absentField(engine, name));
  const pointers = engine.register([...functions, ...fields]);
  absentFunctions.forEach((name, i) => {
    engine.pushFunction(L, pointers[i]!);
    api.lua_setglobal(L, engine.cString(name));
  });
  absentLibraries.forEach((name, i) => {
    api.lua_createtable(L, 0, 0);
    api.lua_createtable(L, 0, 1);
    engine.pushFunction(L, pointers[functions.length + i]!);
    api.lua_setfield(L, -2, engine.cString("__index"));
    api.lua_setmetatable(L, -2);
    api.lua_setglobal(L, engine.cString(name));
  });
  installTextOnlyLoad(engine);
}

function absentFunction(engine: LuaEngine, name: string): HostFunction {
  return (L) => engine.throwError(L, `${name}() is not supported`);
}

function absentField(engine: LuaEngine, library: string): HostFunction {
  return (L) => engine.throwError(L, `${library}.${engine.checkString(L, 2)} is not supported`);
}

/** `load` takes text only: crafted bytecode can break Lua's own memory safety. */
function installTextOnlyLoad(engine: LuaEngine): void {
  const wrapper = `
    local load, select = load, select
    function _G.load(chunk, name, mode, ...)
      if select("#", ...) > 0 then return load(chunk, name, "t", (...)) end
      return load(chunk, name, "t")
    end
    string.dump = nil`;
  const error = engine.load(Buffer.from(wrapper), "=sluice") ?? engine.call(0);
  if (error !== undefined) throw new Error(error);
}
