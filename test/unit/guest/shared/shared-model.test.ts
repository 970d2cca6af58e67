import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  createGuestShared,
  GuestSharedState,
} from "../../../../host/src/guest/shared/shared-state.ts";

const vmId = fc.constantFrom("a", "b");
const key = fc.integer({ min: 0, max: 7 }).map((n) => "k".repeat(n * 40));
const size = fc.integer({ min: 0, max: 5000 });
const step = fc.oneof(
  fc.record({ do: fc.constant("set" as const), vmId, key, size }),
  fc.record({ do: fc.constant("enqueue" as const), vmId, key, size }),
  fc.record({ do: fc.constant("dequeue" as const), vmId, key, size }),
  fc.record({ do: fc.constant("restart" as const), vmId, key, size }),
);

test("shared data and queues hold what a map and lists would", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const shared = createGuestShared();
      const threads = [1, 2].map((thread) => new GuestSharedState({ ...shared, thread }));
      const values = new Map<string, Buffer>();
      const queues = new Map<string, Buffer[]>();
      for (const id of ["a", "b"]) threads[0]!.hold(id);
      for (const [i, { do: what, vmId: id, key: name, size: length }] of steps.entries()) {
        const state = threads[i % 2]!;
        const bytes = Buffer.alloc(length, i);
        const full = `${id} ${name}`;
        if (what === "set") {
          assert.equal(state.data.set(id, name, bytes, 0), 0);
          values.set(full, bytes);
        } else if (what === "restart") {
          threads[0]!.release(id);
          threads[0]!.hold(id);
          for (const known of [...values.keys(), ...queues.keys()]) {
            if (known.startsWith(`${id} `)) [values, queues].forEach((map) => map.delete(known));
          }
        } else {
          const queue = state.queues.register(id, name, 0)!;
          const model = queues.get(full) ?? [];
          queues.set(full, model);
          if (what === "enqueue") {
            assert.ok(state.queues.enqueue(queue, bytes));
            model.push(bytes);
          } else {
            const item = state.queues.dequeue(queue);
            const expected = model.shift();
            if (expected === undefined) assert.equal(item, "empty");
            else assert.ok(expected.equals(item as Uint8Array));
          }
        }
      }
      for (const [full, bytes] of values) {
        const value = threads[1]!.data.get(full[0]!, full.slice(2));
        assert.ok(typeof value === "object" && bytes.equals(value.bytes), full);
      }
    }),
    { numRuns: 100 },
  );
});
