import { type LuaCase, request } from "../case.ts";

/** Longer scripts of the kind that people publish, with libraries of their own. */
export const longerCases: readonly LuaCase[] = [
  {
    name: "pub-base64",
    script:
      `local b = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local function decode(data) data = data:gsub("[^" .. b .. "=]", "")
return (data:gsub(".", function(x) if x == "=" then return "" end local r, f = "", b:find(x, 1, true) - 1 for i = 6, 1, -1 do r = r .. (f % 2 ^ i - f % 2 ^ (i - 1) > 0 and "1" or "0") end return r end)
:gsub("%d%d%d?%d?%d?%d?%d?%d?", function(x) if #x ~= 8 then return "" end local c = 0 for i = 1, 8 do c = c + (x:sub(i, i) == "1" and 2 ^ (8 - i) or 0) end return string.char(c) end)) end
local function encode(data) return ((data:gsub(".", function(x) local r, c = "", x:byte() for i = 8, 1, -1 do r = r .. (c % 2 ^ i - c % 2 ^ (i - 1) > 0 and "1" or "0") end return r end) .. "0000"):gsub("%d%d%d?%d?%d?%d?", function(x) if #x < 6 then return "" end local c = 0 for i = 1, 6 do c = c + (x:sub(i, i) == "1" and 2 ^ (6 - i) or 0) end return b:sub(c + 1, c + 1) end) .. ({ "", "==", "=" })[#data % 3 + 1]) end
function string.fromhex(s) return (s:gsub("..", function(cc) return string.char(tonumber(cc, 16)) end)) end
function string.tohex(s) return (s:gsub(".", function(c) return string.format("%02X", string.byte(c)) end)) end
` +
      request(
        `h:logInfo(decode("aGVsbG8gd29ybGQ=") .. encode("hello") .. string.fromhex("68656c6c6f") .. ("a\\0\\255"):tohex())`,
      ),
  },
  {
    name: "pub-json-library",
    script:
      `local json = {}
local escapes = { ['"'] = '\\\\"', ["\\\\"] = "\\\\\\\\", ["\\n"] = "\\\\n" }
local function encode(v) local t = type(v)
if t == "nil" then return "null" elseif t == "boolean" then return tostring(v) elseif t == "number" then return string.format("%.14g", v)
elseif t == "string" then return '"' .. v:gsub('[%c"\\\\]', function(c) return escapes[c] or string.format("\\\\u%04x", c:byte()) end) .. '"' end
local out = {} if rawget(v, 1) ~= nil or next(v) == nil then for i, x in ipairs(v) do table.insert(out, encode(x)) end return "[" .. table.concat(out, ",") .. "]" end
local keys = {} for k in pairs(v) do keys[#keys + 1] = k end table.sort(keys) for _, k in ipairs(keys) do table.insert(out, encode(k) .. ":" .. encode(v[k])) end return "{" .. table.concat(out, ",") .. "}" end
local function decode(s) local at = 1 local value
local function blank() at = s:find("%S", at) or #s + 1 end
local function fail(m) error(string.format("%s at %d", m, at), 0) end
function value() blank() local c = s:sub(at, at)
if c == "{" then local t = {} at = at + 1 blank() if s:sub(at, at) == "}" then at = at + 1 return t end
repeat local k = value() blank() if s:sub(at, at) ~= ":" then fail("expected :") end at = at + 1 t[k] = value() blank() local d = s:sub(at, at) at = at + 1 until d ~= "," return t
elseif c == "[" then local t = {} at = at + 1 blank() if s:sub(at, at) == "]" then at = at + 1 return t end repeat t[#t + 1] = value() blank() local d = s:sub(at, at) at = at + 1 until d ~= "," return t
elseif c == '"' then local a, b, text = s:find('^"(.-[^\\\\])"', at) if not a then a, b, text = s:find('^"()"', at) text = "" end at = b + 1 return (text:gsub("\\\\u(%x%x%x%x)", function(x) return string.char(tonumber(x, 16)) end):gsub("\\\\(.)", "%1"))
elseif s:find("^true", at) then at = at + 4 return true elseif s:find("^false", at) then at = at + 5 return false elseif s:find("^null", at) then at = at + 4 return nil end
local a, b = s:find("^-?[%d.eE+-]+", at) if not a then fail("unexpected " .. c) end at = b + 1 return tonumber(s:sub(a, b)) end return value() end
` +
      request(
        `local v = decode('{"name":"x\\\\u0041","n":[1,2.5,-3e2,1e15],"t":true,"z":null,"o":{"deep":{"er":[]}},"s":"a\\\\"b"}') h:logInfo(encode(v)) h:headers():add("x-json", encode({ 1, "two", { three = 3.0 } })) h:logInfo(tostring(select(2, pcall(decode, "[1,?]"))))`,
      ),
  },
  {
    name: "pub-dispatch",
    script: `local M = {}
M.__index = M
function M.new(rules) return setmetatable({ rules = rules, hits = 0 }, M) end
function M:match(path) for i, rule in ipairs(self.rules) do local caps = { path:match(rule.pattern) } if #caps > 0 then self.hits = self.hits + 1 return rule, caps, i end end end
local router = M.new({ { pattern = "^/pub%-dispatch/api/v(%d+)/(%w+)$", to = "api" }, { pattern = "^(/.*)$", to = "web" } })
${request(`local rule, caps, i = router:match(h:headers():get(":path")) h:headers():add("x-to", rule.to) h:headers():add("x-caps", table.concat(caps, "|")) h:headers():add("x-rule", i .. "/" .. router.hits)`)}`,
    path: "/api/v2/users",
  },
  {
    name: "pub-memoize",
    script: `local cache = setmetatable({}, { __mode = "v" })
local function memo(f) local seen = {} return function(x) local v = seen[x] if v == nil then v = f(x) seen[x] = v end return v end end
local fib fib = memo(function(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end)
${request(`h:headers():add("x-fib", fib(60)) h:headers():add("x-big", string.format("%d", fib(70)))`)}`,
    times: 2,
  },
  {
    name: "pub-urlencode",
    script: `local function encode(s) return (s:gsub("[^%w%-_%.~]", function(c) return string.format("%%%02X", c:byte()) end)) end
local function decode(s) return (s:gsub("+", " "):gsub("%%(%x%x)", function(x) return string.char(tonumber(x, 16)) end)) end
${request(`local v = decode(h:headers():get("x-v")) h:headers():add("x-out", encode(v)) h:headers():add("x-len", #v)`)}`,
    headers: { "x-v": "a+b%20c%C3%A9&=/" },
  },
  {
    name: "pub-http-date",
    script: `local months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }
local function parse(s) local d, m, y, hh, mm, ss = s:match("^%a+, (%d+) (%a+) (%d+) (%d+):(%d+):(%d+) GMT$") for i, n in ipairs(months) do if n == m then m = i end end return os.time({ day = d, month = m, year = y, hour = hh, min = mm, sec = ss }) end
${request(`local t = parse(h:headers():get("if-modified-since")) h:headers():add("x-diff", parse("Wed, 21 Oct 2015 07:28:01 GMT") - t)`)}`,
    headers: { "if-modified-since": "Wed, 21 Oct 2015 07:28:00 GMT" },
  },
  {
    name: "pub-sha1",
    script: `local function rol(x, n) return bit.rol(x, n) end
local function sha1(s) local h0, h1, h2, h3, h4 = 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0
local len = #s s = s .. "\\128" s = s .. ("\\0"):rep((56 - #s) % 64) s = s .. ("\\0"):rep(4) .. string.char(bit.band(bit.rshift(len * 8, 24), 255), bit.band(bit.rshift(len * 8, 16), 255), bit.band(bit.rshift(len * 8, 8), 255), bit.band(len * 8, 255))
for chunk = 1, #s, 64 do local w = {} for i = 0, 15 do local a, b, c, d = s:byte(chunk + i * 4, chunk + i * 4 + 3) w[i] = bit.bor(bit.lshift(a, 24), bit.lshift(b, 16), bit.lshift(c, 8), d) end
for i = 16, 79 do w[i] = rol(bit.bxor(w[i - 3], w[i - 8], w[i - 14], w[i - 16]), 1) end
local a, b, c, d, e = h0, h1, h2, h3, h4
for i = 0, 79 do local f, k if i < 20 then f, k = bit.bor(bit.band(b, c), bit.band(bit.bnot(b), d)), 0x5A827999 elseif i < 40 then f, k = bit.bxor(b, c, d), 0x6ED9EBA1 elseif i < 60 then f, k = bit.bor(bit.band(b, c), bit.band(b, d), bit.band(c, d)), 0x8F1BBCDC else f, k = bit.bxor(b, c, d), 0xCA62C1D6 end
local t = bit.tobit(rol(a, 5) + f + e + k + w[i]) e, d, c, b, a = d, c, rol(b, 30), a, t end
h0, h1, h2, h3, h4 = bit.tobit(h0 + a), bit.tobit(h1 + b), bit.tobit(h2 + c), bit.tobit(h3 + d), bit.tobit(h4 + e) end
return bit.tohex(h0) .. bit.tohex(h1) .. bit.tohex(h2) .. bit.tohex(h3) .. bit.tohex(h4) end
${request(`h:headers():add("x-sha1", sha1("abc"))`)}`,
  },
];
