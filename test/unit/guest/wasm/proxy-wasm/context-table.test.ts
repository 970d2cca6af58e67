import assert from "node:assert/strict";
import { test } from "node:test";
import { ContextTable } from "../../../../../host/src/guest/wasm/proxy-wasm/context-table.ts";
import type { Context } from "../../../../../host/src/guest/wasm/proxy-wasm/context.ts";

function context(id: number): Context {
  return { id, nextInTable: undefined } as Partial<Context> as Context;
}

test("ContextTable finds what was added, also where numbers collide", () => {
  const table = new ContextTable();
  const contexts = [1, 65, 129, 2].map(context);
  for (const each of contexts) table.add(each);
  for (const each of contexts) assert.equal(table.get(each.id), each);
  assert.equal(table.get(193), undefined);
  assert.deepEqual(new Set(table.all()), new Set(contexts));
});

test("ContextTable.remove() takes out the first, the middle and the last of a chain", () => {
  for (const gone of [0, 1, 2]) {
    const table = new ContextTable();
    const contexts = [1, 65, 129].map(context);
    for (const each of contexts) table.add(each);
    table.remove(contexts[gone]!);
    table.remove(contexts[gone]!);
    for (const [i, each] of contexts.entries()) assert.equal(table.has(each.id), i !== gone);
    assert.equal(contexts[gone]!.nextInTable, undefined);
  }
});

test("ContextTable keeps thousands, and behaves as a Map does", () => {
  const table = new ContextTable();
  const model = new Map<number, Context>();
  for (let id = 1; id <= 5000; id += 1) {
    const each = context(id * 7);
    table.add(each);
    model.set(each.id, each);
    if (id % 3 === 0) {
      const old = model.get(7 * (id - 2))!;
      table.remove(old);
      model.delete(old.id);
    }
  }
  for (let id = 1; id <= 35_000; id += 1) assert.equal(table.get(id), model.get(id));
  assert.equal(table.all().length, model.size);
});
