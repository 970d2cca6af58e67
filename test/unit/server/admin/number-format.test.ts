import assert from "node:assert/strict";
import { test } from "node:test";
import {
  exact,
  general,
  shortest,
  shortestOfBoth,
} from "../../../../host/src/server/admin/stats/number-format.ts";

test("general() prints as %.6g does", () => {
  assert.deepEqual(
    [0, 0.5, 25, 600_000, 1_800_000, 99.5, 123_456.7, 0.00001].map((value) => general(value, 6)),
    ["0", "0.5", "25", "600000", "1.8e+06", "99.5", "123457", "1e-05"],
  );
});

test("exact() prints as %.32g does", () => {
  assert.equal(exact(5.08), "5.08000000000000007105427357601");
  assert.equal(exact(0.5), "0.5");
  assert.equal(exact(0), "0");
  assert.equal(exact(28), "28");
});

test("shortestOfBoth() prints as std::to_chars does", () => {
  assert.deepEqual([10_000, 300_000, 1_800_000, 0.1, 0, 31.5].map(shortestOfBoth), [
    "10000",
    "3e+05",
    "1800000",
    "0.1",
    "0",
    "31.5",
  ]);
});

test("shortest() prints NaN in C's spelling", () => {
  assert.deepEqual([Number.NaN, 5.08, 3].map(shortest), ["nan", "5.08", "3"]);
});
