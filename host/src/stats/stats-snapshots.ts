import type { StatsSnapshot } from "../contracts/stats-sink.ts";
import type { MergedValue } from "./merged-stats.ts";
import type { StatsStore } from "./stats-store.ts";

/** Takes snapshots of a store for stats sinks; each one's deltas count from the one before. */
export class StatsSnapshots {
  readonly #store: StatsStore;
  readonly #before = new Map<MergedValue, number>();

  constructor(store: StatsStore) {
    this.#store = store;
  }

  take(): StatsSnapshot {
    const counters = shown(this.#store.counters);
    const gauges = shown(this.#store.gauges);
    const values = Float64Array.from(counters, (counter) => counter.value);
    const deltas = Float64Array.from(counters, (counter, i) => this.#delta(counter, values[i]!));
    return {
      counters: { names: counters.map(({ name }) => name), values, deltas },
      gauges: {
        names: gauges.map(({ name }) => name),
        values: Float64Array.from(gauges, (gauge) => gauge.value),
      },
    };
  }

  #delta(counter: MergedValue, value: number): number {
    const before = this.#before.get(counter) ?? 0;
    this.#before.set(counter, value);
    return value - before;
  }
}

function shown(values: Iterable<MergedValue>): MergedValue[] {
  return [...values].filter((value) => value.used && !value.hidden);
}
