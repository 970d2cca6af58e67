import assert from "node:assert/strict";
import { test } from "node:test";
import { plainEqual } from "../../../host/src/listener/plain-equal.ts";

test("plainEqual() compares plain data by what it says", () => {
  const make = () => ({
    list: [1, "two", null, undefined, { deep: true }],
    bytes: new Uint8Array([1, 2, 3]),
    map: new Map([["a", { b: 1 }]]),
    set: new Set(["x"]),
    big: 5n,
  });
  assert.ok(plainEqual(make(), structuredClone(make())));
  assert.ok(plainEqual(Buffer.from("abc"), new Uint8Array([97, 98, 99])));
  assert.ok(plainEqual(Number.NaN, Number.NaN));
});

test("plainEqual() sees differences at any depth", () => {
  const pairs: [unknown, unknown][] = [
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: 1, b: undefined }],
    [{ a: undefined }, { b: undefined }],
    [[1, 2], [1]],
    [{ a: [{ b: 1 }] }, { a: [{ b: 2 }] }],
    [new Uint8Array([1]), new Uint8Array([2])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [null, {}],
    [[], {}],
    ["1", 1],
  ];
  for (const [a, b] of pairs) assert.equal(plainEqual(a, b), false);
});

test("plainEqual() takes objects that it cannot look into as different", () => {
  const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
  const module = new WebAssembly.Module(empty);
  assert.ok(plainEqual({ module }, { module }));
  assert.equal(plainEqual({ module }, { module: new WebAssembly.Module(empty) }), false);
});
