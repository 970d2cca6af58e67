import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Activity,
  VirtualDispatcher,
} from "../../../../host/src/testing/net/virtual-dispatcher.ts";

function dispatcher(): VirtualDispatcher {
  return new VirtualDispatcher(1_000, new Activity(), () => {
    throw new Error("there are no sockets here");
  });
}

test("VirtualDispatcher stands still until it is moved", () => {
  const clock = dispatcher();
  const before = clock.time.monotonicMs();
  assert.equal(clock.time.systemMs(), 1000);
  clock.moveTo(500);
  assert.equal(clock.time.systemMs(), 1500);
  assert.equal(clock.time.monotonicMs() - before, 500);
  clock.moveTo(100);
  assert.equal(clock.passedMs, 500, "never backwards");
});

test("VirtualDispatcher runs timers in the order in which they are due, then in which they were armed", () => {
  const clock = dispatcher();
  const ran: string[] = [];
  const arm = (name: string, ms: number): ReturnType<typeof clock.createTimer> => {
    const timer = clock.createTimer(() => ran.push(`${name} ${clock.passedMs}`));
    timer.enable(ms);
    return timer;
  };
  arm("late", 30);
  arm("first", 10);
  arm("second", 10);
  const off = arm("off", 5);
  off.disable();
  assert.ok(!off.enabled);
  assert.equal(clock.nextDueMs, 10);
  while (clock.nextDueMs !== undefined) clock.runNext();
  assert.deepEqual(ran, ["first 10", "second 10", "late 30"]);
});

test("VirtualDispatcher gives the same chance each time", () => {
  const [a, b] = [dispatcher().random, dispatcher().random];
  assert.equal(a.uint32(), b.uint32());
  const id = a.uuid();
  assert.equal(id, b.uuid());
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(a.uuid(), id);
});
