import assert from "node:assert/strict";
import { test } from "node:test";
import { StateQuota } from "../../../../../host/src/guest/lua/engine/state-quota.ts";
import { loadLuaModule } from "../../../../../host/src/guest/lua/lua-module.ts";
import { LuaScript } from "../../../../../host/src/guest/lua/lua-script.ts";
import { LuaHost } from "../../../../support/lua.ts";

test("StateQuota counts states and their memory, and gives room back", () => {
  const quota = new StateQuota({ states: 2, bytes: 100 });
  assert.equal(quota.addState(40), undefined);
  assert.equal(quota.addState(40), undefined);
  assert.equal(quota.grow(30), false);
  assert.equal(quota.grow(20), true);
  assert.match(quota.addState(0)!, /the limit of 2 Lua states/);
  quota.removeState(60);
  assert.match(quota.addState(61)!, /have 40 bytes, and may have 100/);
  assert.equal(quota.addState(60), undefined);
});

test("StateQuota gives up spare states, the oldest first, when others need their room", () => {
  const quota = new StateQuota({ states: 3, bytes: 100 });
  const given: string[] = [];
  const addSpare = (name: string): (() => void) => {
    const giveUp = (): void => {
      given.push(name);
      quota.removeState(20);
    };
    assert.equal(quota.addState(20), undefined);
    quota.addSpare(giveUp, 20);
    return giveUp;
  };
  addSpare("a");
  const used = addSpare("b");
  addSpare("c");
  assert.equal(quota.addState(20), undefined);
  assert.deepEqual([given, quota.states], [["a"], 3]);
  quota.removeSpare(used);
  assert.equal(quota.grow(61), false, "more than spares can give");
  assert.deepEqual(given, ["a"]);
  assert.equal(quota.grow(50), true);
  assert.deepEqual([given, quota.states, quota.bytes], [["a", "c"], 2, 90]);
  assert.equal(quota.addState(0), undefined);
  assert.match(quota.addState(0)!, /the limit of 3 Lua states/);
});

const source = "function envoy_on_request() end";

test("a script is refused when the worker has no room for its state", () => {
  const host = new LuaHost(new StateQuota({ states: 1, bytes: 64 * 1_048_576 }));
  host.load(source);
  assert.throws(() => host.load(source), /script load error: the limit of 1 Lua states per worker/);
  assert.equal(host.environment.quota.states, 1);
});

test("a script's allocation fails when the states of a worker have all the memory they may have", () => {
  const bytes = 8 * 1_048_576;
  const host = new LuaHost(new StateQuota({ states: 10, bytes }));
  assert.throws(() => host.load('text = ("x"):rep(10e6)'), /script load error: not enough memory/);
  assert.equal(host.environment.quota.bytes, 0, "what failed holds nothing");
  const script = host.load(`text = ("x"):rep(2e6) ${source}`);
  assert.equal(host.environment.quota.bytes, script.engine.memoryBytes);
  script.engine.release();
  script.engine.release();
  assert.equal(host.environment.quota.bytes, 0);
  script.engine.pushString(script.engine.L, "x".repeat(1e6));
  assert.equal(host.environment.quota.bytes, 0, "what is left of it does not count");
});

test("a state may be limited to less memory than its module declares", () => {
  const small = loadLuaModule(2 * 1_048_576);
  assert.ok(small.ok);
  const host = new LuaHost();
  const { config } = host.load("");
  const limited = { ...config, engine: small.value, source: Buffer.from('text = ("x"):rep(2e6)') };
  const script = new LuaScript(limited, host.environment, 1000);
  assert.throws(() => script.run(1000), /not enough memory/);
  const tiny = loadLuaModule(1_048_576);
  assert.match(tiny.ok ? "" : tiny.error, /the module needs 1310720 bytes of memory, the limit is/);
});
