import assert from "node:assert/strict";
import { test } from "node:test";
import { StatsSnapshots } from "../../../host/src/stats/stats-snapshots.ts";
import { StatsStore } from "../../../host/src/stats/stats-store.ts";

test("take() gives what has been updated, and what is new since the snapshot before", () => {
  const store = new StatsStore();
  const snapshots = new StatsSnapshots(store);
  store.main.counter("untouched");
  const counter = store.main.counter("c");
  const gauge = store.main.gauge("g");
  counter.add(3);
  gauge.set(7);
  assert.deepEqual(snapshots.take(), {
    counters: { names: ["c"], values: Float64Array.of(3), deltas: Float64Array.of(3) },
    gauges: { names: ["g"], values: Float64Array.of(7) },
  });
  counter.inc();
  gauge.sub(2);
  assert.deepEqual(snapshots.take(), {
    counters: { names: ["c"], values: Float64Array.of(4), deltas: Float64Array.of(1) },
    gauges: { names: ["g"], values: Float64Array.of(5) },
  });
  assert.deepEqual(snapshots.take().counters.deltas, Float64Array.of(0));
});
