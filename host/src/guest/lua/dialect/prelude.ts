import { bitLibrary } from "./bit-library.ts";

/**
 * LuaJIT's libraries, with its 5.2 extensions, on top of Lua 5.4's. Plain Lua 5.4, loaded before the script with
 * two functions of ours: `translate(text)` gives 5.4's text for LuaJIT's, `reword(message, source)` LuaJIT's words
 * for a message. Calls into what is wrapped are tail calls where an error may come of them, so that its position is
 * the script's.
 */
export const luajitPrelude = String.raw`
local translate, reword, debug = ...
local type, select, tonumber, tostring = type, select, tonumber, tostring
local error, pcall, xpcall, load, pairs, ipairs, rawset = error, pcall, xpcall, load, pairs, ipairs, rawset
local string, table, math, coroutine = string, table, math, coroutine
local find, sub, byte, gsub, format = string.find, string.sub, string.byte, string.gsub, string.format
local insert, remove, concat = table.insert, table.remove, table.concat
local floor, ceil, exp, log, pack, unpack = math.floor, math.ceil, math.exp, math.log, string.pack, string.unpack
local G = _G

_VERSION = "Lua 5.1"
warn = nil
coroutine.close = nil
string.pack, string.unpack, string.packsize = nil, nil, nil
math.type, math.ult, math.tointeger, math.mininteger, math.maxinteger = nil, nil, nil, nil, nil
function gcinfo() return (collectgarbage("count")) end

-- Numbers are doubles.
function G.tonumber(...)
  local n = tonumber(...)
  return n and n + 0.0
end
function math.floor(x) return floor(x) + 0.0 end
function math.ceil(x) return ceil(x) + 0.0 end

local function integer(n, arg, name)
  local x = tonumber(n)
  if not x then
    error(format("bad argument #%d to '%s' (number expected, got %s)", arg, name, n == nil and "no value" or type(n)), 3)
  end
  return x < 0 and ceil(x) or floor(x)
end

-- Where 5.4 takes what is no table and fails later, at a place that is not the script's.
local function notTable(name, given, value)
  error(format("bad argument #1 to '%s' (table expected, got %s)", name, given == 0 and "no value" or type(value)), 3)
end
local metatable = debug.getmetatable
function G.ipairs(...)
  local t = ...
  local mt = metatable(t)
  local iterate = mt and mt.__ipairs
  if iterate then
    local f, over, first = iterate(t)
    return f, over, first
  end
  if type(t) ~= "table" and select("#", ...) > 0 then notTable("ipairs", 1, t) end
  return ipairs(...)
end
local values = table.unpack
function table.unpack(...)
  local t = ...
  if type(t) ~= "table" then notTable("unpack", select("#", ...), t) end
  return values(...)
end
G.unpack = table.unpack

-- Errors in LuaJIT's words.
local function results(ok, ...)
  if ok then return ok, ... end
  local message = ...
  if type(message) == "string" then return false, reword(message) end
  return false, ...
end
function G.pcall(...) return results(pcall(...)) end
function G.xpcall(f, handler, ...)
  if type(handler) ~= "function" then return xpcall(f, handler, ...) end
  return xpcall(f, function(message)
    if type(message) == "string" then message = reword(message) end
    return handler(message)
  end, ...)
end
local resume = coroutine.resume
function coroutine.resume(...) return results(resume(...)) end
local create, wrap = coroutine.create, coroutine.wrap
local function passed(ok, ...)
  if ok then return ... end
  local message = ...
  if type(message) == "string" then message = reword(message) end
  error(message, 0)
end
-- 5.4's own puts a second position in front of an error's.
function coroutine.wrap(f)
  if type(f) ~= "function" then return wrap(f) end
  local co = create(f)
  return function(...) return passed(resume(co, ...)) end
end
function G.error(message, level)
  if type(message) == "number" then message = tostring(message) end
  if level == nil then level = 1 end
  if type(level) == "number" and level > 0 then level = level + 1 end
  error(message, level)
end

-- Loading: text only.
local function compile(text, name, ...)
  local source, refusal = translate(text)
  if not source then return nil, refusal end
  local f, message = load(source, name, "t", ...)
  if f then return f end
  return nil, reword(message, text)
end
function G.load(chunk, name, mode, ...)
  if type(chunk) == "function" then
    local pieces = {}
    while true do
      local piece = chunk()
      if piece == nil or piece == "" then break end
      pieces[#pieces + 1] = piece
    end
    return compile(concat(pieces), name or "=(load)", ...)
  end
  if type(chunk) ~= "string" then return load(chunk) end
  return compile(chunk, name or chunk, ...)
end
function G.loadstring(text, name)
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" then
    error("bad argument #1 to 'loadstring' (string expected, got " .. (text == nil and "no value" or type(text)) .. ")", 2)
  end
  return compile(text, name or text)
end

-- Function environments are the upvalue _ENV.
local environments = setmetatable({}, { __mode = "k" })
local function environmentIndex(f)
  for i = 1, 255 do
    local name = debug.getupvalue(f, i)
    if name == nil then return nil end
    if name == "_ENV" then return i end
  end
end
local function functionAt(f, name)
  if type(f) == "function" then return f end
  local level = integer(f, 1, name)
  local info = level >= 1 and debug.getinfo(level + 2, "f")
  if not info then error("bad argument #1 to '" .. name .. "' (invalid level)", 3) end
  return info.func
end
function G.getfenv(f)
  if f == 0 then return G end
  f = functionAt(f == nil and 1 or f, "getfenv")
  local i = environmentIndex(f)
  if i == nil then return environments[f] or G end
  local _, environment = debug.getupvalue(f, i)
  return environment
end
function G.setfenv(f, environment)
  if type(environment) ~= "table" then
    error("bad argument #2 to 'setfenv' (table expected, got " .. (environment == nil and "no value" or type(environment)) .. ")", 2)
  end
  if f == 0 then error("setfenv(0) is not supported", 2) end
  f = functionAt(f, "setfenv")
  if debug.getinfo(f, "S").what == "C" then
    error("'setfenv' cannot change environment of given object", 2)
  end
  local i = environmentIndex(f)
  if i == nil then environments[f] = environment
  else debug.upvaluejoin(f, i, function() return environment end, 1) end
  return f
end

-- string
string.gfind = nil
local emptiable, emptiableCount = {}, 0
local function matchesEmpty(pattern)
  local known = emptiable[pattern]
  if known == nil then
    if emptiableCount >= 500 then emptiable, emptiableCount = {}, 0 end
    known = find("", pattern) ~= nil
    emptiable[pattern], emptiableCount = known, emptiableCount + 1
  end
  return known
end
local function loose(replacement)
  return (gsub(replacement, "%%(.?)", function(c)
    if c == "" then return "%%%%" end
    if find(c, "^[%d%%]") then return nil end
    return c
  end))
end
-- 5.1 looks for an empty match right behind a match, too.
local function replaced(replacement, whole, first, ...)
  local kind, value = type(replacement), nil
  if kind == "function" then
    if first == nil then value = replacement(whole) else value = replacement(first, ...) end
  elseif kind == "table" then
    if first == nil then value = replacement[whole] else value = replacement[first] end
  else
    local captures = { first == nil and whole or first, ... }
    return (gsub(replacement, "%%(.)", function(c)
      if c == "0" then return whole end
      if not find(c, "%d") then return c end
      if captures[tonumber(c)] == nil then error("invalid capture index", 4) end
      return captures[tonumber(c)]
    end))
  end
  if not value then return whole end
  if type(value) ~= "string" and type(value) ~= "number" then
    error("invalid replacement value (a " .. type(value) .. ")", 4)
  end
  return value
end
local function gsubWithEmpty(s, pattern, replacement, most)
  local pieces, count, at, size = {}, 0, 1, #s
  local function take(first, last, ...)
    if first == nil then return nil end
    pieces[#pieces + 1] = sub(s, at, first - 1)
    pieces[#pieces + 1] = replaced(replacement, sub(s, first, last), ...)
    count = count + 1
    at = last + 1
    if last < first then
      if at > size then at = size + 2 return nil end
      pieces[#pieces + 1] = sub(s, at, at)
      at = at + 1
    end
    return true
  end
  while count < most and at <= size + 1 and take(find(s, pattern, at)) do end
  if at <= size then pieces[#pieces + 1] = sub(s, at) end
  return concat(pieces), count
end
function string.gsub(s, pattern, replacement, most)
  if type(replacement) == "string" and find(replacement, "%", 1, true) then replacement = loose(replacement) end
  if type(s) == "string" and type(pattern) == "string" and byte(pattern) ~= 94 and matchesEmpty(pattern) then
    local kind = type(replacement)
    if kind == "string" or kind == "function" or kind == "table" or kind == "number" then
      return gsubWithEmpty(s, pattern, replacement, most and integer(most, 4, "gsub") or math.huge)
    end
  end
  if most == nil then return gsub(s, pattern, replacement) end
  return gsub(s, pattern, replacement, most)
end
local gmatch = string.gmatch
function string.gmatch(s, pattern)
  if type(s) ~= "string" or type(pattern) ~= "string" or not matchesEmpty(pattern) then
    return gmatch(s, pattern)
  end
  if byte(pattern) == 94 then pattern = "%" .. pattern end
  local at = 1
  local function take(first, last, ...)
    if first == nil then at = #s + 2 return nil end
    at = last < first and first + 1 or last + 1
    if select("#", ...) > 0 then return ... end
    return sub(s, first, last)
  end
  return function()
    if at > #s + 1 then return nil end
    return take(find(s, pattern, at))
  end
end
function string.format(text, ...)
  if type(text) == "string" and find(text, "%%[-+ #0-9.]*u") then
    text = gsub(text, "(%%[-+ #0-9.]*)u", "%1d")
  end
  return format(text, ...)
end
string.dump = nil

-- table
function table.getn(t) return #t end
function table.maxn(t)
  local most = 0
  for k in pairs(t) do
    if type(k) == "number" and k > most then most = k end
  end
  return most
end
function table.foreach(t, f)
  for k, v in pairs(t) do
    local result = f(k, v)
    if result ~= nil then return result end
  end
end
function table.foreachi(t, f)
  for i = 1, #t do
    local result = f(i, t[i])
    if result ~= nil then return result end
  end
end
function table.insert(t, ...)
  local count = select("#", ...)
  if type(t) ~= "table" or count == 1 then return insert(t, ...) end
  if count ~= 2 then error("wrong number of arguments to 'insert'", 2) end
  local position, value = ...
  position = integer(position, 2, "insert")
  local last = #t + 1
  if position >= 1 and position <= last then return insert(t, position, value) end
  for i = last, position + 1, -1 do t[i] = t[i - 1] end
  t[position] = value
end
function table.remove(t, ...)
  if type(t) ~= "table" then return remove(t) end
  if select("#", ...) == 0 then
    if #t == 0 then return end
    return remove(t)
  end
  local position = integer((...), 2, "remove")
  if position >= 1 and position <= #t then return remove(t, position) end
end

-- math
local function number(x, arg, name)
  local n = type(x) == "number" and x or type(x) == "string" and tonumber(x)
  if not n then error(format("bad argument #%d to '%s' (number expected, got %s)", arg, name, type(x)), 4) end
  return n + 0.0
end
local function numbers(name, ...)
  local all, count = { ... }, select("#", ...)
  for i = 1, count do all[i] = number(all[i], i, name) end
  return values(all, 1, count)
end
-- 5.4 compares what it gets, texts as texts.
local max, min = math.max, math.min
function math.max(...)
  local a, b = ...
  if select("#", ...) == 2 and type(a) == "number" and type(b) == "number" then return a < b and b or a end
  return max(numbers("max", ...))
end
function math.min(...)
  local a, b = ...
  if select("#", ...) == 2 and type(a) == "number" and type(b) == "number" then return b < a and b or a end
  return min(numbers("min", ...))
end
local atan = math.atan
function math.atan(x) return atan(x) end
function math.atan2(y, x) return atan(y, x) end
function math.pow(x, y) return x ^ y end
function math.log10(x) return log(x, 10) end
function math.ldexp(m, e) return m * 2.0 ^ e end
function math.frexp(x)
  if x == 0 or x ~= x or x == math.huge or x == -math.huge then return x, 0.0 end
  local e = floor(log(x < 0 and -x or x, 2)) + 1
  local m = x / 2.0 ^ e
  if m >= 1 or m <= -1 then m, e = m / 2, e + 1 end
  return m, e + 0.0
end
function math.sinh(x) return (exp(x) - exp(-x)) / 2 end
function math.cosh(x) return (exp(x) + exp(-x)) / 2 end
function math.tanh(x)
  if x > 20 then return 1.0 elseif x < -20 then return -1.0 end
  local e = exp(2 * x)
  return (e - 1) / (e + 1)
end

-- The generator of LuaJIT (Tausworthe, period 2^223), seeded alike.
local state = { 0, 0, 0, 0 }
local steps = { { 63, 31, 18 }, { 58, 19, 28 }, { 55, 24, 7 }, { 47, 21, 8 } }
local function nextRandom()
  local r = 0
  for i = 1, 4 do
    local z, step = state[i], steps[i]
    local k, q, s = step[1], step[2], step[3]
    z = (((z << q) ~ z) >> (k - s)) ~ ((z & (-1 << (64 - k))) << s)
    r = r ~ z
    state[i] = z
  end
  return (unpack("<d", pack("<i8", (r & 0x000fffffffffffff) | 0x3ff0000000000000))) - 1.0
end
local function seed(d)
  local least = { 1 << 1, 1 << 6, 1 << 9, 1 << 17 }
  for i = 1, 4 do
    d = d * 3.14159265358979323846 + 2.7182818284590452354
    local bits = unpack("<i8", pack("<d", d))
    if bits >= 0 and bits < least[i] then bits = bits + least[i] end
    state[i] = bits
  end
  for _ = 1, 10 do nextRandom() end
end
seed(0.0)
function math.randomseed(x) seed(tonumber(x) + 0.0) end
function math.random(m, n)
  local r = nextRandom()
  if m == nil then return r end
  if n == nil then m, n = 1.0, (numbers("random", m))
  else m, n = numbers("random", m, n) end
  return floor(r * (n - m + 1.0)) + m
end

${bitLibrary}

jit = {
  version = "LuaJIT 2.1.ROLLING", version_num = 20199.0, os = "Linux", arch = "x64",
  status = function() return false end,
  on = function() end, off = function() end, flush = function() end,
}

-- Names for the messages of wrapped functions; seen by the host only.
return {
  insert = insert, remove = remove, gsub = gsub, gmatch = gmatch, format = format, tonumber = tonumber,
  floor = floor, ceil = ceil, max = max, min = min, ipairs = ipairs, unpack = values, xpcall = xpcall, load = load, resume = resume, wrap = wrap, pcall = pcall, error = error,
}
`;
