import { sanitizeStatName } from "../common/stat-name.ts";
import type { Counter, Gauge, Histogram, HistogramUnit, StatsScope } from "../contracts/stats.ts";
import { slotsPerChunk, type StatAnnouncement, untouched } from "./announcement.ts";
import { binCount, binOf } from "./histogram-bins.ts";

class SlotCounter implements Counter {
  readonly name: string;
  readonly #slots: Float64Array;
  readonly #at: number;

  constructor(name: string, slots: Float64Array, at: number) {
    this.name = name;
    this.#slots = slots;
    this.#at = at;
  }

  inc(): void {
    this.#slots[this.#at]! += 1;
  }

  add(amount: number): void {
    this.#slots[this.#at]! += amount;
  }

  get value(): number {
    return this.#slots[this.#at]! + 0;
  }
}

class SlotGauge implements Gauge {
  readonly name: string;
  readonly #slots: Float64Array;
  readonly #at: number;

  constructor(name: string, slots: Float64Array, at: number) {
    this.name = name;
    this.#slots = slots;
    this.#at = at;
  }

  set(value: number): void {
    // Plus zero, so that a level of minus zero does not read as untouched.
    this.#slots[this.#at] = value + 0;
  }

  inc(): void {
    this.#slots[this.#at]! += 1;
  }

  dec(): void {
    this.#slots[this.#at]! -= 1;
  }

  add(amount: number): void {
    this.#slots[this.#at]! += amount;
  }

  sub(amount: number): void {
    this.#slots[this.#at]! -= amount;
  }

  get value(): number {
    return this.#slots[this.#at]! + 0;
  }
}

class SlotHistogram implements Histogram {
  readonly name: string;
  readonly unit: HistogramUnit;
  readonly #share: (memory: SharedArrayBuffer) => void;
  #bins: Uint32Array | undefined = undefined;

  constructor(name: string, unit: HistogramUnit, share: (memory: SharedArrayBuffer) => void) {
    this.name = name;
    this.unit = unit;
    this.#share = share;
  }

  record(value: number): void {
    if (this.#bins === undefined) this.#bins = this.#makeBins();
    this.#bins[binOf(value)]! += 1;
  }

  #makeBins(): Uint32Array {
    const memory = new SharedArrayBuffer(binCount * Uint32Array.BYTES_PER_ELEMENT);
    this.#share(memory);
    return new Uint32Array(memory);
  }
}

/**
 * The stats of one thread, and their root scope. Values live in shared memory that only this thread writes; what
 * there is, it announces in batches, after the event that made it.
 */
export class ThreadStats implements StatsScope {
  readonly prefix = "";
  readonly #announce: (batch: readonly StatAnnouncement[]) => void;
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  #pending: StatAnnouncement[] = [];
  #chunk: Float64Array = new Float64Array();
  #slots = 0;

  constructor(announce: (batch: readonly StatAnnouncement[]) => void) {
    this.#announce = announce;
  }

  scope(name: string): StatsScope {
    return new Scope(this, name);
  }

  counter(name: string): Counter {
    return this.#counter(name, false);
  }

  gauge(name: string): Gauge {
    return this.#gauge(name, false);
  }

  hiddenCounter(name: string): Counter {
    return this.#counter(name, true);
  }

  hiddenGauge(name: string): Gauge {
    return this.#gauge(name, true);
  }

  histogram(name: string, unit: HistogramUnit): Histogram {
    const clean = sanitizeStatName(name);
    let histogram = this.#histograms.get(clean);
    if (histogram === undefined) {
      const id = this.#histograms.size;
      histogram = new SlotHistogram(clean, unit, (memory) =>
        this.#tell({ kind: "bins", id, memory }),
      );
      this.#histograms.set(clean, histogram);
      this.#tell({ kind: "histogram", name: clean, unit, id });
    }
    return histogram;
  }

  /** Announces what is pending now instead of after this event. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const batch = this.#pending;
    this.#pending = [];
    this.#announce(batch);
  }

  #counter(name: string, hidden: boolean): Counter {
    const clean = sanitizeStatName(name);
    let counter = this.#counters.get(clean);
    if (counter === undefined) {
      const slot = this.#allocate("counter", clean, hidden);
      counter = new SlotCounter(clean, this.#chunk, slot % slotsPerChunk);
      this.#counters.set(clean, counter);
    }
    return counter;
  }

  #gauge(name: string, hidden: boolean): Gauge {
    const clean = sanitizeStatName(name);
    let gauge = this.#gauges.get(clean);
    if (gauge === undefined) {
      const slot = this.#allocate("gauge", clean, hidden);
      gauge = new SlotGauge(clean, this.#chunk, slot % slotsPerChunk);
      this.#gauges.set(clean, gauge);
    }
    return gauge;
  }

  #allocate(kind: "counter" | "gauge", name: string, hidden: boolean): number {
    const slot = this.#slots;
    this.#slots += 1;
    if (slot % slotsPerChunk === 0) {
      const memory = new SharedArrayBuffer(slotsPerChunk * Float64Array.BYTES_PER_ELEMENT);
      this.#chunk = new Float64Array(memory).fill(untouched);
      this.#tell({ kind: "chunk", memory });
    }
    this.#tell({ kind, name, slot, hidden });
    return slot;
  }

  #tell(announcement: StatAnnouncement): void {
    if (this.#pending.length === 0) queueMicrotask(() => this.flush());
    this.#pending.push(announcement);
  }
}

class Scope implements StatsScope {
  readonly prefix: string;
  readonly #root: ThreadStats;

  constructor(root: ThreadStats, prefix: string) {
    this.#root = root;
    this.prefix = `${sanitizeStatName(prefix)}.`;
  }

  scope(name: string): StatsScope {
    return new Scope(this.#root, this.prefix + sanitizeStatName(name));
  }

  counter(name: string): Counter {
    return this.#root.counter(this.prefix + name);
  }

  gauge(name: string): Gauge {
    return this.#root.gauge(this.prefix + name);
  }

  histogram(name: string, unit: HistogramUnit): Histogram {
    return this.#root.histogram(this.prefix + name, unit);
  }

  hiddenCounter(name: string): Counter {
    return this.#root.hiddenCounter(this.prefix + name);
  }

  hiddenGauge(name: string): Gauge {
    return this.#root.hiddenGauge(this.prefix + name);
  }
}
