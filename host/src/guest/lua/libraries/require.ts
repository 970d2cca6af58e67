import type { LuaProfile } from "../../../contracts/config/guests.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import type { ModuleFinder } from "../script-modules.ts";

/** LuaJIT's own places, behind those that are configured. */
const defaultPath =
  "./?.lua;/usr/local/share/luajit-2.1/?.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua";

/** How `require` finds modules. */
export interface RequireOptions {
  readonly profile: LuaProfile;
  readonly modules: ModuleFinder;
  /** Templates as in `package.path`, looked at first. */
  readonly packagePaths: readonly string[];
}

/**
 * `require` and, in the profile that has it, `package`. Modules come from `package.preload`, from what is configured
 * and from files as `options.modules` finds them; never from native code.
 */
export function installRequire(engine: LuaEngine, options: RequireOptions): void {
  const { api, L } = engine;
  const [find] = engine.register([
    (state) => {
      const name = engine.checkString(state, 1);
      const path = engine.isString(state, 2) ? engine.toString(state, 2)! : "";
      const found = options.modules.find(name, path);
      if (typeof found === "string") {
        api.lua_pushnil(state);
        engine.pushString(state, found);
      } else {
        engine.pushString(state, Buffer.from(found.source).latin1Slice());
        engine.pushString(state, found.chunkName);
      }
      return 2;
    },
  ]);
  const path = [...options.packagePaths, defaultPath].join(";");
  const error = engine.load(Buffer.from(requireSource), "=sluice");
  if (error !== undefined) throw new Error(error);
  engine.pushFunction(L, find!);
  if (options.profile === "envoy-compatible") engine.pushString(L, path);
  else api.lua_pushnil(L);
  const failure = engine.call(2);
  if (failure !== undefined) throw new Error(failure);
}

const requireSource = String.raw`
  local find, path = ...
  local error, type, load, pcall, tostring, setmetatable = error, type, load, pcall, tostring, setmetatable
  local loaded, preload = {}, {}
  local package = { loaded = loaded, preload = preload, path = path, cpath = "", config = "/\n;\n?\n!\n-\n" }
  if path then
    for _, name in ipairs{ "_G", "string", "table", "math", "coroutine", "os", "io", "debug", "bit", "jit", "utf8" } do
      loaded[name] = _G[name]
    end
    loaded.package = package
    _G.package = setmetatable(package, { __index = function(_, field)
      error("package." .. tostring(field) .. " is not supported", 2)
    end })
  end
  function require(name)
    if type(name) ~= "string" then
      error("bad argument #1 to 'require' (string expected, got " .. type(name) .. ")", 2)
    end
    if loaded[name] ~= nil then return loaded[name] end
    if name == "ffi" then error("module 'ffi' is not supported: scripts cannot reach native code", 2) end
    local loader = preload[name]
    if loader == nil then
      local text, where = find(name, path and package.path)
      if text == nil then
        error("module '" .. name .. "' not found:\n\tno field package.preload['" .. name .. "']" .. where, 2)
      end
      local message
      loader, message = load(text, where)
      if loader == nil then
        error("error loading module '" .. name .. "':\n\t" .. tostring(message), 2)
      end
    end
    local result = loader(name)
    if result ~= nil then loaded[name] = result elseif loaded[name] == nil then loaded[name] = true end
    return loaded[name]
  end
  local setfenv = setfenv
  if not setfenv then return end
  -- As in 5.1: the module's table is the environment of the rest of its chunk.
  local select, rawget, getmetatable = select, rawget, getmetatable
  local G, gmatch, match = _G, string.gmatch, string.match
  local function globalTable(name)
    local t = G
    for part in gmatch(name, "[^.]+") do
      local inner = rawget(t, part)
      if inner == nil then
        inner = {}
        t[part] = inner
      elseif type(inner) ~= "table" then
        return nil
      end
      t = inner
    end
    return t
  end
  function module(name, ...)
    if type(name) ~= "string" then
      error("bad argument #1 to 'module' (string expected, got " .. (name == nil and "no value" or type(name)) .. ")", 2)
    end
    local t = loaded[name]
    if type(t) ~= "table" then
      t = globalTable(name)
      if t == nil then error("name conflict for module '" .. name .. "'", 2) end
      loaded[name] = t
    end
    if t._NAME == nil then
      t._M, t._NAME, t._PACKAGE = t, name, match(name, "^(.*%.)[^.]*$") or ""
    end
    setfenv(2, t)
    for i = 1, select("#", ...) do (select(i, ...))(t) end
  end
  function package.seeall(t)
    if type(t) ~= "table" then
      error("bad argument #1 to 'seeall' (table expected, got " .. type(t) .. ")", 2)
    end
    local mt = getmetatable(t)
    if mt == nil then
      mt = {}
      setmetatable(t, mt)
    end
    mt.__index = G
  end`;
