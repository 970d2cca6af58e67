import assert from "node:assert/strict";
import { test } from "node:test";
import { SlotList } from "../../../host/src/common/slot-list.ts";

test("SlotList gives the place of a removed member to the next one", () => {
  const list = new SlotList<string>();
  const a = list.add("a");
  const b = list.add("b");
  list.remove(a);
  assert.deepEqual([list.size, list.all()], [1, ["b"]]);
  assert.equal(list.add("c"), a);
  assert.deepEqual([list.size, list.all()], [2, ["c", "b"]]);
  list.remove(b);
  list.remove(a);
  assert.deepEqual([list.size, list.all()], [0, []]);
});
