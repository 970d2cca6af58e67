import assert from "node:assert/strict";
import { test } from "node:test";
import { RestartPolicy } from "../../../host/src/supervisor/restart-policy.ts";

test("RestartPolicy restarts at once, then doubles the delay up to ten seconds", () => {
  const policy = new RestartPolicy();
  const delays = Array.from({ length: 10 }, () => policy.delayAfterDeath(0));
  assert.deepEqual(delays, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  assert.equal(policy.deathsInARow, 10);
});

test("RestartPolicy forgets after a data plane that served for long", () => {
  const policy = new RestartPolicy();
  for (let i = 0; i < 5; i += 1) policy.delayAfterDeath(100);
  assert.equal(policy.delayAfterDeath(10_000), 0);
  assert.equal(policy.delayAfterDeath(9999), 100);
});
