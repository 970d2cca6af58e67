import assert from "node:assert/strict";
import { test } from "node:test";
import { systemTime } from "../../../host/src/common/time/clock.ts";
import { EventTime } from "../../../host/src/common/time/event-time.ts";
import { WriteScheduler } from "../../../host/src/network/write-scheduler.ts";

function target(journal: string[], name: string, onFlush: () => void = () => undefined) {
  return {
    flush: () => {
      journal.push(name);
      onFlush();
    },
  };
}

test("WriteScheduler flushes at the end of the outermost event", () => {
  const scheduler = new WriteScheduler(new EventTime(systemTime));
  const journal: string[] = [];
  scheduler.enter();
  scheduler.markDirty(target(journal, "a"));
  scheduler.enter();
  scheduler.markDirty(target(journal, "b"));
  scheduler.leave();
  assert.deepEqual(journal, []);
  scheduler.leave();
  assert.deepEqual(journal, ["a", "b"]);
});

test("WriteScheduler flushes what becomes dirty while it flushes", () => {
  const scheduler = new WriteScheduler(new EventTime(systemTime));
  const journal: string[] = [];
  scheduler.enter();
  const second = target(journal, "b");
  scheduler.markDirty(target(journal, "a", () => scheduler.markDirty(second)));
  scheduler.leave();
  assert.deepEqual(journal, ["a", "b"]);
});

test("WriteScheduler flushes in a microtask outside of events", async () => {
  const scheduler = new WriteScheduler(new EventTime(systemTime));
  const journal: string[] = [];
  scheduler.markDirty(target(journal, "a"));
  scheduler.markDirty(target(journal, "b"));
  assert.deepEqual(journal, []);
  await Promise.resolve();
  assert.deepEqual(journal, ["a", "b"]);
  scheduler.markDirty(target(journal, "c"));
  await Promise.resolve();
  assert.deepEqual(journal, ["a", "b", "c"]);
});
