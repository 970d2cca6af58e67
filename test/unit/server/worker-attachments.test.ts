import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessagePort } from "node:worker_threads";
import type { Watchdog } from "../../../host/src/guest/limits/watchdog.ts";
import {
  createGuestShared,
  GuestSharedState,
} from "../../../host/src/guest/shared/shared-state.ts";
import { WorkerServiceHooks } from "../../../host/src/server/worker-attachments.ts";
import { createWorkerStats } from "../../../host/src/stats/attach.ts";
import { StatsStore } from "../../../host/src/stats/stats-store.ts";

function setUp() {
  const watched: string[] = [];
  const memories = new Map<WebAssembly.Memory, number>();
  const watchdog: Watchdog = {
    watch(memory) {
      const number = memories.size;
      memories.set(memory, number);
      watched.push(`watch ${number}`);
      return { condemned: 0, unwatch: () => watched.push(`unwatch ${number}`) };
    },
    stop: async () => {},
  };
  const stats = new StatsStore();
  const log = { levels: new SharedArrayBuffer(1), path: "x" };
  const guestShared = createGuestShared();
  const sharedState = new GuestSharedState(guestShared);
  const services = { stats, watchdog, log, guestShared, sharedState };
  return { hooks: new WorkerServiceHooks(services), stats, watched, log, guestShared, sharedState };
}

/** A worker's life on this thread: counts one, sets a gauge, and goes. */
async function live(hooks: WorkerServiceHooks, store: StatsStore): Promise<void> {
  const born = hooks.onWorkerBorn(0);
  assert.deepEqual(born.transfer, [born.stats]);
  const stats = createWorkerStats(born.stats as MessagePort);
  stats.scope("x").counter("count").inc();
  stats.scope("x").gauge("level").set(5);
  stats.flush();
  hooks.onWorkerStarted(0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal([...store.gauges].find(({ name }) => name === "x.level")?.value, 5);
  hooks.onWorkerGone(0);
}

test("WorkerServiceHooks keep the counters of workers that are gone and drop their gauges", async () => {
  const { hooks, stats } = setUp();
  await live(hooks, stats);
  await live(hooks, stats);
  assert.equal([...stats.counters].find(({ name }) => name === "x.count")?.value, 2);
  assert.equal([...stats.gauges].find(({ name }) => name === "x.level")?.value ?? 0, 0);
});

test("WorkerServiceHooks have each life of a worker watched under a memory of its own", async () => {
  const { hooks, stats, watched } = setUp();
  await live(hooks, stats);
  await live(hooks, stats);
  assert.deepEqual(watched, ["watch 0", "unwatch 0", "watch 1", "unwatch 1"]);
});

test("WorkerServiceHooks hand on where the log goes", () => {
  const { hooks, log } = setUp();
  assert.equal(hooks.onWorkerBorn(1).log, log);
  hooks.onWorkerGone(1);
  hooks.onWorkerGone(1);
});

test("WorkerServiceHooks give each worker a number of its own, and let go of what its guests held", () => {
  const { hooks, sharedState } = setUp();
  const first = hooks.onWorkerBorn(0).guestShared;
  const second = hooks.onWorkerBorn(1).guestShared;
  assert.deepEqual([first.thread, second.thread], [2, 3]);
  const worker = new GuestSharedState(first);
  worker.hold("vm");
  worker.data.set("vm", "key", Buffer.from("value"), 0);
  hooks.onWorkerGone(1);
  assert.notEqual(sharedState.data.get("vm", "key"), "missing");
  hooks.onWorkerGone(0);
  assert.equal(sharedState.data.get("vm", "key"), "missing");
});
