import assert from "node:assert/strict";
import { test } from "node:test";
import {
  StreamDeadlines,
  type StreamWithDeadlines,
} from "../../../../host/src/http/connection-manager/stream-deadlines.ts";
import { SimulatedDispatcher } from "../../../support/simulated-dispatcher.ts";

class FakeStream implements StreamWithDeadlines {
  next: FakeStream | undefined = undefined;
  deadlineMs: number;
  checks = 0;
  fired = false;
  onFire: () => void = () => undefined;

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs;
  }

  checkDeadlines(nowMs: number): number {
    this.checks += 1;
    if (nowMs < this.deadlineMs) return this.deadlineMs;
    this.fired = true;
    this.deadlineMs = Infinity;
    this.onFire();
    return this.deadlineMs;
  }
}

test("StreamDeadlines looks when the earliest limit has come, not before", () => {
  const dispatcher = new SimulatedDispatcher();
  const start = dispatcher.time.monotonicMs();
  const stream = new FakeStream(start + 1000);
  const deadlines = new StreamDeadlines(dispatcher, () => stream);
  deadlines.watch(stream.deadlineMs);
  dispatcher.advance(990);
  assert.equal(stream.checks, 0);
  dispatcher.advance(10);
  assert.equal(stream.fired, true);
});

test("StreamDeadlines goes on with a limit that has moved, and with those of other streams", () => {
  const dispatcher = new SimulatedDispatcher();
  const start = dispatcher.time.monotonicMs();
  const first = new FakeStream(start + 100);
  const second = new FakeStream(start + 300);
  first.next = second;
  const deadlines = new StreamDeadlines(dispatcher, () => first);
  deadlines.watch(second.deadlineMs);
  deadlines.watch(first.deadlineMs);
  first.deadlineMs = start + 200;
  dispatcher.advance(100);
  assert.deepEqual([first.fired, second.fired], [false, false]);
  dispatcher.advance(100);
  assert.deepEqual([first.fired, second.fired], [true, false]);
  dispatcher.advance(100);
  assert.equal(second.fired, true);
});

test("StreamDeadlines bears streams that end while it looks", () => {
  const dispatcher = new SimulatedDispatcher();
  const start = dispatcher.time.monotonicMs();
  let head: FakeStream | undefined = new FakeStream(start + 100);
  head.next = new FakeStream(start + 100);
  const [first, second] = [head, head.next];
  first.onFire = () => {
    head = second;
    first.next = undefined;
  };
  const deadlines = new StreamDeadlines(dispatcher, () => head);
  deadlines.watch(first.deadlineMs);
  dispatcher.advance(100);
  assert.deepEqual([first.fired, second.fired], [true, true]);
});

test("StreamDeadlines needs no timer without limits, and none after stop()", () => {
  const dispatcher = new SimulatedDispatcher();
  const stream = new FakeStream(dispatcher.time.monotonicMs() + 100);
  const deadlines = new StreamDeadlines(dispatcher, () => stream);
  deadlines.watch(Infinity);
  dispatcher.advance(200);
  assert.equal(stream.checks, 0);
  deadlines.watch(dispatcher.time.monotonicMs() + 100);
  deadlines.stop();
  dispatcher.advance(1000);
  assert.equal(stream.checks, 0);
});
