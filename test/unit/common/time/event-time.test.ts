import assert from "node:assert/strict";
import { test } from "node:test";
import { EventTime } from "../../../../host/src/common/time/event-time.ts";

/** A machine on which a reading of the clock takes a millisecond. */
class SlowClock {
  nowMs = 100;
  monotonicMs(): number {
    return (this.nowMs += 1);
  }
  systemMs(): number {
    return 1_000_000 + this.monotonicMs();
  }
}

test("EventTime.monotonicMs() stands still within an event", () => {
  const clock = new SlowClock();
  const time = new EventTime(clock);
  time.begin();
  assert.equal(time.monotonicMs(), 101);
  assert.equal(time.monotonicMs(), 101);
  time.begin();
  assert.equal(time.monotonicMs(), 102);
  time.end();
});

test("EventTime.monotonicMs() is the machine's outside of events", () => {
  const time = new EventTime(new SlowClock());
  time.begin();
  time.monotonicMs();
  time.end();
  assert.equal(time.monotonicMs(), 102);
  assert.equal(time.monotonicMs(), 103);
});

test("EventTime.systemMs() agrees with monotonicMs() within an event", () => {
  const clock = new SlowClock();
  const time = new EventTime({
    monotonicMs: () => clock.monotonicMs(),
    systemMs: () => 1_000_000 + clock.nowMs + 1,
  });
  time.begin();
  const distance = time.systemMs() - time.monotonicMs();
  clock.nowMs += 500;
  assert.equal(time.systemMs() - time.monotonicMs(), distance);
});
