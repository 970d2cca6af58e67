import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startWatchdog, type Watchdog } from "../../../../host/src/guest/limits/watchdog.ts";
import { LuaCanary } from "../../../../host/src/guest/lua/canary.ts";
import { LuaScript } from "../../../../host/src/guest/lua/lua-script.ts";
import type { LuaScriptConfig } from "../../../../host/src/guest/lua/script-config.ts";
import { LuaHost } from "../../../support/lua.ts";

let watchdog: Watchdog;
before(() => {
  watchdog = startWatchdog((error) => assert.fail(error));
});
after(() => watchdog.stop());

const host = new LuaHost();
const canary = new LuaCanary();

function tried(source: string): LuaScriptConfig | string {
  watchdog.watch(host.environment.epoch);
  const { config } = host.load("");
  const result = canary.try({ ...config, source: Buffer.from(source) }, host.environment, 200);
  return result.ok ? result.value : result.error;
}

const source = "function envoy_on_request(h)\n  local x = nil\n  x.y = 1\nend";

test("LuaCanary compiles equal scripts once, into memory that threads share", () => {
  const first = tried(source) as LuaScriptConfig;
  const second = tried(source) as LuaScriptConfig;
  assert.equal(first.chunk, second.chunk);
  assert.ok(first.chunk!.buffer instanceof SharedArrayBuffer);
  assert.notEqual((tried(`${source} `) as LuaScriptConfig).chunk, first.chunk);
});

test("a script that runs from its compiled form has lines and names in its errors", () => {
  const script = new LuaScript(tried(source) as LuaScriptConfig, host.environment, 1000);
  script.run(1000);
  const thread = script.takeThread()!;
  script.engine.api.lua_rawgeti(thread.L, -1_001_000, script.requestHook!);
  script.engine.resume(thread.L, 0);
  const message = script.engine.errorMessage(thread.L);
  assert.match(message, /^\[string "function envoy_on_request\(h\)\.\.\."\]:3: .*local 'x'/);
});

test("LuaCanary says why a script is refused", () => {
  assert.match(tried("local") as string, /^script load error: .*:1: .*expected near/);
  assert.match(tried("error('no')") as string, /^script load error: .*:1: no$/);
  assert.match(tried("while true do end") as string, /more than its 200 ms of CPU time/);
});

test("LuaCanary does not run what a script leaves for its state's end", () => {
  const endless = "setmetatable({}, { __gc = function() while true do end end })";
  assert.equal(typeof tried(`keep = ${endless}`), "object");
});
