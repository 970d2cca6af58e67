import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, sideText } from "../../../../host/src/testing/report/differences.ts";

test("differences() names the smallest parts that differ", () => {
  const left = { a: [1, { b: "x" }], c: null, d: {} };
  assert.deepEqual(differences(left, structuredClone(left)), []);
  assert.deepEqual(differences(left, { a: [1, { b: "y" }, 2], c: null, e: 1 }), [
    { path: "a[1].b", left: "x", right: "y" },
    { path: "a[2]", left: undefined, right: 2 },
    { path: "d", left: {}, right: undefined },
    { path: "e", left: undefined, right: 1 },
  ]);
  assert.deepEqual(differences([1], { 0: 1 }), [{ path: "", left: [1], right: { 0: 1 } }]);
});

test("sideText() is one line", () => {
  assert.equal(sideText(undefined), "nothing");
  assert.equal(sideText("a\nb"), '"a\\nb"');
});
