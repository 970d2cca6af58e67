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

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("WriteScheduler flushes at the end of the turn", async () => {
  const scheduler = new WriteScheduler(new EventTime(systemTime));
  const journal: string[] = [];
  scheduler.enter();
  scheduler.markDirty(target(journal, "a"));
  scheduler.leave();
  scheduler.enter();
  scheduler.markDirty(target(journal, "b"));
  scheduler.leave();
  assert.deepEqual(journal, []);
  await turnEnd();
  assert.deepEqual(journal, ["a", "b"]);
  scheduler.markDirty(target(journal, "c"));
  await turnEnd();
  assert.deepEqual(journal, ["a", "b", "c"]);
});

test("WriteScheduler flushes what becomes dirty while it flushes", async () => {
  const scheduler = new WriteScheduler(new EventTime(systemTime));
  const journal: string[] = [];
  const second = target(journal, "b");
  scheduler.markDirty(target(journal, "a", () => scheduler.markDirty(second)));
  await turnEnd();
  assert.deepEqual(journal, ["a", "b"]);
});

test("WriteScheduler flushes at the end of the outermost event when 32 wait", async () => {
  const scheduler = new WriteScheduler(new EventTime(systemTime));
  const journal: string[] = [];
  scheduler.enter();
  scheduler.enter();
  for (let i = 0; i < 32; i += 1) scheduler.markDirty(target(journal, String(i)));
  scheduler.leave();
  assert.equal(journal.length, 0);
  scheduler.leave();
  assert.equal(journal.length, 32);
  await turnEnd();
  assert.equal(journal.length, 32);
});

test("WriteScheduler.hasten() flushes at the end of the event", () => {
  const scheduler = new WriteScheduler(new EventTime(systemTime));
  const journal: string[] = [];
  scheduler.enter();
  scheduler.markDirty(target(journal, "a"));
  scheduler.hasten();
  assert.deepEqual(journal, []);
  scheduler.leave();
  assert.deepEqual(journal, ["a"]);
});
