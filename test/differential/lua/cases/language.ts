import { type LuaCase, request } from "../case.ts";

/** Expressions, each logged with what comes of it: values, or the error. */
export const shows = (...expressions: readonly string[]): string =>
  request(
    [
      `local function show(f) local t = table.pack(pcall(f)) for i = 1, t.n do t[i] = tostring(t[i]) end h:logInfo(table.concat(t, " ")) end`,
      ...expressions.map((each) => `show(function() ${each} end)`),
    ].join("\n"),
  );
export const gives = (...expressions: readonly string[]): string =>
  shows(...expressions.map((each) => `return ${each}`));
/** What the parser says of each text. */
const parses = (...texts: readonly string[]): string =>
  gives(...texts.map((text) => `select(2, loadstring(${JSON.stringify(text)}))`));

/** The language that scripts are written in: LuaJIT 2.1 with its 5.2 extensions. */
export const languageCases: readonly LuaCase[] = [
  {
    name: "language-numbers",
    script: gives(
      `10 / 2, 2 ^ 3, 1e3, 2 ^ 53, 1e15, 1e14, 123456.789, 0.1, 1 / 3, -0.0, 100 * 1.1`,
      `tonumber("1e1"), tonumber("0x10"), tonumber(" 10 "), tonumber("10a"), tonumber("ff", 16), tonumber("z", 36), tonumber("")`,
      `5 % 3, -5 % 3, 5 % -3, 5.5 % 2, 1e15 % 7`,
      `tostring(5 % 0) == tostring(0 / 0) or "nan", math.huge, -math.huge`,
      `"10" + 5, "0x10" * 2, "3" .. 4, 10 .. ""`,
      `1 == 1.0, "1" == 1, 2 ^ 0.5 == math.sqrt(2)`,
      `math.floor(3.7), math.ceil(3.2), math.floor(-3.7), math.abs(-4), math.max(1, 2.5), math.min(3, 1)`,
      `math.fmod(7, 3), math.modf(3.7), math.pi`,
      `({ [1] = "a" })[1.0], #{ 1, 2, 3, nil }, #"abc"`,
      `7 / 2, math.floor(7 / 2), 2 ^ 31, 2 ^ 32, -2 ^ 31`,
    ),
  },
  {
    name: "language-format",
    script: gives(
      `string.format("%d %d", 3.7, -3.7)`,
      `string.format("%5.1f|%-5d|%05d|%+d|%e|%g|%g", 3.14159, 42, 42, 42, 12345.678, 1e20, 0.1)`,
      `string.format("%s %s %s", nil, true, 1.5)`,
      `string.format("%q", "a\\nb\\"c\\0d")`,
      `string.format("%x %X %o %c %%", 255, 255, 8, 65)`,
      `string.format("%10s|%-10s|%.2s", "abc", "abc", "abc")`,
      `string.format("%i", 5)`,
      `string.format("%d", "10")`,
      `(string.format("%d"))`,
      `(string.format("%d", "x"))`,
      `string.format("%y", 1)`,
      `string.rep("ab", 3), string.rep("ab", 3, ","), string.rep("x", 0), string.rep("x", -1)`,
    ),
  },
  {
    name: "language-strings",
    script: gives(
      `("abc"):sub(2), ("abc"):sub(-2, -1), ("abc"):byte(1, 3), ("abc"):upper(), ("abc"):reverse(), ("a\\0b"):len()`,
      `("a.b.c"):gsub("%.", "-"), ("abc"):gsub("", "-"), ("hello"):gsub("l", { l = "L" }), ("hello"):gsub("(h)(e)", "%2%1")`,
      `("abc"):gsub("b", "%%"), ("a b"):gsub("%s", "%%20")`,
      `("x=1, y=2"):match("(%w+)=(%w+)"), ("abc"):find("b"), ("abc"):find("x"), ("a.c"):find(".", 1, true), ("abc"):find("", 10)`,
      `("[[x]]"):match("%[%[(.-)%]%]"), ("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)")`,
      `("a\\0b"):find("%z"), ("key = value"):match("^(%S+)%s*=%s*(%S+)$"), ("  x "):match("^%s*(.-)%s*$")`,
      `("abc"):gsub("%w", function(c) if c == "b" then return "B" end end), ("abc"):gsub(".", { a = 1, b = "B" })`,
      `("x"):rep(3), ("%d"):format(7), #("\\x41\\z  
 b"), "\\u{48}\\u{20AC}"`,
      `("hello world"):gsub("o", "0", 1), ("abc"):gsub("(a)(b)(c)", "%3%2%1%0")`,
      `("frontier THE END"):gsub("%f[%a]%a+", "w"), tostring(("x"):find("[a-")) `,
      `("abc"):gsub("a", "%2")`,
    ),
  },
  {
    name: "language-tables",
    script: gives(
      `table.concat({ 1, 2.5, "x" }, ","), table.concat({}), table.concat({ 1, 2, 3 }, "-", 2, 3)`,
      `(table.concat({ 1, {}, 3 }))`,
      `unpack({ 1, 2, 3 }, 2), select("#", unpack({}, 1, 3)), table.unpack({ 1, 2 })`,
      `table.pack(1, nil, 3).n, table.getn({ 1, 2 }), table.maxn({ 1, 2, [10] = 3 })`,
      `(function() local t = { 3, 1, 2 } table.sort(t) return t[1] .. t[2] .. t[3] end)()`,
      `(function() local t = { 3, 1, 2 } table.sort(t, function(a, b) return a > b end) return table.concat(t) end)()`,
      `(function() local t = { 1 } table.insert(t, 2) table.insert(t, 1, 0) return table.concat(t), table.remove(t), table.remove(t, 1), table.remove({}) end)()`,
      `(function() local n = 0 table.foreach({ a = 1 }, function(k, v) n = n + v end) table.foreachi({ 1, 2 }, function(i, v) n = n + v end) return n end)()`,
      `next({}), type(next), rawget({ 5 }, 1), rawequal("a", "a"), rawlen({ 1, 2 })`,
      `#setmetatable({}, { __len = function() return 7 end })`,
      `(function() local s = "" for k, v in pairs(setmetatable({}, { __pairs = function() return function(_, k) if not k then return 1, "one" end end end })) do s = s .. k .. v end return s end)()`,
      `(function() local s = "" for i, v in ipairs({ "a", "b", nil, "d" }) do s = s .. i .. v end return s end)()`,
      `(function() local t = {} t[1], t[2] = 1, 2 return #t, t[1.0] end)()`,
      `table.move({ 1, 2, 3 }, 1, 3, 2)[3], table.new == nil`,
    ),
  },
  {
    name: "language-errors",
    script: shows(
      `local foo foo.bar = 1`,
      `local foo return foo.bar`,
      `return nothing.bar`,
      `local t = {} return t.a.b`,
      `local t = {} t.a.b = 1`,
      `nothing()`,
      `local t = {} t.x()`,
      `local t = {} t:x()`,
      `local s = "x" s:nothing()`,
      `local f f()`,
      `return 1 + nil`,
      `local a return a + 1`,
      `return {} + 1`,
      `local t = {} return t.a * 2`,
      `return "x" .. nil`,
      `local a return "x" .. a`,
      `return {} .. "x"`,
      `return #nil`,
      `local n = 5 return #n`,
      `return -{}`,
      `return 1 < "2"`,
      `return {} < {}`,
      `return nil > 1`,
      `local t = {} t[nil] = 1`,
      `local t = {} t[0 / 0] = 1`,
      `error("text")`,
      `error("text", 0)`,
      `error("text", 2)`,
      `error()`,
      `error(nil)`,
      `assert(false)`,
      `assert(nil, "reason")`,
      `setmetatable(1, {})`,
      `for i = 1, "x" do end`,
      `for i = "a", 2 do end`,
      `for k in 5 do end`,
      `tostring()`,
      `("x"):rep()`,
      `string.sub()`,
      `math.floor("x")`,
      `table.concat(1)`,
      `ipairs()`,
      `tonumber("10", 99)`,
      `select(0)`,
      `string.char(256)`,
      `rawset(1, 2, 3)`,
      `coroutine.resume(1)`,
      `loadstring(1)`,
      `setfenv(1, 2)`,
      `local up function f2() up.x = 1 end f2()`,
      `return ("x")()`,
      `return (1).x`,
      `return (true).x`,
    ),
  },
  {
    name: "language-parser",
    script: parses(
      "x =",
      "x = = 1",
      "local 1",
      "if x then",
      "for i = 1 do end",
      "function f( end",
      "return return",
      "x = 'abc",
      'x = "a\nb"',
      "x = [[abc",
      "goto nowhere",
      "break",
      "x = }",
      "local x <const> = 1",
      "x = 1 // 2",
      "x = 1 & 2",
      "::a:: ::a::",
      "f(",
      "x = 0x",
      "x = 1e",
      "a.b:c = 1",
      "local function f() return 1 2 end",
      "else",
      "x = {1, 2",
      "repeat x = 1",
      "@",
      "x = ...",
      "function f() return ... end",
      "",
    ),
  },
  {
    name: "language-functions",
    script: gives(
      `bit.band(0xff, 0x0f), bit.bor(1, 2, 4), bit.bxor(5, 1), bit.bnot(0), bit.lshift(1, 31), bit.rshift(-1, 28), bit.arshift(-16, 2)`,
      `bit.rol(0x12345678, 8), bit.ror(1, 1), bit.bswap(0x12345678), bit.tobit(2 ^ 40 + 5), bit.tohex(255), bit.tohex(255, 4), bit.tohex(-1, -8)`,
      `math.pow(2, 10), math.log10(100), math.ldexp(1, 4), math.frexp(8), math.deg(math.pi), math.cosh(0), math.log(8, 2)`,
      `math.mod == nil, string.gfind == nil, type(math.randomseed), type(table.foreach)`,
      `type(coroutine.running()), coroutine.isyieldable(), coroutine.close == nil, type(coroutine.status)`,
      `type(loadstring), type(setfenv), type(getfenv), type(newproxy), type(module)`,
      `jit.version_num ~= nil, type(jit.version), jit.arch ~= nil, type(jit.off)`,
      `_VERSION, type(_G), _G._G == _G, type(os.time()), type(os.clock()), os.date("!%c", 0), os.date("!*t", 86400).day`,
      `load("return ...", "name", "t")(5), load(function() return nil end) ~= nil, select(2, load("x =", "=name"))`,
      `load("return y", "c", "t", { y = "env" })()`,
      `xpcall(function(a) return a end, print, "arg"), select("#", xpcall(error, function() return 1, 2 end))`,
      `select("#", nil, nil), select(-1, 1, 2), select(2, "a", "b", "c")`,
      `tostring(nil), tostring(true), type(tostring({})), tostring(print):match("^%a+")`,
      `(function(...) return select("#", ...), ... end)(1, nil)`,
      `getmetatable("").__index == string, getmetatable(h) ~= nil`,
      `collectgarbage("count") > 0, collectgarbage(), type(gcinfo)`,
      `debug ~= nil and type(debug.traceback), io ~= nil, type(print)`,
      `utf8 == nil, table.create == nil, math.type == nil, math.tointeger == nil, string.pack == nil, warn == nil`,
    ),
  },
  {
    name: "language-control",
    script: shows(
      `local s = "" for i = 1, 3 do for j = 1, 3 do if j == 2 then goto continue end s = s .. i .. j .. " " ::continue:: end end return s`,
      `local s = 0 for i = 10, 1, -3 do s = s + i end return s`,
      `local s = 0 for i = 0, 1, 0.25 do s = s + i end return s`,
      `local i = 0 while true do i = i + 1 if i > 5 then break end end return i`,
      `local i = 0 repeat local j = i i = i + 1 until j >= 3 return i`,
      `local function f(n) if n == 0 then return "done" end return f(n - 1) end return f(10000)`,
      `local t = setmetatable({}, { __index = function(t, k) return k .. "!" end, __call = function(_, x) return x * 2 end, __concat = function() return "cat" end, __eq = function() return true end, __lt = function() return true end, __le = function() return false end, __unm = function() return "neg" end, __tostring = function() return "str" end }) return t.x, t(4), t .. "x", -t, t < t, t <= t, tostring(t)`,
      `local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) error("in " .. b) end) return co(1), pcall(co, 5)`,
      `local co = coroutine.create(function() return pcall(function() return coroutine.yield(1) end) end) coroutine.resume(co) return coroutine.resume(co, "back")`,
      `return (function() local x = 1 do local x = 2 end return x end)()`,
      `local fs = {} for i = 1, 3 do fs[i] = function() return i end end return fs[1](), fs[2](), fs[3]()`,
      `local t = { 1, 2, [5] = 5, x = "y", [2 ^ 53] = "big" } return t[5], t.x, t[2 ^ 53]`,
      `return 1 and 2, nil and 1, false or "x", not nil, 1 == 1 and "yes" or "no"`,
      `local f = setfenv(function() z = 5 return z end, {}) return f(), z`,
      `return getfenv(1) == _G, type(getfenv(print))`,
    ),
  },
  {
    name: "language-gsub-errors",
    script: gives(
      `("abc"):gsub(".", { a = true })`,
      `("abc"):gsub("(", "x")`,
      `("abc"):gsub("[a-", "x")`,
    ),
    differs: "what gsub says of a pattern or a replacement has no position",
  },
  {
    name: "language-level",
    script: request(
      `local function check(level) error("bad", level) end
local function user(level)
  check(level)
  return 1
end
local function outer(level)
  user(level)
  return 1
end
for level = 0, 3 do h:logInfo(select(2, pcall(outer, level))) end`,
    ),
  },
  {
    name: "language-yields",
    script: request(
      `h:logInfo(select(2, pcall(function() return h:body():length() end)))
local t = setmetatable({}, { __index = function(_, k) local m = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = k }, nil, 60000) return m[":status"] end })
h:logInfo(t.auth)
h:logInfo(tostring(pcall(function() return h:trailers() end)))
local ok, m = pcall(function() h:httpCall("callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a" }, nil, 60000) error("after") end)
h:logInfo(m)`,
    ),
    body: "hello",
  },
  {
    name: "language-yield-respond",
    script: request(
      `pcall(function() h:respond({ [":status"] = "403" }, "from pcall") end) h:logInfo("never")`,
    ),
  },
  {
    name: "language-yield-chunks",
    script: request(
      `h:logInfo(tostring(pcall(function() local n = 0 for c in h:bodyChunks() do n = n + c:length() end h:logInfo(n) end)))`,
    ),
    body: "hello",
  },
  {
    name: "hook-callable-table",
    script: `envoy_on_request = setmetatable({}, { __call = function() end })`,
  },
  { name: "error-nil", script: request(`error(nil)`) },
  { name: "error-boolean", script: request(`error(true)`) },
  { name: "respond-float-status", script: request(`h:respond({ [":status"] = 200.0 }, "x")`) },
  { name: "respond-blank-status", script: request(`h:respond({ [":status"] = " 200" }, "x")`) },
  {
    name: "respond-grpc",
    script: request(`h:respond({ [":status"] = "403" }, "not for you")`),
    headers: { "content-type": "application/grpc" },
    method: "POST",
  },
  {
    name: "route-large-headers",
    listener: "bare",
    wholePath: "/",
    headers: { host: "known", "x-large": "l".repeat(70_000) },
  },
];
