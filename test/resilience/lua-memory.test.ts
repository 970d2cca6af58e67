import assert from "node:assert/strict";
import { after, test } from "node:test";
import { endurancePortion, LuaEndurance } from "../support/lua-endurance.ts";

// The small form of `lua-memory.ts`. The memory of the process is left out here: a collector decides when it shrinks.

test("a script that uses each object of its handle keeps its memory", async () => {
  const endurance = await LuaEndurance.start({ after });
  await endurance.ask(10 * endurancePortion);
  const warm = await endurance.measure();
  await endurance.ask(40 * endurancePortion);
  const end = await endurance.measure();
  assert.ok(warm.luaBytes > 0);
  assert.ok(end.luaBytes <= 1.05 * warm.luaBytes, `${warm.luaBytes} became ${end.luaBytes}`);
  assert.equal(end.errors, 50 * 8, "of each eight requests the one that is told to fail");
});
