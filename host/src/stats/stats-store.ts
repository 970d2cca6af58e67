import type { StatAnnouncement } from "./announcement.ts";
import { slotsPerChunk } from "./announcement.ts";
import { MergedHistogram, MergedValue } from "./merged-stats.ts";
import { ThreadStats } from "./thread-stats.ts";

/** Envoy's default of `stats_flush_interval`. */
export const defaultFlushIntervalMs = 5000;

/** The store's side of one worker. */
export interface ThreadSource {
  /** Takes what the worker announced. */
  apply(batch: readonly StatAnnouncement[]): void;
  /** After the worker has ended: its counters and histograms stay counted, its gauges go. */
  remove(): void;
}

/** The stats of all threads by name. Lives on the main thread. */
export class StatsStore {
  /** The main thread's own stats. */
  readonly main: ThreadStats;
  readonly #counters = new Map<string, MergedValue>();
  readonly #gauges = new Map<string, MergedValue>();
  readonly #histograms = new Map<string, MergedHistogram>();
  readonly #beforeFlush: (() => void)[] = [];
  readonly #afterFlush: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushesWhenShown = false;

  constructor() {
    const source = this.addThread();
    this.main = new ThreadStats((batch) => source.apply(batch));
  }

  /** A place for the stats of one more thread. */
  addThread(): ThreadSource {
    return new Source(this.#counters, this.#gauges, this.#histograms);
  }

  get counters(): Iterable<MergedValue> {
    this.main.flush();
    return this.#counters.values();
  }

  get gauges(): Iterable<MergedValue> {
    this.main.flush();
    return this.#gauges.values();
  }

  get histograms(): Iterable<MergedHistogram> {
    this.main.flush();
    return this.#histograms.values();
  }

  /** A counter's or gauge's value of all threads, hidden ones too; 0 for a name that does not exist. */
  value(name: string): number {
    this.main.flush();
    return (this.#counters.get(name) ?? this.#gauges.get(name))?.value ?? 0;
  }

  /** Before the values are shown to somebody. */
  prepareToShow(): void {
    if (this.#flushesWhenShown) this.flush();
    else this.refresh();
  }

  /** Each time that somebody looks is the end of an interval (`stats_flush_on_admin`). */
  flushWhenShown(): void {
    this.#flushesWhenShown = true;
  }

  /** Brings what is looked up rather than counted up to the moment. */
  refresh(): void {
    for (const callback of this.#beforeFlush) callback();
    this.main.flush();
  }

  /** Ends an interval: histograms show now what was recorded before. */
  flush(): void {
    this.refresh();
    for (const histogram of this.#histograms.values()) histogram.merge();
    for (const callback of this.#afterFlush) callback();
  }

  /** `callback` takes the statistics away, at the end of each interval. */
  onFlushed(callback: () => void): void {
    this.#afterFlush.push(callback);
  }

  /** `callback` sets what is looked up rather than counted (memory, up-time): at each `refresh` and flush. */
  onFlush(callback: () => void): void {
    this.#beforeFlush.push(callback);
  }

  /** Flushes by itself from now on; does not keep the process alive. */
  startFlushing(intervalMs: number = defaultFlushIntervalMs): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.flush(), intervalMs);
    this.#timer.unref();
  }

  stopFlushing(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

class Source implements ThreadSource {
  readonly #counters: Map<string, MergedValue>;
  readonly #gauges: Map<string, MergedValue>;
  readonly #histograms: Map<string, MergedHistogram>;
  readonly #chunks: Float64Array[] = [];
  readonly #histogramById = new Map<number, MergedHistogram>();

  constructor(
    counters: Map<string, MergedValue>,
    gauges: Map<string, MergedValue>,
    histograms: Map<string, MergedHistogram>,
  ) {
    this.#counters = counters;
    this.#gauges = gauges;
    this.#histograms = histograms;
  }

  apply(batch: readonly StatAnnouncement[]): void {
    for (const announcement of batch) this.#applyOne(announcement);
  }

  remove(): void {
    for (const counter of this.#counters.values()) counter.removeThread(this);
    for (const gauge of this.#gauges.values()) gauge.removeThread(this);
    for (const histogram of this.#histograms.values()) histogram.removeThread(this);
  }

  #applyOne(announcement: StatAnnouncement): void {
    switch (announcement.kind) {
      case "chunk":
        this.#chunks.push(new Float64Array(announcement.memory));
        return;
      case "counter":
        this.#addValue(this.#counters, "counter", announcement);
        return;
      case "gauge":
        this.#addValue(this.#gauges, "gauge", announcement);
        return;
      case "histogram": {
        const { name, unit, id } = announcement;
        const histogram = this.#histograms.get(name) ?? new MergedHistogram(name, unit);
        this.#histograms.set(name, histogram);
        this.#histogramById.set(id, histogram);
        histogram.addShare(this, id);
        return;
      }
      case "bins":
        this.#histogramById
          .get(announcement.id)
          ?.shareBins(this, announcement.id, announcement.memory);
    }
  }

  #addValue(
    values: Map<string, MergedValue>,
    kind: "counter" | "gauge",
    announcement: { readonly name: string; readonly slot: number; readonly hidden: boolean },
  ): void {
    const { name, slot, hidden } = announcement;
    const value = values.get(name) ?? new MergedValue(kind, name, hidden);
    values.set(name, value);
    value.addShare(this, this.#chunks[Math.floor(slot / slotsPerChunk)]!, slot % slotsPerChunk);
  }
}
