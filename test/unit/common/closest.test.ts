import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "../../../host/src/common/closest.ts";

test("closest() finds the candidate with the fewest changes", () => {
  assert.equal(closest("lisener", ["listener", "listeners", "cluster"]), "listener");
  assert.equal(closest("clsuter", ["cluster", "filter"]), "cluster");
  assert.equal(closest("name", ["name", "names"]), "name");
});

test("closest() finds none when too much would change", () => {
  assert.equal(closest("route", ["listener", "cluster"]), undefined);
  assert.equal(closest("x", ["abcdef"]), undefined);
  assert.equal(closest("x", []), undefined);
  assert.equal(closest("x".repeat(1e7), ["x".repeat(60)]), undefined, "too long to compare");
  assert.equal(closest("x".repeat(60), ["x".repeat(1e7), "x".repeat(61)]), "x".repeat(61));
});

test("closest() compares long names that differ in few places", () => {
  const inspector = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";
  assert.equal(closest(inspector.replace("tor", "ter"), [inspector]), inspector);
});
