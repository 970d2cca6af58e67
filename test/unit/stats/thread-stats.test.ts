import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel, Worker } from "node:worker_threads";
import { attachWorkerStats } from "../../../host/src/stats/attach.ts";
import { StatsStore } from "../../../host/src/stats/stats-store.ts";
import { ThreadStats } from "../../../host/src/stats/thread-stats.ts";

function thread(store: StatsStore): { stats: ThreadStats; end: () => void } {
  const source = store.addThread();
  const stats = new ThreadStats((batch) => source.apply(structuredClone(batch)));
  return {
    stats,
    end: () => {
      stats.flush();
      source.remove();
    },
  };
}

test("ThreadStats gives one object per name and joins scopes with dots", () => {
  const { stats } = thread(new StatsStore());
  const scope = stats.scope("cluster").scope("a:b");
  assert.equal(scope.prefix, "cluster.a_b.");
  const counter = scope.counter("upstream_rq_total");
  assert.equal(counter.name, "cluster.a_b.upstream_rq_total");
  assert.equal(stats.counter("cluster.a_b.upstream_rq_total"), counter);
  assert.equal(scope.histogram("h", "ms"), stats.histogram("cluster.a_b.h", "ms"));
  assert.notEqual(stats.gauge("x") as unknown, stats.counter("x"), "kinds have names of their own");
});

test("StatsStore sums the threads by name", () => {
  const store = new StatsStore();
  const first = thread(store);
  const second = thread(store);
  first.stats.counter("c").add(3);
  second.stats.counter("c").inc();
  first.stats.gauge("g").set(5);
  second.stats.gauge("g").dec();
  store.main.counter("c").inc();
  first.stats.flush();
  second.stats.flush();
  assert.equal(store.value("c"), 5);
  assert.equal(store.value("g"), 4);
  assert.equal(store.value("nope"), 0);
  assert.equal(first.stats.counter("c").value, 3, "a counter knows its own thread's share");
});

test("StatsStore keeps the counts of a thread that ended and drops its gauges", () => {
  const store = new StatsStore();
  const first = thread(store);
  const second = thread(store);
  for (const { stats } of [first, second]) {
    stats.counter("c").add(2);
    stats.gauge("g").set(2);
    stats.histogram("h", "ms").record(7);
  }
  first.end();
  second.stats.flush();
  assert.equal(store.value("c"), 4);
  assert.equal(store.value("g"), 2);
  store.flush();
  const [histogram] = [...store.histograms];
  assert.equal(histogram!.cumulative.total, 2);

  const successor = thread(store);
  successor.stats.counter("c").inc();
  successor.end();
  assert.equal(store.value("c"), 5);
});

test("MergedValue.used tells an untouched stat from one that came back to zero", () => {
  const store = new StatsStore();
  const worker = thread(store);
  worker.stats.counter("untouched");
  worker.stats.gauge("untouched");
  worker.stats.gauge("zero").set(0);
  worker.stats.gauge("minus").set(-0);
  const back = worker.stats.gauge("back");
  back.inc();
  back.dec();
  worker.end();
  const used = [...store.counters, ...store.gauges].map((stat) => [stat.name, stat.used]);
  assert.deepEqual(used, [
    ["untouched", false],
    ["untouched", false],
    ["zero", true],
    ["minus", true],
    ["back", true],
  ]);
});

test("StatsStore shows histograms by interval and since the start", () => {
  const store = new StatsStore();
  const worker = thread(store);
  const histogram = worker.stats.histogram("h", "ms");
  worker.stats.flush();
  const [merged] = [...store.histograms];
  assert.equal(merged!.used, false);
  histogram.record(1);
  worker.stats.flush();
  assert.equal(merged!.used, false, "not before the first flush");
  store.flush();
  assert.deepEqual([merged!.interval.total, merged!.cumulative.total], [1, 1]);
  store.flush();
  assert.deepEqual([merged!.interval.total, merged!.cumulative.total], [0, 1]);
  histogram.record(2);
  store.flush();
  assert.deepEqual([merged!.interval.total, merged!.cumulative.total], [1, 2]);
});

test("StatsStore calls back before it flushes", () => {
  const store = new StatsStore();
  store.onFlush(() => store.main.gauge("looked_up").set(42));
  store.flush();
  assert.equal(store.value("looked_up"), 42);
});

test("ThreadStats has room for more stats than one piece of memory holds", () => {
  const store = new StatsStore();
  const worker = thread(store);
  const counters = Array.from({ length: 1500 }, (_, i) => worker.stats.counter(`c${i}`));
  counters.forEach((counter, i) => counter.add(i));
  worker.stats.flush();
  assert.deepEqual(
    [0, 511, 512, 1024, 1499].map((i) => store.value(`c${i}`)),
    [0, 511, 512, 1024, 1499],
  );
});

test("ThreadStats hides what is meant for /clusters only", () => {
  const store = new StatsStore();
  const worker = thread(store);
  worker.stats.scope("h").hiddenGauge("rq_active").set(3);
  worker.stats.hiddenCounter("rq_total").inc();
  worker.stats.flush();
  assert.ok([...store.counters, ...store.gauges].every((stat) => stat.hidden));
  assert.equal(store.value("h.rq_active"), 3);
});

test("attachWorkerStats() reads a real worker's stats while it runs and after it was terminated", async () => {
  const store = new StatsStore();
  const { port1, port2 } = new MessageChannel();
  const detach = attachWorkerStats(store, port1);
  const attach = new URL("../../../host/src/stats/attach.ts", import.meta.url).href;
  const worker = new Worker(
    `import { parentPort, workerData } from "node:worker_threads";
     import { createWorkerStats } from ${JSON.stringify(attach)};
     const stats = createWorkerStats(workerData.port);
     stats.counter("c").add(7);
     stats.gauge("g").set(7);
     stats.histogram("h", "ms").record(7);
     queueMicrotask(() => parentPort.postMessage("announced"));
     setInterval(() => {}, 1000);`,
    { eval: true, workerData: { port: port2 }, transferList: [port2] },
  );
  await new Promise((resolve) => worker.once("message", resolve));
  // The two ports are not ordered with each other: wait for the announcement itself.
  while (store.value("c") === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(store.value("c"), 7);
  assert.equal(store.value("g"), 7);
  await worker.terminate();
  detach();
  detach();
  assert.equal(store.value("c"), 7);
  assert.equal(store.value("g"), 0);
  store.flush();
  assert.equal([...store.histograms][0]!.cumulative.total, 1);
});
