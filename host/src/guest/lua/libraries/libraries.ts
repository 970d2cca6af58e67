import { systemTime } from "../../../common/time/clock.ts";
import type { LuaOptions } from "../../../contracts/config/guests.ts";
import type { TimeSource } from "../../../contracts/event.ts";
import { luajitMessage } from "../dialect/messages.ts";
import { luajitPrelude } from "../dialect/prelude.ts";
import { restoreTokens, translateSource } from "../dialect/translate.ts";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import { LuaType, registryIndex } from "../engine/lua-exports.ts";
import { osFunctions } from "./os.ts";

/** What Envoy's `os` and `io` have besides, and what exists nowhere here: calling it raises an error. */
const absentFunctions = ["dofile", "loadfile", "newproxy"] as const;

/** Opens what a script may use. The stack is as before. `time`: what `os` tells the time by. */
export function installLibraries(
  engine: LuaEngine,
  options: LuaOptions,
  time: TimeSource = systemTime,
): void {
  engine.openLibrary("_G", "base");
  engine.openLibrary("coroutine", "coroutine");
  engine.openLibrary("table", "table");
  engine.openLibrary("string", "string");
  engine.openLibrary("math", "math");
  engine.openLibrary("debug", "debug");
  if (options.dialect === "luajit") installLuaJit(engine);
  else installLua54(engine);
  const compatible = options.profile === "envoy-compatible";
  refuseFunctions(engine, compatible ? absentFunctions : [...absentFunctions, "require"]);
  if (compatible) {
    installMachine(engine, time);
  } else {
    for (const name of ["os", "io", "debug", "package"]) {
      installLibrary(
        engine,
        name,
        {},
        (field) => `${name}.${field} is not supported in the sandboxed profile`,
      );
    }
  }
}

/** The message of an error as the script's dialect words it. */
export function messageOf(options: LuaOptions, text: string): string {
  return options.dialect === "luajit" ? luajitMessage(text) : text;
}

/** The text that the engine compiles for a script's own. */
export function sourceOf(options: LuaOptions, source: string): string {
  return options.dialect === "luajit" ? translateSource(source) : source;
}

/** What the engine says about a text that does not compile, in terms of the text that the script gave. */
export function syntaxMessageOf(options: LuaOptions, message: string, source: string): string {
  return options.dialect === "luajit" ? luajitMessage(restoreTokens(message, source)) : message;
}

function installLuaJit(engine: LuaEngine): void {
  const { api, L } = engine;
  const [translate, reword] = engine.register([
    (state) => {
      const text = engine.checkString(state, 1);
      if (text.charCodeAt(0) === 27 || text.length > engine.loadTextMax) {
        api.lua_pushnil(state);
        engine.pushString(
          state,
          text.charCodeAt(0) === 27
            ? "(binary): cannot load incompatible bytecode"
            : `text of more than ${engine.loadTextMax} bytes is not compiled`,
        );
        return 2;
      }
      engine.pushString(state, translateSource(text));
      return 1;
    },
    (state) => {
      const message = engine.checkString(state, 1);
      const source = api.lua_type(state, 2) === LuaType.String ? engine.toString(state, 2) : "";
      engine.pushString(state, luajitMessage(restoreTokens(message, source ?? "")));
      return 1;
    },
  ]);
  const error = engine.load(Buffer.from(luajitPrelude), "=sluice");
  if (error !== undefined) throw new Error(error);
  engine.pushFunction(L, translate!);
  engine.pushFunction(L, reword!);
  api.lua_getglobal(L, engine.cString("debug"));
  const failure = engine.call(3, 1);
  if (failure !== undefined) throw new Error(failure);
  // Lua names the function of a "bad argument" by looking for it among the loaded libraries.
  api.lua_getfield(L, registryIndex, engine.cString("_LOADED"));
  api.lua_rotate(L, -2, 1);
  api.lua_setfield(L, -2, engine.cString("_G"));
  engine.pop(L, 1);
}

/** `load` takes text only: crafted bytecode can break Lua's own memory safety. */
function installLua54(engine: LuaEngine): void {
  engine.openLibrary("utf8", "utf8");
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

/** The part of Envoy's libraries that reaches the machine, as far as it does here. */
function installMachine(engine: LuaEngine, time: TimeSource): void {
  const refusal = (library: string) => (field: string) => `${library}.${field} is not supported`;
  installLibrary(engine, "os", osFunctions(engine, time), refusal("os"));
  const write: HostFunction = (L) => {
    const count = engine.api.lua_gettop(L);
    for (let i = 1; i <= count; i += 1) engine.write(engine.checkString(L, i));
    return 0;
  };
  installLibrary(engine, "io", { write }, refusal("io"));
  const error = engine.load(Buffer.from(machineLibraries), "=sluice") ?? engine.call(0);
  if (error !== undefined) throw new Error(error);
}

/** `debug` as far as it only reads. */
const machineLibraries = `
  local error, setmetatable = error, setmetatable
  local function absent(library)
    return { __index = function(_, field)
      error(library .. "." .. tostring(field) .. " is not supported", 2)
    end }
  end
  debug = setmetatable({ traceback = debug.traceback, getinfo = debug.getinfo }, absent("debug"))`;

/** A global table of functions; reading any other field raises what `refusal` says. */
function installLibrary(
  engine: LuaEngine,
  name: string,
  functions: { readonly [name: string]: HostFunction },
  refusal: (field: string) => string,
): void {
  const { api, L } = engine;
  const names = Object.keys(functions);
  const pointers = engine.register([
    ...Object.values(functions),
    (state) => engine.throwError(state, refusal(engine.toString(state, 2) ?? "?")),
  ]);
  api.lua_createtable(L, 0, names.length);
  names.forEach((field, i) => {
    engine.pushFunction(L, pointers[i]!);
    api.lua_setfield(L, -2, engine.cString(field));
  });
  api.lua_createtable(L, 0, 1);
  engine.pushFunction(L, pointers[names.length]!);
  api.lua_setfield(L, -2, engine.cString("__index"));
  api.lua_setmetatable(L, -2);
  api.lua_setglobal(L, engine.cString(name));
}

function refuseFunctions(engine: LuaEngine, names: readonly string[]): void {
  const pointers = engine.register(
    names.map(
      (name): HostFunction =>
        (L) =>
          engine.throwError(L, `${name}() is not supported`),
    ),
  );
  names.forEach((name, i) => {
    engine.pushFunction(engine.L, pointers[i]!);
    engine.api.lua_setglobal(engine.L, engine.cString(name));
  });
}
