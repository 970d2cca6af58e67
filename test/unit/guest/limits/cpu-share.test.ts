import assert from "node:assert/strict";
import { test } from "node:test";
import { type CpuShare, CpuShares } from "../../../../host/src/guest/limits/cpu-share.ts";
import { GuestBudget } from "../../../../host/src/guest/limits/guest-budget.ts";
import { createEpochMemory } from "../../../../host/src/guest/limits/epoch.ts";
import { SimulatedStat } from "../../../support/simulated-stat.ts";

/** A worker's loop whose clocks a test moves. */
class Loop {
  nowMs = 1000;
  cpuMs = 0;
  idleMs = 0;
  readonly shares: CpuShares;
  readonly budget = new GuestBudget(createEpochMemory());
  #due: { atMs: number; run: () => void } | undefined = undefined;

  constructor() {
    const clock = {
      monotonicMs: () => this.nowMs,
      threadCpuMs: () => this.cpuMs,
      idleMs: () => this.idleMs,
    };
    this.shares = new CpuShares(clock, (run) => {
      const armed = (): boolean => this.#due !== undefined;
      return {
        enable: (delayMs) => void (this.#due = { atMs: this.nowMs + delayMs, run }),
        disable: () => void (this.#due = undefined),
        get enabled() {
          return armed();
        },
      };
    });
  }

  get looking(): boolean {
    return this.#due !== undefined;
  }

  /** The thread is at work for that long; `cpu`: the part of it that it has a CPU. */
  work(ms: number, cpu = 1): void {
    this.nowMs += ms;
    this.cpuMs += ms * cpu;
  }

  /** A guest's call that takes so long. */
  call(share: CpuShare, ms: number, cpu = 1): void {
    this.budget.enter(10, share);
    this.work(ms, cpu);
    this.budget.leave();
  }

  /** The loop waits until its timer is due, if that is in the future, and runs it. */
  turn(): void {
    assert.ok(this.#due, "nothing is looked at");
    const waitMs = Math.max(0, this.#due.atMs - this.nowMs);
    this.nowMs += waitMs;
    this.idleMs += waitMs;
    const { run } = this.#due;
    this.#due = undefined;
    run();
  }
}

const limits = { cpuShare: 0.5, loopDelayMs: 50 };

function acquired(loop: Loop, name = "greedy", own = limits) {
  const stats = { exceeded: new SimulatedStat(), refused: new SimulatedStat() };
  return { share: loop.shares.acquire(name, own, stats), stats };
}

/** Iterations of the loop in which the guest works for `guestMs` in calls of 9 ms, and others for `othersMs`. */
function saturate(loop: Loop, share: CpuShare, guestMs: number, othersMs: number, times: number) {
  for (let i = 0; i < times; i += 1) {
    share.admits();
    for (let ms = 0; ms < guestMs; ms += 9) loop.call(share, Math.min(9, guestMs - ms));
    loop.work(othersMs);
    loop.turn();
  }
}

test("CpuShare admits a guest that takes all of a worker which is not late", () => {
  const loop = new Loop();
  const { share } = acquired(loop);
  saturate(loop, share, 54, 0, 100);
  assert.equal(share.timing, false);
  assert.equal(share.admits(), true);
});

test("CpuShare refuses a guest that takes most of a worker which is late, until its share has fallen", () => {
  const loop = new Loop();
  const { share, stats } = acquired(loop);
  saturate(loop, share, 270, 30, 1);
  assert.equal(share.timing, true, "calls are timed once the worker is late");
  assert.equal(share.admits(), true);
  saturate(loop, share, 270, 30, 3);
  assert.equal(share.admits(), false);
  assert.equal(stats.exceeded.value, 1);
  assert.ok(stats.refused.value > 0);
  // Refused, it takes nothing: the worker is in time again, and the share falls.
  let turns = 0;
  for (; !share.admits(); turns += 1) loop.turn();
  assert.ok(turns > 5 && turns < 20, `${turns} looks`);
  assert.equal(stats.exceeded.value, 1);
});

test("CpuShare admits a guest that takes little of a worker which others hold up", () => {
  const loop = new Loop();
  const { share } = acquired(loop);
  const greedy = acquired(loop).share;
  const modest = acquired(loop, "modest").share;
  for (let i = 0; i < 8; i += 1) {
    modest.admits();
    for (let each = 0; each < 30; each += 1) loop.call(greedy, 9);
    loop.call(modest, 9);
    loop.turn();
  }
  assert.equal(greedy, share, "one name has one share");
  assert.equal(greedy.admits(), false);
  assert.equal(modest.admits(), true);
});

test("CpuShare does not charge what the thread waited for a CPU", () => {
  const loop = new Loop();
  const { share } = acquired(loop);
  for (let i = 0; i < 10; i += 1) {
    share.admits();
    for (let each = 0; each < 30; each += 1) loop.call(share, 9, 0.4);
    loop.turn();
  }
  assert.equal(share.timing, true);
  assert.equal(share.admits(), true);
});

test("CpuShare never refuses where the share is 1, and obeys its own delay", () => {
  const loop = new Loop();
  const unlimited = acquired(loop, "unlimited", { cpuShare: 1, loopDelayMs: 50 }).share;
  saturate(loop, unlimited, 300, 0, 10);
  assert.equal(unlimited.admits(), true);
  const patient = acquired(loop, "patient", { cpuShare: 0.5, loopDelayMs: 500 }).share;
  saturate(loop, patient, 300, 0, 10);
  assert.equal(patient.admits(), true);
});

test("CpuShares stops looking when no guest is used, and starts anew", () => {
  const loop = new Loop();
  const { share } = acquired(loop);
  assert.equal(loop.looking, false);
  share.admits();
  for (let i = 0; i < 40 && loop.looking; i += 1) loop.turn();
  assert.equal(loop.looking, false);
  saturate(loop, share, 270, 30, 4);
  assert.equal(share.admits(), false);
});

test("CpuShares.release() forgets a share with its last user", () => {
  const loop = new Loop();
  const first = acquired(loop).share;
  const second = acquired(loop).share;
  assert.equal(first, second);
  loop.shares.release(first);
  assert.equal(acquired(loop).share, first);
  loop.shares.release(first);
  loop.shares.release(first);
  assert.notEqual(acquired(loop).share, first);
});
