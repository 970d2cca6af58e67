import assert from "node:assert/strict";
import { test } from "node:test";
import type { LuaProfile } from "../../../../host/src/contracts/config/guests.ts";
import { LuaHost } from "../../../support/lua.ts";

// The table of host/docs/lua.md, "What of the machine a script reaches", call by call.

/** What an expression gives as text, or the error without its place. */
function outcomes(expressions: readonly string[], profile: LuaProfile): string[] {
  const host = new LuaHost();
  const calls = expressions.map((expression) => `function() return ${expression} end`);
  const source = `for _, call in ipairs{ ${calls.join(", ")} } do print(tostring(select(2, pcall(call)))) end`;
  host.load(source, { profile });
  return host.lines.map((line) =>
    line.replace(/^info script log: /, "").replace(/^\[string .*?\]:\d+: /, ""),
  );
}

/** Calls that fail in both profiles, by the name that their error begins with. */
const absent = [
  "os.execute('true')",
  "os.exit()",
  "os.remove('/tmp/x')",
  "os.rename('/tmp/x', '/tmp/y')",
  "os.tmpname()",
  "os.setlocale('C')",
  "io.open('/etc/passwd')",
  "io.close()",
  "io.lines('/etc/passwd')",
  "io.read()",
  "io.input()",
  "io.output()",
  "io.popen('true')",
  "io.tmpfile()",
  "io.type(1)",
  "io.stdin:read()",
  "io.stdout:write('x')",
  "package.loadlib('x', 'y')",
  "package.searchers[1]",
  "package.loaders[1]",
  "package.searchpath('x', '')",
  "debug.sethook()",
  "debug.getregistry()",
  "debug.setmetatable(1, {})",
  "debug.getupvalue(print, 1)",
  "debug.debug()",
];

for (const profile of ["envoy-compatible", "sandboxed"] as const) {
  test(`what reaches files, processes and native code fails in the ${profile} profile`, () => {
    const where = profile === "sandboxed" ? " in the sandboxed profile" : "";
    assert.deepEqual(
      outcomes(absent, profile),
      absent.map((call) => `${/^\w+\.\w+/.exec(call)![0]} is not supported${where}`),
    );
    assert.deepEqual(
      outcomes(["dofile('x')", "loadfile('x')", "newproxy()"], profile),
      ["dofile", "loadfile", "newproxy"].map((name) => `${name}() is not supported`),
    );
    assert.deepEqual(outcomes(["string.dump"], profile), ["nil"]);
  });
}

test("clocks, the environment and what only reads work in the envoy-compatible profile", () => {
  process.env["SLUICE_TEST_WORD"] = "word";
  const expressions = [
    "type(os.time())",
    "os.date('!%Y', 0)",
    "type(os.clock())",
    "os.difftime(3, 1)",
    "os.getenv('SLUICE_TEST_WORD')",
    "type(debug.traceback())",
    "type(debug.getinfo(1))",
    "package.loaded.string == string",
    "type(package.preload)",
    "package.cpath",
    "package.config:sub(1, 1)",
    "require('math') == math",
    "require('ffi')",
    "load('return 7')()",
    "select(2, load('\\27Lua'))",
  ];
  assert.deepEqual(outcomes(expressions, "envoy-compatible"), [
    "number",
    "1970",
    "number",
    "2",
    "word",
    "string",
    "table",
    "true",
    "table",
    "",
    "/",
    "true",
    "module 'ffi' is not supported: scripts cannot reach native code",
    "7",
    "(binary): cannot load incompatible bytecode",
  ]);
});

test("nothing of the machine is there in the sandboxed profile", () => {
  const calls = ["os.time()", "os.getenv('PATH')", "io.write('x')", "debug.traceback()"];
  assert.deepEqual(
    outcomes(calls, "sandboxed"),
    calls.map((call) => `${/^\w+\.\w+/.exec(call)![0]} is not supported in the sandboxed profile`),
  );
  assert.deepEqual(outcomes(["require('string')", "load('return 7')()"], "sandboxed"), [
    "require() is not supported",
    "7",
  ]);
});

test("long texts are cut where they are logged", () => {
  const host = new LuaHost();
  host.load(`
    print(("x"):rep(8192)) print(("x"):rep(1e6)) io.write(("x"):rep(1e6) .. "\\n")
    io.write(("x"):rep(5000)) io.write(("x"):rep(5000)) print("x")`);
  const shown = host.lines.map((line) => line.replace(/x{2,}/, (text) => `${text.length} x`));
  assert.deepEqual(
    shown,
    ["8192 x", "8192 x [cut]", "65536 x [cut]", "8192 x [cut]"].map(
      (text) => `info script log: ${text}`,
    ),
  );
  const lines = new LuaHost();
  lines.load('io.write(("\\n"):rep(1e6)) print("")');
  assert.equal(lines.lines.length, 1001);
  assert.equal(lines.lines.at(-1), "info script log:  [cut]");
  assert.throws(
    () => host.load('error(("x"):rep(1e6), 0)'),
    (error: Error) => /x{65536} \[cut\]$/.test(error.message) && error.message.length < 66_000,
  );
});

test("a hook compiles short texts only, a main chunk long ones", () => {
  const host = new LuaHost();
  const long = `local text = ("x = 1 "):rep(30000)`;
  const script = host.load(
    `${long} print(type(load(text))) function late() print(select(2, load(text))) end`,
  );
  script.engine.api.lua_getglobal(script.engine.L, script.engine.cString("late"));
  assert.equal(script.engine.call(0), undefined);
  assert.deepEqual(host.lines, [
    "info script log: function",
    "info script log: text of more than 65536 bytes is not compiled",
  ]);
});
