import type { Histogram, HistogramUnit, StatsScope } from "../../contracts/stats.ts";
import { type SharedMetric, type SharedMetrics, statNameOf } from "../shared/shared-metrics.ts";

/** Stats of one filter that its scripts may make up. */
const statsMax = 1024;
/** Bytes of the name that a script gives to one. */
const nameMax = 1024;

const units: { readonly [name: string]: HistogramUnit } = {
  ms: "ms",
  milliseconds: "ms",
  microseconds: "us",
  // There is no such unit in `/stats`: the numbers are shown as they are.
  nanoseconds: "unspecified",
  bytes: "bytes",
  unspecified: "unspecified",
};

/** What `stats()` of a filter's scripts makes, below the filter's prefix. Values are of all workers. */
export class ScriptStats {
  readonly #prefix: string;
  readonly #shared: SharedMetrics;
  readonly #stats: StatsScope;
  readonly #metrics = new Map<string, SharedMetric>();
  readonly #histograms = new Map<string, Histogram>();

  constructor(prefix: string, shared: SharedMetrics, stats: StatsScope) {
    this.#prefix = prefix;
    this.#shared = shared;
    this.#stats = stats;
  }

  /** The same object for the same name; undefined when there are too many, or the name is too long. */
  metric(kind: "counter" | "gauge", name: string): SharedMetric | undefined {
    const key = `${kind} ${name}`;
    const known = this.#metrics.get(key);
    if (known !== undefined) return known;
    if (!this.#hasRoom(name)) return undefined;
    const metric = this.#shared.define(kind, this.#prefix + name);
    if (metric !== undefined) this.#metrics.set(key, metric);
    return metric;
  }

  histogram(name: string, unit: HistogramUnit): Histogram | undefined {
    const known = this.#histograms.get(name);
    if (known !== undefined) return known;
    if (!this.#hasRoom(name)) return undefined;
    const histogram = this.#stats.histogram(statNameOf(this.#prefix + name), unit);
    this.#histograms.set(name, histogram);
    return histogram;
  }

  #hasRoom(name: string): boolean {
    return name.length <= nameMax && this.#metrics.size + this.#histograms.size < statsMax;
  }
}

/** The unit that a script names; undefined for none of Envoy's. */
export function histogramUnitOf(name: string): HistogramUnit | undefined {
  return Object.hasOwn(units, name) ? units[name] : undefined;
}
