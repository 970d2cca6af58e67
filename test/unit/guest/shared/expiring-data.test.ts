import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ExpiringData,
  expiringDataBytesMax,
} from "../../../../host/src/guest/shared/expiring-data.ts";
import { createSharedHeap, SharedHeap } from "../../../../host/src/guest/shared/shared-heap.ts";
import { SharedMap } from "../../../../host/src/guest/shared/shared-map.ts";
import {
  createGuestShared,
  GuestSharedState,
} from "../../../../host/src/guest/shared/shared-state.ts";

/** Two threads' views, with a clock that stands still. */
function views(): { one: ExpiringData; two: ExpiringData; clock: { ms: number } } {
  const memory = createSharedHeap();
  const clock = { ms: 1_000_000 };
  const [one, two] = [1, 2].map((thread) => {
    const heap = new SharedHeap(memory, thread);
    return new ExpiringData(heap, new SharedMap(heap), () => clock.ms);
  });
  return { one: one!, two: two!, clock };
}

const at = (key: string, namespace = "n"): { namespace: string; key: string } => ({
  namespace,
  key,
});

test("ExpiringData gives every thread the same values, each namespace its own", () => {
  const { one, two } = views();
  for (const value of ["", "text", "\0\xff", -0.5, 2 ** 60, Infinity, true, false]) {
    assert.equal(one.set(at("k"), value, 0), "done");
    assert.equal(two.get(at("k")), value);
    assert.equal(two.get(at("k", "other")), undefined);
  }
  assert.equal(two.remove(at("k")), true);
  assert.equal(one.get(at("k")), undefined);
  assert.equal(one.remove(at("k")), false);
});

test("ExpiringData forgets a value at its deadline", () => {
  const { one, clock } = views();
  one.set(at("k"), "v", 100);
  one.set(at("for ever"), "v", 0);
  clock.ms += 99;
  assert.equal(one.get(at("k")), "v");
  assert.equal(one.add(at("k"), "w", 100), "exists");
  clock.ms += 1;
  assert.equal(one.get(at("k")), undefined);
  assert.equal(one.get(at("for ever")), "v");
  assert.equal(one.add(at("k"), "w", 100), "done");
});

test("increment() counts from 0, and a window ends where it began plus its length", () => {
  const { one, two, clock } = views();
  assert.equal(one.increment(at("k"), 1, 100), 1);
  clock.ms += 60;
  assert.equal(two.increment(at("k"), 2.5, 100), 3.5);
  clock.ms += 40;
  assert.equal(one.increment(at("k"), 1, 100), 1);
  one.set(at("k"), "text", 0);
  assert.equal(one.increment(at("k"), 1, 0), "text");
});

test("ExpiringData is full at its limit, and makes room of what has expired", () => {
  const { one, clock } = views();
  const text = "x".repeat(60_000);
  let stored = 0;
  while (one.set(at(`k${stored}`), text, 1000) === "done") stored += 1;
  assert.ok(stored >= Math.floor(expiringDataBytesMax / 60_100));
  assert.equal(one.set(at("k0"), "short", 0), "done", "what shrinks always fits");
  clock.ms += 1000;
  assert.equal(one.set(at("new"), text, 0), "done");
  assert.equal(one.get(at("k1")), undefined);
  assert.equal(one.get(at("k0")), "short");
});

test("GuestSharedState forgets a namespace with its last holder", () => {
  const shared = createGuestShared();
  const [one, two] = [1, 2].map((thread) => new GuestSharedState({ ...shared, thread }));
  one!.hold("n");
  two!.hold("n");
  one!.expiring.set(at("k"), 1, 0);
  one!.release("n");
  assert.equal(two!.expiring.get(at("k")), 1);
  two!.onThreadGone(1);
  assert.equal(two!.expiring.get(at("k")), 1);
  two!.release("n");
  assert.equal(two!.expiring.get(at("k")), undefined);
});
