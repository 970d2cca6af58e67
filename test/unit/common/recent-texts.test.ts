import assert from "node:assert/strict";
import { test } from "node:test";
import { recentText } from "../../../host/src/common/recent-texts.ts";

test("recentText() gives the bytes as a text, of any length, one character for each byte", () => {
  const bytes = Buffer.from(
    "a longer text than those that are kept, and what follows it: \xe9\xff",
    "latin1",
  );
  for (let start = 0; start <= bytes.length; start += 1) {
    for (let end = start; end <= bytes.length; end += 1) {
      assert.equal(recentText(bytes, start, end), bytes.latin1Slice(start, end));
    }
  }
});

test("recentText() tells texts apart that fall on one slot", () => {
  for (const text of ["x-one", "x-One", "X-one", "xeone", "x-one"]) {
    const bytes = Buffer.from(text, "latin1");
    assert.equal(recentText(bytes, 0, bytes.length), text);
  }
});

test("recentText() reads what stands there now when the bytes have changed", () => {
  const bytes = Buffer.from("first", "latin1");
  assert.equal(recentText(bytes, 0, 5), "first");
  bytes.write("third", "latin1");
  assert.equal(recentText(bytes, 0, 5), "third");
});
