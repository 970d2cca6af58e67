import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../../../../host/src/common/time/deadline.ts";

test("within() is true when the promise resolves in time", async () => {
  assert.equal(await within(60_000, Promise.resolve("x")), true);
});

test("within() is false when the time is over first", async () => {
  assert.equal(await within(1, new Promise(() => {})), false);
});

test("within() rejects when the promise rejects in time, and is silent afterwards", async () => {
  await assert.rejects(within(60_000, Promise.reject(new Error("no"))), /no/);
  let fail!: (error: Error) => void;
  const late = new Promise((_, reject) => {
    fail = reject;
  });
  assert.equal(await within(1, late), false);
  fail(new Error("too late"));
  await new Promise((resolve) => setImmediate(resolve));
});
