import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type TimeoutEntry,
  type TimeoutQueue,
  TimeoutQueues,
} from "../../../host/src/router/timeout-queue.ts";
import { SimulatedDispatcher } from "../../support/simulated-dispatcher.ts";

class Entry implements TimeoutEntry {
  timeoutAtMs = 0;
  timeoutNext: TimeoutEntry | undefined = undefined;
  timeoutPrevious: TimeoutEntry | undefined = undefined;
  timeoutQueue: TimeoutQueue | undefined = undefined;
  readonly onTimeout: () => void;

  constructor(onTimeout: () => void) {
    this.onTimeout = onTimeout;
  }
}

function setUp() {
  const dispatcher = new SimulatedDispatcher();
  const queues = new TimeoutQueues(dispatcher);
  const log: string[] = [];
  const add = (name: string, ms = 100, act: () => void = () => undefined): Entry => {
    const entry = new Entry(() => {
      log.push(name);
      act();
    });
    queues.of(ms).add(entry, dispatcher.time.monotonicMs());
    return entry;
  };
  return { dispatcher, queues, log, add };
}

test("TimeoutQueue runs each entry once, when its own time has come", () => {
  const { dispatcher, log, add } = setUp();
  add("a");
  dispatcher.advance(60);
  add("b");
  dispatcher.advance(30);
  assert.deepEqual(log, []);
  dispatcher.advance(20);
  assert.deepEqual(log, ["a"]);
  dispatcher.advance(60);
  assert.deepEqual(log, ["a", "b"]);
  dispatcher.advance(1000);
  assert.deepEqual(log, ["a", "b"]);
});

test("TimeoutQueue.remove() takes an entry out, wherever it stands", () => {
  const { dispatcher, queues, log, add } = setUp();
  const [first, , middle, , last] = ["a", "b", "c", "d", "e"].map((name) => add(name));
  for (const entry of [first!, middle!, last!]) queues.of(100).remove(entry);
  queues.of(100).remove(first!);
  dispatcher.advance(120);
  assert.deepEqual(log, ["b", "d"]);
});

test("TimeoutQueue lets an entry begin again after all had ended", () => {
  const { dispatcher, queues, log, add } = setUp();
  const entry = add("a");
  queues.of(100).remove(entry);
  dispatcher.advance(90);
  queues.of(100).add(entry, dispatcher.time.monotonicMs());
  dispatcher.advance(90);
  assert.deepEqual(log, []);
  dispatcher.advance(20);
  assert.deepEqual(log, ["a"]);
});

test("TimeoutQueue bears an entry that removes or adds others when it runs", () => {
  const { dispatcher, queues, log, add } = setUp();
  let second: Entry | undefined;
  add("a", 100, () => {
    queues.of(100).remove(second!);
    add("c");
  });
  second = add("b");
  dispatcher.advance(110);
  assert.deepEqual(log, ["a"]);
  dispatcher.advance(110);
  assert.deepEqual(log, ["a", "c"]);
});

test("TimeoutQueues keeps lengths apart", () => {
  const { dispatcher, log, add } = setUp();
  add("long", 500);
  add("short", 50);
  dispatcher.advance(60);
  assert.deepEqual(log, ["short"]);
  dispatcher.advance(460);
  assert.deepEqual(log, ["short", "long"]);
});
