import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimeSource } from "../../../../host/src/contracts/event.ts";
import { DateProvider } from "../../../../host/src/http/connection-manager/date-provider.ts";
import { EventClock } from "../../../../host/src/http/connection-manager/event-clock.ts";

/** Two clocks that a test moves; counts how often they are read. */
class MovedTime implements TimeSource {
  monotonic = 1000;
  system = Date.UTC(2026, 10, 21, 5, 0, 0);
  reads = 0;
  monotonicMs(): number {
    this.reads += 1;
    return this.monotonic;
  }
  systemMs(): number {
    this.reads += 1;
    return this.system;
  }
  move(ms: number): void {
    this.monotonic += ms;
    this.system += ms;
  }
}

test("EventClock stands still until the next event", () => {
  const time = new MovedTime();
  const clock = new EventClock(time);
  time.move(5);
  assert.equal(clock.monotonicMs(), 1000);
  clock.update();
  assert.equal(clock.monotonicMs(), 1005);
  assert.equal(clock.systemMs(), time.system);
});

test("EventClock reads the machine's clock once per event", () => {
  const time = new MovedTime();
  const clock = new EventClock(time);
  clock.systemMs();
  time.reads = 0;
  for (let i = 0; i < 10; i += 1) {
    time.move(1);
    clock.update();
    clock.monotonicMs();
    clock.systemMs();
    clock.systemAt(time.monotonic);
  }
  assert.equal(time.reads, 10);
});

test("EventClock follows a step of the wall clock within a second", () => {
  const time = new MovedTime();
  const clock = new EventClock(time);
  clock.systemMs();
  time.system += 3_600_000;
  time.move(1000);
  clock.update();
  assert.equal(clock.systemMs(), time.system);
});

test("DateProvider.textAt() gives the date of RFC 9110, made once a second", () => {
  const time = new MovedTime();
  const provider = new DateProvider(new EventClock(time));
  const text = provider.textAt(time.monotonic);
  assert.equal(text, "Sat, 21 Nov 2026 05:00:00 GMT");
  assert.equal(provider.textAt(time.monotonic + 999), text);
  assert.equal(provider.textAt(time.monotonic + 1000), "Sat, 21 Nov 2026 05:00:01 GMT");
});
