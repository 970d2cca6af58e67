import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Timer } from "../../../../host/src/contracts/event.ts";
import { tickMs, TimerWheel } from "../../../../host/src/common/time/timer-wheel.ts";

class Clock {
  now = 1_000_003;
  armings = 0;
  readonly wheel = new TimerWheel(this.now);

  timer(callback: () => void): Timer {
    return this.wheel.createTimer(
      callback,
      () => this.now,
      () => {
        this.armings += 1;
      },
    );
  }

  /** Lets time pass tick by tick. */
  pass(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      this.now = Math.min(end, this.now + tickMs);
      this.wheel.advance(this.now);
    }
  }
}

test("a timer fires once, not early, and at most two ticks late", () => {
  for (const delay of [0, 1, 9, 10, 11, 250, 5119, 5120, 5121, 60_000, 300_000]) {
    const clock = new Clock();
    let firedAt = 0;
    let count = 0;
    const timer = clock.timer(() => {
      firedAt = clock.now;
      count += 1;
    });
    const start = clock.now;
    timer.enable(delay);
    assert.equal(timer.enabled, true);
    clock.pass(delay + 2 * tickMs);
    assert.equal(count, 1, `delay ${delay}`);
    assert.ok(firedAt - start >= delay, "never early");
    assert.equal(timer.enabled, false);
    assert.equal(clock.wheel.armed, 0);
    clock.pass(20_000);
    assert.equal(count, 1);
  }
});

test("enable() again moves a timer, disable() stops it", () => {
  const clock = new Clock();
  let count = 0;
  const timer = clock.timer(() => {
    count += 1;
  });
  timer.enable(100);
  clock.pass(90);
  timer.enable(100);
  clock.pass(90);
  assert.equal(count, 0);
  timer.disable();
  timer.disable();
  clock.pass(1000);
  assert.equal(count, 0);
  assert.equal(clock.wheel.armed, 0);
  assert.equal(clock.armings, 2);
});

test("timers that come due in one tick run in the order in which they were armed", () => {
  const clock = new Clock();
  const order: string[] = [];
  const named = (name: string): Timer => clock.timer(() => order.push(name));
  const [a, b, c] = [named("a"), named("b"), named("c")];
  b.enable(50);
  a.enable(50);
  c.enable(50);
  b.enable(50);
  clock.pass(100);
  assert.deepEqual(order, ["a", "c", "b"]);
});

test("a callback may disarm and arm any timer, also one that is due in the same tick", () => {
  const clock = new Clock();
  const fired: string[] = [];
  const second = clock.timer(() => fired.push("second"));
  const third = clock.timer(() => fired.push("third"));
  const first = clock.timer(() => {
    fired.push("first");
    second.disable();
    third.enable(1000);
    if (fired.length < 3) first.enable(0);
  });
  first.enable(10);
  second.enable(10);
  third.enable(10);
  clock.pass(500);
  assert.deepEqual(fired, ["first", "first", "first"]);
  clock.pass(1000);
  assert.deepEqual(fired, ["first", "first", "first", "third"]);
});

test("a wheel that stood still takes up with the clock where it is", () => {
  const clock = new Clock();
  clock.now += 3_600_000;
  let fired = false;
  clock
    .timer(() => {
      fired = true;
    })
    .enable(30);
  clock.pass(20);
  assert.equal(fired, false);
  clock.pass(30);
  assert.equal(fired, true);
});

test("after a long pause of the thread everything that came due runs, and nothing else", () => {
  const clock = new Clock();
  const fired: number[] = [];
  for (const delay of [10, 700, 4000, 9000]) clock.timer(() => fired.push(delay)).enable(delay);
  clock.now += 5000;
  clock.wheel.advance(clock.now);
  assert.deepEqual(fired, [10, 700, 4000]);
});

test("any set of timers fires exactly those that were not disarmed, none early", () => {
  const plan = fc.array(
    fc.record({ delay: fc.nat(12_000), disarmAfter: fc.option(fc.nat(12_000)) }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(plan, (timers) => {
      const clock = new Clock();
      const start = clock.now;
      const fired = new Map<number, number>();
      const armed = timers.map(({ delay }, index) => {
        const timer = clock.timer(() => {
          assert.ok(!fired.has(index));
          fired.set(index, clock.now - start);
        });
        timer.enable(delay);
        return timer;
      });
      while (clock.now - start < 12_100) {
        clock.pass(tickMs);
        timers.forEach(({ disarmAfter }, index) => {
          if (disarmAfter !== null && clock.now - start >= disarmAfter) armed[index]!.disable();
        });
      }
      timers.forEach(({ delay, disarmAfter }, index) => {
        const at = fired.get(index);
        if (at !== undefined) assert.ok(at >= delay && at <= delay + 2 * tickMs);
        else assert.ok(disarmAfter !== null && disarmAfter <= delay + 2 * tickMs);
      });
      assert.equal(clock.wheel.armed, 0);
    }),
    { numRuns: 60 },
  );
});
