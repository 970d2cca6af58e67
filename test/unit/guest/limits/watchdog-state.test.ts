import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createEpochMemory,
  EpochWord,
  epochWords,
} from "../../../../host/src/guest/limits/epoch.ts";
import { WatchedThread } from "../../../../host/src/guest/limits/watchdog-state.ts";

/** A thread whose calls and CPU time are set by the test. */
class Thread {
  cpuMs: number | undefined = 0;
  readonly words = epochWords(createEpochMemory());
  readonly watched = new WatchedThread(this.words, () => this.cpuMs);

  constructor() {
    this.words[EpochWord.ThreadId] = 1;
    this.words[EpochWord.BudgetMs] = 10;
  }

  call(number: number): void {
    this.words[EpochWord.State] = number;
  }

  get condemned(): boolean {
    return this.words[EpochWord.State]! < 0;
  }
}

test("WatchedThread.tick() condemns a call that has had the CPU for its budget", () => {
  const thread = new Thread();
  thread.call(1);
  thread.cpuMs = 100;
  assert.equal(thread.watched.tick(0), false);
  thread.cpuMs = 109;
  assert.equal(thread.watched.tick(9), true);
  assert.equal(thread.condemned, false);
  thread.cpuMs = 110;
  thread.watched.tick(10);
  assert.equal(thread.condemned, true);
  assert.equal(thread.words[EpochWord.Condemned], 1);
});

test("WatchedThread.tick() leaves a call alone whose thread does not get the CPU", () => {
  const thread = new Thread();
  thread.call(1);
  for (let now = 0; now < 1000; now += 10) thread.watched.tick(now);
  assert.equal(thread.condemned, false);
});

test("WatchedThread.tick() leaves a call alone when the watchdog itself comes late", () => {
  const thread = new Thread();
  thread.call(1);
  thread.watched.tick(0);
  thread.cpuMs = 1;
  for (const now of [50, 51, 100]) thread.watched.tick(now);
  assert.equal(thread.condemned, false, "neither of the two had the CPU");
});

test("WatchedThread.tick() counts anew for each call", () => {
  const thread = new Thread();
  for (let number = 1; number < 100; number += 1) {
    thread.call(number);
    thread.cpuMs = 9 * number;
    thread.watched.tick(9 * number);
  }
  assert.equal(thread.condemned, false);
});

test("WatchedThread.tick() goes by the clock where CPU time cannot be told", () => {
  const thread = new Thread();
  thread.cpuMs = undefined;
  thread.call(1);
  for (const now of [0, 9]) thread.watched.tick(now);
  assert.equal(thread.condemned, false);
  thread.watched.tick(10);
  assert.equal(thread.condemned, true);
});
