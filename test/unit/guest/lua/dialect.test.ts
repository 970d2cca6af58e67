import assert from "node:assert/strict";
import { test } from "node:test";
import { LuaHost } from "../../../support/lua.ts";
import { translateSource } from "../../../../host/src/guest/lua/dialect/translate.ts";

/** What a script prints, or why it is refused. */
function output(source: string, dialect: "luajit" | "lua54" = "luajit"): string {
  const host = new LuaHost();
  try {
    host.load(source, { dialect, profile: "envoy-compatible" });
  } catch (error) {
    return (error as Error).message.replace(/^script load error: \[string ".*"\]/, "");
  }
  return host.lines.map((line) => line.replace(/^info script log: /, "")).join("\n");
}

test("texts of errors that no engine makes stay as they are, and os.date() takes no long format", () => {
  const text = "(nil or table expected, got x)";
  assert.equal(output(`print(select(2, pcall(error, "${text}", 0)))`), "(nil or table expected)");
  assert.equal(
    output(`print(#select(2, pcall(error, ("${text}"):rep(1e5), 0)))`),
    String(text.length * 1e5),
  );
  assert.equal(
    output('print(select(2, pcall(os.date, ("%c"):rep(1e5))))'),
    "os.date takes a format of 4096 bytes at most",
  );
});

/** Expressions, and what Envoy 1.40 prints for them. */
const values: readonly (readonly [string, string])[] = [
  [
    "2^53, 1e15, 1e14, -0, 10/2, 0x7fffffffffffffff",
    "9.007199254741e+15\t1e+15\t1e+14\t-0\t5\t9.2233720368548e+18",
  ],
  [
    'select("#", pcall(function() end)), select("#", xpcall(function() end, print)), select("#", pcall(error)), select("#", pcall(error, {})), select("#", coroutine.resume(coroutine.create(function() end)))',
    "1\t1\t2\t2\t1",
  ],
  ["100000 * 10000000000, 9007199254740993", "1e+15\t9.007199254741e+15"],
  ["5.5 % 2, -5 % 3, 7 / 2, 2 ^ 0.5", "1.5\t1\t3.5\t1.4142135623731"],
  ['string.format("%d %u %x %i", 3.7, 5.9, 255.5, -3.7)', "3 5 ff -3"],
  [
    'string.format("%s %5s|%-5s|%05d|%+d|%e|%g|%c|%%", 2^53, "a", "b", 42, 7, 12345.678, 0.0001, 65)',
    "9.007199254741e+15     a|b    |00042|+7|1.234568e+04|0.0001|A|%",
  ],
  [
    'tonumber("0x10"), tonumber("10", 2), tonumber("zz", 36), tonumber("1e1"), tonumber(""), tonumber("9007199254740993")',
    "16\t2\t1295\t10\tnil\t9.007199254741e+15",
  ],
  ['("hello"):sub(1.9, 3.9), ("x"):rep(2.9), #("x"):rep(-1)', "hel\txx\t0"],
  ['("hello"):gsub("%w*", "x")', "xx\t2"],
  ['("a,b"):gsub(",", "%;"), (("abc"):gsub("b", "%%%0"))', "a;b\ta%bc"],
  ['("abc"):gsub("", "-"), (("a b"):gsub("%s*", "."))', "-a-b-c-\t.a..b."],
  ['#"a\\0b", ("a\\0b"):find("%z")', "3\t2\t2"],
  ["math.pow(2, 10), math.ldexp(1, 4), math.frexp(8)", "1024\t16\t0.5\t4"],
  ["math.log(8, 2), math.log10(100), math.floor(3.7), math.modf(3.7)", "3\t2\t3\t3\t0.7"],
  [
    'math.max("10", "9"), math.max(5, "7"), math.min("3", 2, 10), math.max(1), math.min(2, 1), math.random("1")',
    "10\t7\t2\t1\t1\t1",
  ],
  [
    "math.atan2(0, 1), math.sinh(0), math.cosh(0), math.tanh(0), math.mod, string.gfind",
    "0\t0\t1\t0\tnil\tnil",
  ],
  ["table.getn({1, 2}), table.maxn({1, nil, 3}), unpack({1, 2, 3})", "2\t3\t1\t2\t3"],
  [
    "bit.band(0xff, 0x0f), bit.bnot(0), bit.lshift(1, 31), bit.rshift(-1, 28), bit.arshift(-16, 2)",
    "15\t-1\t-2147483648\t15\t-4",
  ],
  [
    "bit.rol(0x12345678, 8), bit.ror(1, 1), bit.bswap(0x12345678), bit.tobit(2^32 + 5)",
    "878082066\t-2147483648\t2018915346\t5",
  ],
  [
    "bit.tohex(255), bit.tohex(-1, -4), bit.tohex(2^40 + 10, 2), bit.bxor(1.5, 2.5, 3), bit.tobit(-0.5)",
    "000000ff\tFFFF\t0a\t3\t0",
  ],
  [
    "_VERSION, jit.version_num, type(jit.status), string.pack, math.type, utf8, coroutine.close",
    "Lua 5.1\t20199\tfunction\tnil\tnil\tnil\tnil",
  ],
  ["math.floor(math.random() * 1000), math.random(10), math.random(5, 7)", "794\t7\t6"],
  [
    'loadstring("return ...", "n")(7), load("return 1 + 1")(), select("#", table.unpack({1, nil, 3}, 1, 3))',
    "7\t2\t3",
  ],
  ['select(2, loadstring("x = = 1", "@file"))', "file:1: unexpected symbol near '='"],
  [
    "os.time{year=2020, month=1, day=1, hour=12} - os.time{year=2020, month=1, day=1, hour=11}",
    "3600",
  ],
  [
    'os.date("!%Y-%m-%d %H:%M:%S", 0), os.date("!%c|%x|%X|%p|%A|%B|%j", 86400)',
    "1970-01-01 00:00:00\tFri Jan  2 00:00:00 1970|01/02/70|00:00:00|AM|Friday|January|002",
  ],
  ['os.date("!*t", 1e9).yday, os.getenv("NOPE_NOPE"), type(os.clock())', "252\tnil\tnumber"],
];

for (const [expression, expected] of values) {
  test(`LuaScript prints ${expression} as LuaJIT does`, () => {
    assert.equal(output(`print(${expression})`), expected);
  });
}

/** Statements, and the text of the error that Envoy 1.40 gives. */
const errors: readonly (readonly [string, string])[] = [
  ["local foo; return foo.x", "attempt to index local 'foo' (a nil value)"],
  ["local x = nope.x", "attempt to index global 'nope' (a nil value)"],
  ["local x = u.x", "attempt to index upvalue 'u' (a nil value)"],
  ["local t = {} local x = t.a.b", "attempt to index field 'a' (a nil value)"],
  ["local t = {} t:go()", "attempt to call method 'go' (a nil value)"],
  ["nofn()", "attempt to call global 'nofn' (a nil value)"],
  ["local n; local x = n + 1", "attempt to perform arithmetic on local 'n' (a nil value)"],
  ['local x = "a" + 1', "attempt to perform arithmetic on a string value"],
  ['local t = {} local x = t.x .. "s"', "attempt to concatenate field 'x' (a nil value)"],
  ["local x = #u", "attempt to get length of upvalue 'u' (a nil value)"],
  ["local x = {} < {}", "attempt to compare two table values"],
  ['local x = 1 < "x"', "attempt to compare number with string"],
  ['for i = 1, "x" do end', "'for' limit must be a number"],
  ["error(42)", "42"],
  ['("x"):rep({})', "bad argument #1 to 'rep' (number expected, got table)"],
  ["string.rep()", "bad argument #1 to 'rep' (string expected, got no value)"],
  ["coroutine.resume(1)", "bad argument #1 to 'resume' (coroutine expected)"],
  ["local y = math.floor({}) + 1", "bad argument #1 to 'floor' (number expected, got table)"],
  ["for _ in pairs(nil) do end", "bad argument #1 to 'pairs' (table expected, got nil)"],
  ["for _ in ipairs(u) do end", "bad argument #1 to 'ipairs' (table expected, got nil)"],
  ["local a = unpack(u)", "bad argument #1 to 'unpack' (table expected, got nil)"],
  ["local a = table.unpack()", "bad argument #1 to 'unpack' (table expected, got no value)"],
  ["local a = math.min(1, u)", "bad argument #2 to 'min' (number expected, got nil)"],
  ['local a = math.random("x")', "bad argument #1 to 'random' (number expected, got string)"],
  ["table.insert({}, 1, 2, 3)", "wrong number of arguments to 'insert'"],
  ["local a = math.max()", "bad argument #1 to 'max' (number expected, got no value)"],
  ['local a = ("x"):gsub("x", nil)', "bad argument #3 to 'gsub' (string/function/table expected)"],
  ['assert(loadstring("x", "=c"))', "c:1: '=' expected near '<eof>'"],
];

for (const [code, expected] of errors) {
  test(`LuaScript fails with LuaJIT's text at ${code}`, () => {
    const caught = output(`local u\nprint(select(2, pcall(function()\n${code}\nend)))`);
    assert.equal(caught.replace(/^\[string "local u..."\]:3: /, ""), expected);
    const uncaught = output(`local u\n;(function()\n${code}\nend)()`);
    assert.ok(uncaught.endsWith(expected), uncaught);
  });
}

/** Chunks that LuaJIT does not load, and what it says. */
const refusals: readonly (readonly [string, string])[] = [
  ["local x <const> = 1", ":1: unexpected symbol near '<'"],
  ["local x, y <close> = 1", ":1: unexpected symbol near '<'"],
  ["return 7 // 2", ":1: unexpected symbol near '/'"],
  ["return 1 & 2", ":1: '<eof>' expected near '&'"],
  ["return 1 | 2", ":1: '<eof>' expected near '|'"],
  ["return 1 << 2", ":1: unexpected symbol near '<'"],
  ["return ~1", ":1: unexpected symbol near '~'"],
  ["x = 10 10", ":1: unexpected symbol near '10'"],
  ["goto nope", ":1: undefined label 'nope'"],
  ["x = 3x", ":1: malformed number near '3x'"],
];

for (const [chunk, expected] of refusals) {
  test(`LuaScript refuses ${chunk}`, () => {
    assert.equal(output(chunk), expected);
  });
}

test("gmatch() finds an empty match behind a match, as 5.1 does", () => {
  assert.equal(
    output(
      'local s = "" for w in ("a,,b"):gmatch("[^,]*") do s = s .. "<" .. w .. ">" end print(s)',
    ),
    "<a><><><b><>",
  );
});

test("setfenv() and getfenv() change and give the environment of a function", () => {
  assert.equal(
    output(`
      local f = function() return y end
      setfenv(f, { y = 5 })
      print(f(), getfenv(f).y, getfenv(1) == _G, getfenv(0) == _G, getfenv(print) == _G)
      local function g() setfenv(1, { print = print }) x = 1 print(x) end
      g() print(x)`),
    "5\t5\ttrue\ttrue\ttrue\n1\nnil",
  );
});

test("ipairs() asks __ipairs, as LuaJIT's 5.2 extensions do", () => {
  assert.equal(
    output(`
      local t = setmetatable({}, { __ipairs = function(t) return function(_, i) if i < 2 then return i + 1, "v" end end, t, 0 end })
      for i, v in ipairs(t) do print(i, v) end`),
    "1\tv\n2\tv",
  );
});

test("an error in coroutine.wrap() has its own position only", () => {
  assert.equal(
    output(`
      local co = coroutine.wrap(function(a) local b = coroutine.yield(a) local x = nil; x.y = b end)
      print(co(1))
      print((select(2, pcall(co, 2)):gsub("^.*:(%d+:)", "%1")))
      print(select(2, pcall(coroutine.wrap(function() error({ 7 }) end)))[1])
      print(select(2, pcall(coroutine.wrap, 5)))`),
    "1\n2: attempt to index local 'x' (a nil value)\n7\nbad argument #1 to 'wrap' (function expected, got number)",
  );
});

test("math.random() of an empty interval gives a number", () => {
  assert.equal(
    output("print(math.random(0), math.random(2, 1), ({})[math.random(#{})])"),
    "1\t2\tnil",
  );
});

test("table.insert() and table.remove() take positions out of range", () => {
  assert.equal(
    output("local t = {1, 2} table.insert(t, 5, 'x') print(#t, t[5], table.remove(t, 9))"),
    "2\tx",
  );
});

test("error() takes its position from as many levels above as it is told", () => {
  assert.equal(
    output(`
      local function check(level) error("bad", level) end
      local function user(level)
        check(level)
        return 1
      end
      for level = 0, 2 do print((select(2, pcall(user, level)):gsub("^.*:(%d+:)", "%1"))) end`),
    "bad\n2: bad\n4: bad",
  );
});

test("a string goes on behind \\z and a line end", () => {
  assert.equal(output('print("a\\z\n   b 1 \\u{48}")'), "ab 1 H");
});

test("pcall() lets the function inside wait", () => {
  assert.equal(
    output(`
      local co = coroutine.wrap(function() print(pcall(function() return coroutine.yield(1) + 1 end)) end)
      print(co()) co(2)`),
    "1\ntrue\t3",
  );
});

test("the dialect lua54 is Lua 5.4 as it is", () => {
  assert.equal(
    output(
      "local x <const> = 7 // 2 print(x, 10 / 2, 1 << 4, math.type(1), unpack, bit, utf8 ~= nil)",
      "lua54",
    ),
    "3\t5.0\t16\tinteger\tnil\tnil\ttrue",
  );
});

test("translateSource() leaves strings, comments and names alone", () => {
  const text = `local a1 = "1 // 2" -- 3\n--[==[ 4 ]==] local s = [[5]] .. '\\'6' x = t[7]..8 y = 0xe+1 z = 1e5`;
  assert.equal(
    translateSource(text),
    `local a1 = "1 // 2" -- 3\n--[==[ 4 ]==] local s = [[5]] .. '\\'6' x = t[7.0]..8.0 y = 0xep0+1.0 z = 1e5`,
  );
});
