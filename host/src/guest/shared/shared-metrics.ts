import type { StatsScope } from "../../contracts/stats.ts";
import type { SharedHeap } from "./shared-heap.ts";
import type { SharedMap } from "./shared-map.ts";

/** The stat of a metric whose name has one character per byte. */
export function statNameOf(name: string): string {
  return Buffer.from(name, "latin1").toString();
}

/** A counter or gauge that all guests of the process share by name. */
export class SharedMetric {
  readonly #values: BigInt64Array;
  readonly #at: number;

  constructor(values: BigInt64Array, at: number) {
    this.#values = values;
    this.#at = at;
  }

  add(amount: bigint): void {
    Atomics.add(this.#values, this.#at, amount);
  }

  set(value: bigint): void {
    Atomics.store(this.#values, this.#at, value);
  }

  get value(): bigint {
    return Atomics.load(this.#values, this.#at);
  }
}

/** The counters and gauges that guests define. They stay when the guests go. */
export class SharedMetrics {
  readonly #heap: SharedHeap;
  readonly #map: SharedMap;
  /** Of counters: what has been shown. */
  readonly #shown = new Map<string, bigint>();

  constructor(heap: SharedHeap, map: SharedMap) {
    this.#heap = heap;
    this.#map = map;
  }

  /** `name`: of the stat, one character per byte. Undefined when the memory is full. */
  define(kind: "counter" | "gauge", name: string): SharedMetric | undefined {
    const key = `${kind === "counter" ? "c" : "g"}${name}`;
    const entry = this.#heap.locked(() => this.#map.find(key) || this.#map.insert(key, 0));
    if (entry === undefined || entry === 0) return undefined;
    return new SharedMetric(this.#heap.longs, this.#map.longIndex(entry));
  }

  /** On the main thread: brings the stats that are shown up to what the metrics are. */
  show(stats: StatsScope): void {
    for (const [key, value] of this.#values("c")) {
      const before = this.#shown.get(key) ?? 0n;
      this.#shown.set(key, value);
      stats.counter(statNameOf(key.slice(1))).add(Number(value - before));
    }
    for (const [key, value] of this.#values("g")) {
      stats.gauge(statNameOf(key.slice(1))).set(Number(value));
    }
  }

  #values(prefix: string): [key: string, value: bigint][] {
    const entries = this.#heap.locked(() => this.#map.entries(prefix)) ?? [];
    return entries.map(([key, entry]) => [
      key,
      Atomics.load(this.#heap.longs, this.#map.longIndex(entry)),
    ]);
  }
}
