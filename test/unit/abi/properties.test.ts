import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeInteger, nanoseconds, propertyPath } from "@sluice/abi";

test("propertyPath() splits at zero bytes and tolerates one at the end", () => {
  assert.deepEqual(propertyPath("request\0headers\0x-a"), ["request", "headers", "x-a"]);
  assert.deepEqual(propertyPath("request\0path\0"), ["request", "path"]);
  assert.deepEqual(propertyPath("plugin_name"), ["plugin_name"]);
  assert.deepEqual(propertyPath("a.b"), ["a.b"]);
  assert.deepEqual(propertyPath(""), []);
});

test("encodeInteger() writes eight bytes, little endian", () => {
  assert.equal(Buffer.from(encodeInteger(258n)).toString("hex"), "0201000000000000");
  assert.equal(Buffer.from(encodeInteger(-1n)).toString("hex"), "ffffffffffffffff");
});

test("nanoseconds() keeps microseconds of a wall clock", () => {
  assert.equal(nanoseconds(1_795_000_000_123.25), 1_795_000_000_123_250_000n);
});
