import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "../../../../host/src/common/time/clock.ts";

test("systemRandom.uuid() gives version 4 UUIDs, no two alike", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 5000; i += 1) {
    const uuid = systemRandom.uuid();
    assert.match(uuid, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    seen.add(uuid);
  }
  assert.equal(seen.size, 5000);
});

test("systemRandom.uint32() covers its range", () => {
  let low = 0;
  for (let i = 0; i < 20_000; i += 1) {
    const value = systemRandom.uint32();
    assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
    if (value < 2 ** 31) low += 1;
  }
  assert.ok(low > 9000 && low < 11_000, `${low} of 20000 in the lower half`);
});
