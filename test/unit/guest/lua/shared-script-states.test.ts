import assert from "node:assert/strict";
import { test } from "node:test";
import type { LuaScriptConfig } from "../../../../host/src/guest/lua/script-config.ts";
import { LuaScriptStates } from "../../../../host/src/guest/lua/script-states.ts";
import { SharedScriptStates } from "../../../../host/src/guest/lua/shared-script-states.ts";
import { LuaHost } from "../../../support/lua.ts";

test("SharedScriptStates gives one state to scripts of one id, text and paths, until the last is done", () => {
  const host = new LuaHost();
  const { config, engine } = host.load("function envoy_on_request() end");
  engine.release();
  const shared = new SharedScriptStates();
  const acquire = (some: Partial<LuaScriptConfig>): LuaScriptStates => {
    const script = { ...config, ...some };
    const options = { loadBudgetMs: 1000, post: () => undefined };
    return shared.acquire(script, () => new LuaScriptStates(script, host.environment, options));
  };
  const one = acquire({ sharedVmId: "a" });
  const same = acquire({ sharedVmId: "a", name: "another filter" });
  const others = [
    acquire({ sharedVmId: "b" }),
    acquire({ sharedVmId: "a", packagePaths: ["/x/?.lua"] }),
    acquire({ sharedVmId: "a", source: Buffer.from("x = 1") }),
    acquire({}),
    acquire({}),
  ];
  assert.equal(same, one);
  assert.equal(new Set([one, ...others]).size, 6);
  const { quota } = host.environment;
  assert.equal(quota.states, 6);
  shared.release(one);
  assert.equal(quota.states, 6, "another has it still");
  for (const states of [same, ...others]) shared.release(states);
  assert.equal(quota.states, 0);
  assert.notEqual(acquire({ sharedVmId: "a" }), one, "a new one begins afresh");
});
