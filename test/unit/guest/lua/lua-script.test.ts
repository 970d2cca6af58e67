import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startWatchdog, type Watchdog } from "../../../../host/src/guest/limits/watchdog.ts";
import { LuaHost, LuaStream } from "../../../support/lua.ts";

let watchdog: Watchdog;
before(() => {
  watchdog = startWatchdog((error) => assert.fail(error));
});
after(() => watchdog.stop());

/** A host whose thread the watchdog watches. */
function watchedHost(): LuaHost {
  const host = new LuaHost();
  watchdog.watch(host.environment.epoch);
  return host;
}

test("LuaScript() refuses a script that does not compile, with its line", () => {
  assert.throws(() => new LuaHost().load("function envoy_on_request(h)\n  h = = 1\nend"), {
    message:
      "script load error: [string \"function envoy_on_request(h)...\"]:2: unexpected symbol near '='",
  });
});

test("LuaScript() refuses a script whose main chunk fails", () => {
  assert.throws(() => new LuaHost().load("\nerror('no')"), {
    message: 'script load error: [string "..."]:2: no',
  });
});

test("LuaScript() refuses bytecode", () => {
  assert.throws(() => new LuaHost().load(Buffer.from("\x1bLuaT", "latin1")), {
    message: /script load error: .*attempt to load a binary chunk/,
  });
});

test("LuaScript() stops a main chunk that never ends", () => {
  assert.throws(() => watchedHost().load("while true do end"), {
    message: "script load error: the script used more than its 1000 ms of CPU time",
  });
});

test("LuaScript prints numbers as LuaJIT does", () => {
  const host = new LuaHost();
  host.load('print(10/2, 2^3, 1e3, 3.5, 1e15, -0.0, "n=" .. 7.0)');
  assert.deepEqual(host.lines, ["info script log: 5\t8\t1000\t3.5\t1e+15\t-0\tn=7"]);
});

test("LuaScript keeps globals between streams and strings whole", () => {
  const script = new LuaHost().load(`
    count = 0
    function envoy_on_request(h)
      count = count + 1
      h:headers():add("x-count", count)
      h:headers():add("x-bytes", #"a\\0b\\255")
    end`);
  for (const expected of ["1", "2"]) {
    const stream = new LuaStream(script, [[":path", "/"]]);
    stream.start();
    stream.handle.onDestroy();
    assert.equal(stream.headers.get("x-count"), expected);
    assert.equal(stream.headers.get("x-bytes"), "4");
  }
});

const calls = `
  for _, call in ipairs{
    function() local t = os.time() return type(t) end,
    function() local f = io.open("/etc/passwd") return f end,
    function() local m = require("ffi") return m end,
    function() local s = string.dump(print) return s end,
    function() local x = debug.getregistry() return x end,
  } do print(select(2, pcall(call))) end`;

function outcomes(profile: "envoy-compatible" | "sandboxed"): string[] {
  const host = new LuaHost();
  host.load(calls, { dialect: "luajit", profile });
  return host.lines.map((line) =>
    line.replace(/^info script log: /, "").replace(/^.*?\]:\d+: /, ""),
  );
}

test("LuaScript raises errors that name what does not exist", () => {
  assert.deepEqual(outcomes("envoy-compatible"), [
    "number",
    "io.open is not supported",
    "module 'ffi' is not supported: scripts cannot reach native code",
    "attempt to call field 'dump' (a nil value)",
    "debug.getregistry is not supported",
  ]);
});

test("LuaScript has nothing of the machine in the sandboxed profile", () => {
  assert.deepEqual(outcomes("sandboxed"), [
    "os.time is not supported in the sandboxed profile",
    "io.open is not supported in the sandboxed profile",
    "require() is not supported",
    "attempt to call field 'dump' (a nil value)",
    "debug.getregistry is not supported in the sandboxed profile",
  ]);
});

const hostile: readonly (readonly [string, string])[] = [
  ["an endless loop", "while true do end"],
  ["a loop inside pcall", "while true do pcall(function() while true do end end) end"],
  ["a loop inside a coroutine", "coroutine.wrap(function() while true do end end)()"],
  ["a pattern bomb", 'string.find(("a"):rep(100000), ".-.-.-.-b")'],
  ["a gsub bomb", '(("a"):rep(1e5)):gsub("a", ("b"):rep(1e5))'],
  [
    "a sort with a comparison that lies",
    "table.sort({3,2,1,4,5,6,7,8}, function() while true do end end)",
  ],
  [
    "a finaliser that never ends",
    "setmetatable({}, {__gc = function() while true do end end}) collectgarbage()",
  ],
];

for (const [what, code] of hostile) {
  test(`LuaScript stops ${what}`, () => {
    const script = watchedHost().load(`function envoy_on_request(h) ${code} end`);
    const stream = new LuaStream(script, [[":path", "/"]]);
    stream.start();
    const [trap] = stream.side.traps;
    // A gsub that fills the memory ends by itself before its time is up: that is an error, not a trap.
    if (what === "a gsub bomb" && trap === undefined) {
      assert.match(stream.side.errors[0] ?? "", /not enough memory|string too|resulting string/);
      return;
    }
    assert.equal(trap, "the script used more than its 10 ms of CPU time");
    assert.equal(script.trapReason, trap, "the state is known to be lost");
  });
}

test("LuaScript turns memory beyond its cap into a Lua error and lives on", () => {
  const script = watchedHost().load(`
    function envoy_on_request(h)
      local ok, text = pcall(string.rep, "x", 1e9)
      h:headers():add("x-result", tostring(ok) .. " " .. text)
    end`);
  const stream = new LuaStream(script, [[":path", "/"]]);
  stream.start();
  assert.equal(stream.headers.get("x-result"), "false not enough memory");
  assert.equal(script.trapReason, "");
});

test("LuaScript ends deep recursion, by its own stack limit or by the CPU limit", () => {
  const script = watchedHost().load(`
    local function down() return 1 + down() end
    function envoy_on_request(h) down() end`);
  const stream = new LuaStream(script, [[":path", "/"]]);
  stream.start();
  const end = stream.side.traps[0] ?? stream.side.errors[0] ?? "nothing";
  assert.match(end, /more than its 10 ms of CPU time|stack overflow|not enough memory/);
});

test("an error comes with the calls that led to it", () => {
  const source = `local function inner(t) return t.x.y end
    local function outer() return 1 + inner({}) end
    function envoy_on_request(h)
      pcall(function() end)
      string.gsub("a", "a", function() outer() end)
    end`;
  const traced = new LuaStream(new LuaHost().load(source), [[":path", "/"]]);
  traced.start();
  assert.match(traced.side.errors[0]!, /:1: attempt to index field 'x' \(a nil value\)$/);
  const lines = traced.side.tracebacks[0]!.split("\n\t");
  assert.equal(lines[0], "stack traceback:");
  assert.deepEqual(
    lines.slice(1).map((line) => /:(\d+): in|^\[C\]/.exec(line)?.[1] ?? "C"),
    ["1", "2", "5", "C", "5"],
  );
  const plain = new LuaStream(new LuaHost().load(source, { extensions: false }), [[":path", "/"]]);
  plain.start();
  assert.deepEqual(plain.side.tracebacks, [""]);
});
