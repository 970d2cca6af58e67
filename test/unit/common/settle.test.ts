import assert from "node:assert/strict";
import { test } from "node:test";
import { settleAfterStart } from "../../../host/src/common/settle.ts";

test("settleAfterStart() collects garbage only in a thread that is not busy", (t) => {
  const before = globalThis.gc;
  t.after(() => {
    globalThis.gc = before;
  });
  let collections = 0;
  globalThis.gc = (() => {
    collections += 1;
  }) as unknown as NonNullable<typeof globalThis.gc>;
  settleAfterStart(true);
  assert.equal(collections, 0);
  settleAfterStart(false);
  assert.equal(collections, 1);
  globalThis.gc = undefined;
  settleAfterStart(false);
});
