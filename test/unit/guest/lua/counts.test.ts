import assert from "node:assert/strict";
import { test } from "node:test";
import { LuaHost, LuaStream } from "../../../support/lua.ts";

const script = `
function envoy_on_request(handle)
  local n = tonumber(handle:headers():get("x-n"))
  local t = {}
  for i = 1, n do t["key" .. i] = i end
  for key in pairs(t) do n = n + #key end
end`;

/** What one request takes in a state of its own. */
function counts(n: number): { instructions: number; hostCalls: number } {
  const host = new LuaHost();
  const loaded = host.load(script, { countInstructions: true });
  const before = loaded.engine.counts!;
  new LuaStream(loaded, [["x-n", String(n)]]).start();
  const after = loaded.engine.counts!;
  return {
    instructions: after.instructions - before.instructions,
    hostCalls: after.hostCalls - before.hostCalls,
  };
}

test("what a script executes is counted, and is the same each time", () => {
  const [once, again, more] = [counts(10), counts(10), counts(100)];
  assert.deepEqual(once, again);
  assert.ok(once.instructions > 1000, String(once.instructions));
  assert.equal(once.hostCalls, 2);
  assert.ok(more.instructions > 5 * once.instructions);
});

test("nothing is counted unless it is asked for", () => {
  assert.equal(new LuaHost().load(script).engine.counts, undefined);
});
