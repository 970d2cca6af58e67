/**
 * Statistics in Envoy's model. Creation is for configuration time, updates are for the hot path: an update is
 * one store into this thread's own slot of shared memory. Asking twice for one name gives the same object.
 */

/** Counts up for ever (`/stats`: `name: value`). */
export interface Counter {
  readonly name: string;
  inc(): void;
  add(amount: number): void;
  /** This thread's own share. */
  readonly value: number;
}

/** A level. The value shown is the sum over the threads; a thread that dies takes its share with it. */
export interface Gauge {
  readonly name: string;
  set(value: number): void;
  inc(): void;
  dec(): void;
  add(amount: number): void;
  sub(amount: number): void;
  readonly value: number;
}

/** `ms` for times, `bytes` for sizes, `unspecified` else (Envoy: `Histogram::Unit`). */
export type HistogramUnit = "ms" | "us" | "bytes" | "percent" | "unspecified";

/** A distribution, kept in log-linear bins (two significant digits). */
export interface Histogram {
  readonly name: string;
  readonly unit: HistogramUnit;
  record(value: number): void;
}

/** Where stats are made. Names join with a dot; `:`, `://` and NUL inside a name part become `_`. */
export interface StatsScope {
  /** The full prefix with its final dot, or the empty string at the root. */
  readonly prefix: string;
  scope(name: string): StatsScope;
  counter(name: string): Counter;
  gauge(name: string): Gauge;
  histogram(name: string, unit: HistogramUnit): Histogram;
  /** Like `counter`/`gauge`, but not shown in `/stats`: host stats, which `/clusters` reads. */
  hiddenCounter(name: string): Counter;
  hiddenGauge(name: string): Gauge;
}
