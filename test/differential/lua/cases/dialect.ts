import { type LuaCase, request, says } from "../case.ts";

export const dialectCases: readonly LuaCase[] = [
  {
    name: "numbers",
    script: says(
      `table.concat({ tostring(10 / 2), tostring(2 ^ 53), tostring(1e15), 3.7 .. "", 1e100 .. "", tostring(0x10), tostring(-0), tostring(1 / 0) }, " ")`,
    ),
  },
  {
    name: "number-tie",
    script: says("123456789012345"),
    differs: "%.14g of a number that lies exactly between two texts",
  },
  { name: "nan", script: says("tostring(0 / 0)"), differs: "the text of NaN" },
  { name: "bit", script: says("bit.bxor(0xff, 0x0f) .. bit.tohex(-1) .. bit.lshift(1, 31)") },
  { name: "format", script: says(`string.format("%d %5.2f %x %q", 3.7, 1 / 3, 255, "a\\nb")`) },
  { name: "gsub", script: says(`(("hello world"):gsub("o*", "0")) .. (("a.b"):gsub("%.", "%%"))`) },
  {
    name: "gmatch",
    script: request(`for w in ("a=1,,b=2"):gmatch("[^,]*") do h:logInfo("<" .. w .. ">") end`),
  },
  { name: "random", script: says("math.floor(math.random() * 1e6) .. math.random(100)") },
  {
    name: "unpack",
    script: says("select('#', unpack({ 1, 2, 3 })) .. table.getn({ 1 }) .. math.pow(2, 3)"),
  },
  {
    name: "setfenv",
    script: request(`local f = setfenv(function() return y end, { y = "env" }) h:logInfo(f())`),
  },
  {
    name: "loadstring",
    script: request(
      `h:logInfo(tostring(select(2, loadstring("x ="))) .. loadstring("return 1 + 1")())`,
    ),
  },
  {
    name: "xpcall",
    script: request(
      `h:logInfo(select(2, xpcall(function() local t = {} t.x.y = 1 end, function(m) return "H " .. m end)))`,
    ),
  },
  {
    name: "date",
    script: says(`os.date("!%Y-%m-%dT%H:%M:%SZ", 1e9) .. tostring(os.getenv("NOT_THERE"))`),
  },
  { name: "require", script: says(`tostring(require("bit") == bit)`) },
  { name: "ffi", script: says(`type(require("ffi"))`), differs: "there is no ffi" },
  { name: "io", script: says(`type(io.open)`), differs: "scripts have no files" },
  {
    name: "yield-in-iterator",
    script: request(
      `local function each() return coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) end for i in each() do h:logInfo(i) end`,
    ),
  },
  { name: "pcall-body", script: request(`h:logInfo(tostring(pcall(h.body, h)))`), body: "x" },
];
