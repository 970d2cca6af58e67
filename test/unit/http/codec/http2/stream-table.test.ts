import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StreamTable } from "../../../../../host/src/http/codec/http2/stream-table.ts";

test("StreamTable has what a Map would have", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 120 })), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(steps, (all) => {
      const table = new StreamTable<{ readonly id: number }>();
      const map = new Map<number, { readonly id: number }>();
      for (const [adds, number] of all) {
        const id = 2 * number + 1;
        const stream = map.get(id);
        if (adds && stream === undefined) {
          const added = { id };
          table.add(added);
          map.set(id, added);
        } else if (!adds) {
          assert.equal(table.delete(stream ?? { id }), map.delete(id));
        }
        assert.equal(table.get(id), map.get(id));
        assert.equal(table.size, map.size);
      }
      for (let id = 1; id <= 241; id += 2) assert.equal(table.get(id), map.get(id));
      const byId = (a: { id: number }, b: { id: number }): number => a.id - b.id;
      assert.deepEqual(table.all().sort(byId), [...map.values()].sort(byId));
    }),
  );
});

test("StreamTable.delete() takes the stream itself, not another of its number", () => {
  const table = new StreamTable<{ readonly id: number }>();
  table.add({ id: 1 });
  assert.equal(table.delete({ id: 1 }), false);
  assert.equal(table.size, 1);
  table.clear();
  assert.equal(table.get(1), undefined);
});
