import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  BinCounts,
  binCount,
  binLower,
  binOf,
  binWidth,
} from "../../../host/src/stats/histogram-bins.ts";

function counts(values: readonly number[]): BinCounts {
  const bins = new BinCounts();
  for (const value of values) bins.add(binOf(value), 1);
  return bins;
}

// What Envoy 1.40 printed when a module recorded these, each twice.
const recorded = [0, 1, 5, 5, 9, 10, 11, 99, 100, 123, 1000, 1999, 25000, 3600000, 7200001].flatMap(
  (value) => [value, value],
);

test("binOf() puts a value into the bin that holds it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (value) => {
      const bin = binOf(value);
      const lower = binLower(bin);
      assert.ok(lower <= value, `${value} lies below its bin`);
      assert.ok(
        value < 10 ? value === lower : value < lower + binWidth(bin),
        `${value} lies above`,
      );
    }),
  );
});

test("binOf() takes what is no count for zero, and what is too large for the last bin", () => {
  assert.deepEqual([-1, 0, 0.9, Number.NaN].map(binOf), [0, 0, 0, 0]);
  assert.equal(binOf(1.9), 1);
  assert.equal(binOf(1e300), binCount - 1);
  assert.equal(binOf(Infinity), binCount - 1);
});

test("BinCounts.quantiles() gives Envoy's figures", () => {
  assert.deepEqual(
    counts(recorded).quantiles([0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1]),
    [
      0, 5.08, 99.33333333333333, 1933.3333333333333, 3633333.3333333335, 7233333.333333333,
      7266666.666666667, 7266666.666666667,
    ],
  );
  assert.deepEqual(counts([31]).quantiles([0, 0.5, 1]), [31.5, 31.5, 31.5]);
  assert.deepEqual(new BinCounts().quantiles([0, 1]), [Number.NaN, Number.NaN]);
});

test("BinCounts.countUpTo() counts bins that begin at the bound, as Envoy does", () => {
  const bins = counts(recorded);
  assert.deepEqual(
    [0.5, 1, 5, 10, 25, 100, 250, 1000, 2500, 3_600_000].map((b) => bins.countUpTo(b)),
    [2, 4, 8, 12, 14, 18, 20, 22, 24, 28],
  );
});

test("BinCounts.sum() gives Envoy's figure", () => {
  assert.equal(counts(recorded).sum().toFixed(6), "21855655.968356");
});
