import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { LuaCanary } from "../../../../host/src/guest/lua/canary.ts";
import { LuaScript } from "../../../../host/src/guest/lua/lua-script.ts";
import type { LuaScriptConfig } from "../../../../host/src/guest/lua/script-config.ts";
import { LuaHost, LuaStream, RecordedSide } from "../../../support/lua.ts";

/** What a main chunk prints; the error last. */
function printed(source: string, host = new LuaHost(), options = {}): string[] {
  host.lines.length = 0;
  try {
    host.load(source, options).engine.release();
  } catch (error) {
    host.lines.push((error as Error).message);
  }
  return host.lines.map((line) => line.replace(/^info script log: /, "").replaceAll("\t", " "));
}

test("sluice.shared keeps values for other states of the filter's scripts", () => {
  const host = new LuaHost();
  const set = `local s = sluice.shared
    print(s.set("text", "a\\0\\255"), s.set("number", 1.5), s.set("flag", false), s.get("none"))`;
  assert.deepEqual(printed(set, host), ["true true true nil"]);
  const get = `local s = sluice.shared
    print(s.get("text") == "a\\0\\255", s.get("number"), s.get("flag"), s.delete("flag"), s.delete("flag"))`;
  assert.deepEqual(printed(get, host), ["true 1.5 false true false"]);
});

test("sluice.shared adds once and counts", () => {
  const lines = printed(`local s = sluice.shared
    print(s.add("k", 1, 60)) print(s.add("k", 2)) print(s.get("k"))
    print(s.increment("n"), s.increment("n", 2.5), s.increment("n", -1, 60))`);
  assert.deepEqual(lines, ["true", "nil exists", "1", "1 3.5 2.5"]);
});

test("sluice.shared says what it does not take", () => {
  const lines = printed(`local s = sluice.shared
    for _, f in ipairs{
      function() s.set("k", {}) end, function() s.set("k") end, function() s.get() end,
      function() s.set("k", 1, 0) end, function() s.set("k", 1, 0/0) end, function() s.set(("k"):rep(1025), 1) end,
      function() s.set("k", ("v"):rep(65537)) end, function() s.set("t", "x") s.increment("t") end,
    } do print((select(2, pcall(f)):gsub("^.-:%d+: ", ""))) end`);
  assert.deepEqual(lines, [
    "bad argument #2 to 'set' (string, number or boolean expected, got table)",
    "bad argument #2 to 'set' (string, number or boolean expected, got no value)",
    "bad argument #1 to 'get' (string expected, got no value)",
    "a time to live must be greater than 0 seconds",
    "a time to live must be greater than 0 seconds",
    "a shared key has 1024 bytes at most",
    "a shared text has 65536 bytes at most",
    'the shared value "t" is not a number',
  ]);
});

test("sluice.shared is full at its limit, and a script can go on", () => {
  const lines = printed(`local s, v, i, why = sluice.shared, ("v"):rep(65000), 0
    repeat i = i + 1 local ok ok, why = s.set("k" .. i, v) until not ok
    print(i > 100, why) print(s.increment("n"), s.delete("k1"), s.set("k1", v))`);
  assert.deepEqual(lines, ["true no room in shared memory", "1 true true"]);
});

test("sluice is not there with extensions: false", () => {
  assert.deepEqual(printed("print(sluice)", new LuaHost(), { extensions: false }), ["nil"]);
});

test("sluice.request gives the hooks of one stream one table", () => {
  const script = new LuaHost().load(`
    function envoy_on_request(h) sluice.request(h).path = h:headers():get(":path") h:body() sluice.request(h).n = 1 end
    function envoy_on_response(h)
      local t = sluice.request(h)
      h:headers():add("x-seen", tostring(t.path) .. tostring(t.n))
    end`);
  const seen = ["/a", "/b"].map((requestPath) => {
    const request = new LuaStream(script, [[":path", requestPath]]);
    request.start();
    const response = new LuaStream(script, [[":status", "200"]], {
      endStream: true,
      isRequest: false,
      side: new RecordedSide(false, request.side.requestTable),
    });
    response.start();
    request.side.requestTable.release();
    return response.headers.get("x-seen");
  });
  assert.deepEqual(seen, ["/a1", "/b1"]);
});

test("sluice.request makes a new table for another script, and takes live handles only", () => {
  const host = new LuaHost();
  const source = `
    function envoy_on_request(h)
      local t = sluice.request(h) t.n = (t.n or 0) + 1 h:headers():add("x-n", t.n)
      print(select(2, pcall(sluice.request, kept)), select(2, pcall(sluice.request, h:headers())))
      kept = h
    end`;
  const [one, two] = [host.load(source), host.load(source)];
  const first = new LuaStream(one, [[":path", "/"]]);
  first.start();
  const side = new RecordedSide(true, first.side.requestTable);
  const second = new LuaStream(two, [[":path", "/"]], { endStream: true, side });
  second.start();
  assert.equal(second.headers.get("x-n"), "1");
  const third = new LuaStream(one, [[":path", "/"]]);
  third.start();
  assert.match(host.lines.at(-1)!, /object used outside of proper scope/);
  assert.match(host.lines.at(-1)!, /StreamHandle expected, got/);
});

test("require() finds configured modules, once", () => {
  const host = new LuaHost();
  host.modules = {
    "my.mod": `local name = ... print("loading", name) local M = {} function M.f() return 10 / 2 end return M`,
    none: "x = 1",
    broken: "local",
    fails: "error('no')",
  };
  const lines = printed(
    `local m = require "my.mod" print(m.f(), require("my.mod") == m, require "none")
     print(select(2, pcall(require, "broken"))) print(select(2, pcall(require, "fails")))
     print((select(2, pcall(require, "other")):gsub("\\n", "|")))`,
    host,
  );
  assert.deepEqual(lines.slice(0, 2), ["loading my.mod", "5 true true"]);
  assert.match(
    lines.slice(2, -2).join(" "),
    /error loading module 'broken': +broken:1: '<name>' expected near/,
  );
  assert.equal(lines.at(-2), "fails:1: no");
  assert.match(
    lines.at(-1)!,
    /module 'other' not found:\| no field package\.preload\['other'\]\| no configured module/,
  );
});

test("module() makes a table of what a module defines, as in Lua 5.1", () => {
  const host = new LuaHost();
  host.modules = {
    "old.mod": `local type = type module(...) function f() return kind({}) end function kind(x) return type(x) end`,
    seeing: `module("seeing", package.seeall) local function hidden() return 7 end function g() return tostring(hidden()) .. _NAME end`,
  };
  const lines = printed(
    `local m = require "old.mod" print(m.f(), m == old.mod, m._NAME, m._PACKAGE, package.loaded["old.mod"] == m, f == nil)
     require "seeing" print(seeing.g(), require "seeing" == seeing, hidden == nil, g == nil)
     text = "x" print((select(2, pcall(module, "text")):gsub("^.-:%d+: ", "")))
     print((select(2, pcall(module)):gsub("^.-:%d+: ", "")))`,
    host,
  );
  assert.deepEqual(lines, [
    "table true old.mod old. true true",
    "7seeing true true true",
    "name conflict for module 'text'",
    "bad argument #1 to 'module' (string expected, got no value)",
  ]);
});

test("require() has the configured modules in the sandboxed profile, too, and nothing else", () => {
  const host = new LuaHost();
  host.modules = { m: "return { package = package }" };
  const lines = printed(
    `print(type(require "m"), require("m").package == package, pcall(require, "string")) print(pcall(function() return package.path end))`,
    host,
    { profile: "sandboxed" },
  );
  assert.match(lines.join(" "), /^table true false module 'string' not found/);
  assert.match(lines.at(-1)!, /package\.path is not supported in the sandboxed profile/);
});

const folder = mkdtempSync(path.join(os.tmpdir(), "sluice-lua-"));
after(() => rmSync(folder, { recursive: true }));

function tried(source: string, packagePaths: string[] = []): LuaScriptConfig | string {
  const host = new LuaHost();
  const config = { ...host.load("").config, source: Buffer.from(source), packagePaths };
  const result = new LuaCanary().try(config, host.environment, 1000);
  return result.ok ? result.value : result.error;
}

test("a main chunk requires files while the configuration is loaded; workers have what was read", () => {
  writeFileSync(path.join(folder, "helper.lua"), "return { n = 7 }");
  const source = `local h = require "helper" print(h.n, package.path:match("^[^;]+"))`;
  const config = tried(source, [`${folder}/?.lua`]) as LuaScriptConfig;
  rmSync(path.join(folder, "helper.lua"));
  const host = new LuaHost();
  new LuaScript(config, host.environment, 1000).run(1000);
  assert.deepEqual(host.lines, [`info script log: 7\t${folder}/?.lua`]);
});

test("require() says where it has looked, and that workers read no files", () => {
  const missing = tried(`require "gone"`, [`${folder}/?.lua`]) as string;
  assert.ok(missing.includes(`no file '${folder}/gone.lua'`), missing);
  const device = tried(`package.path = "/dev/?" require "zero"`) as string;
  assert.ok(device.includes("no file '/dev/zero'"), device);
  const late = tried(`function later() require "gone" end`) as LuaScriptConfig;
  const host = new LuaHost();
  const script = new LuaScript(late, host.environment, 1000);
  script.run(1000);
  script.engine.api.lua_getglobal(script.engine.L, script.engine.cString("later"));
  assert.match(script.engine.call(0)!, /require it in the main chunk$/);
});
