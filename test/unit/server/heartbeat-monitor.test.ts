import assert from "node:assert/strict";
import { test } from "node:test";
import { HeartbeatMonitor } from "../../../host/src/server/heartbeat-monitor.ts";
import type { WorkerThread } from "../../../host/src/server/worker-thread.ts";

const worker = (): WorkerThread & { beats: number } =>
  ({ beats: 0 }) as unknown as WorkerThread & { beats: number };

test("HeartbeatMonitor.isStuck() is true when a worker is silent for the limit", () => {
  const monitor = new HeartbeatMonitor(1000, 250);
  const silent = worker();
  const seen = Array.from({ length: 6 }, () => monitor.isStuck(silent, 250));
  assert.deepEqual(seen, [false, false, false, false, true, true]);
});

test("HeartbeatMonitor.isStuck() begins anew with every beat", () => {
  const monitor = new HeartbeatMonitor(1000, 250);
  const slow = worker();
  for (let i = 0; i < 20; i += 1) {
    if (i % 4 === 3) slow.beats += 1;
    assert.equal(monitor.isStuck(slow, 250), false);
  }
});

test("HeartbeatMonitor.isStuck() does not count a pause of the whole process", () => {
  const monitor = new HeartbeatMonitor(1000, 250);
  const paused = worker();
  monitor.isStuck(paused, 250);
  assert.equal(monitor.isStuck(paused, 60_000), false);
});

test("HeartbeatMonitor.isStuck() keeps workers apart", () => {
  const monitor = new HeartbeatMonitor(500, 250);
  const [dead, alive] = [worker(), worker()];
  for (let i = 0; i < 2; i += 1) monitor.isStuck(dead, 250);
  monitor.isStuck(alive, 250);
  assert.equal(monitor.isStuck(dead, 250), true);
  assert.equal(monitor.isStuck(alive, 250), false);
});
