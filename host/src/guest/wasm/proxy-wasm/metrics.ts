import { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } from "@sluice/abi";
import type { Histogram, StatsScope } from "../../../contracts/stats.ts";
import { type SharedMetric, type SharedMetrics, statNameOf } from "../../shared/shared-metrics.ts";

/** Bytes of a metric's name. */
const metricNameMax = 1024;

/** Envoy's scope of what modules define. */
const metricPrefix = "wasmcustom.";

/** The low bits of a metric's id hold its type; numbers go up by this. */
const idStep = 4;

/** The metrics of one VM by their ids, which are its own; the values are the process's. */
export class VmMetrics {
  readonly #shared: SharedMetrics;
  /** Absent in canary runs, whose histograms hold nothing. */
  readonly #stats: StatsScope | undefined;
  readonly #metricsMax: number;
  readonly #ids = new Map<string, number>();
  readonly #values = new Map<number, SharedMetric>();
  readonly #histograms = new Map<number, Histogram | undefined>();
  readonly #nextIds = [idStep, idStep + 1, idStep + 2];

  /** `metricsMax`: how many may be defined. */
  constructor(shared: SharedMetrics, stats: StatsScope | undefined, metricsMax: number) {
    this.#metricsMax = metricsMax;
    this.#shared = shared;
    this.#stats = stats;
  }

  /** The id of the metric of this type and name; undefined when there are too many. */
  define(type: number, name: string): number | undefined {
    const key = `${type} ${name}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.full || name.length > metricNameMax) return undefined;
    const id = this.#nextIds[type]!;
    if (type === METRIC_HISTOGRAM) {
      this.#histograms.set(
        id,
        this.#stats?.histogram(statNameOf(metricPrefix + name), "unspecified"),
      );
    } else {
      const value = this.#shared.define(
        type === METRIC_COUNTER ? "counter" : "gauge",
        metricPrefix + name,
      );
      if (value === undefined) return undefined;
      this.#values.set(id, value);
    }
    this.#nextIds[type] = id + idStep;
    this.#ids.set(key, id);
    return id;
  }

  /** As many as may be are defined. */
  get full(): boolean {
    return this.#ids.size >= this.#metricsMax;
  }

  /** The name that a metric was defined by. */
  nameOf(id: number): string | undefined {
    for (const [key, known] of this.#ids) if (known === id) return key.slice(2);
    return undefined;
  }

  /** What has been defined, in that order: the same, defined again, gets the same ids. */
  definitions(): [type: number, name: string][] {
    return [...this.#ids.keys()].map((key) => [Number(key[0]), key.slice(2)]);
  }

  /** A counter or gauge. */
  value(id: number): SharedMetric | undefined {
    return this.#values.get(id);
  }

  /** Adds to a histogram; false when there is none of this id. */
  record(id: number, value: number): boolean {
    if (!this.#histograms.has(id)) return false;
    this.#histograms.get(id)?.record(value);
    return true;
  }
}

/** The type that an id claims: one of the three, or 3. */
export function metricTypeOf(id: number): number {
  return id & (idStep - 1);
}

/** True for the types that have one value. */
export function hasOneValue(type: number): boolean {
  return type === METRIC_COUNTER || type === METRIC_GAUGE;
}
