import type { Histogram, StatsScope } from "../../../contracts/stats.ts";

/** What calls of one callback took, in instructions; those of the allocations that host calls made included. */
export interface CallbackCost {
  calls: number;
  total: number;
  last: number;
  max: number;
}

/**
 * Deterministic mode: the instructions that a VM executes, by callback. The global lies in the instance, where the
 * rewritten code counts it down.
 */
export class InstructionCosts {
  /** By name of the callback or start function. */
  readonly byCallback = new Map<string, CallbackCost>();
  /** Calls of host functions. */
  hostCalls = 0;
  /** Memory that the host has asked the module for, to hand something over. */
  allocations = 0;
  allocatedBytes = 0;
  readonly #left: WebAssembly.Global;
  readonly #pluginName: string;
  readonly #stats: StatsScope | undefined;
  readonly #histograms = new Map<string, Histogram>();
  #budget = 0;

  /** `stats`: the root, for the histograms `sluice.wasm.<plugin name>.instructions.<callback>`. */
  constructor(left: WebAssembly.Global, pluginName: string, stats: StatsScope | undefined) {
    this.#left = left;
    this.#pluginName = pluginName;
    this.#stats = stats;
  }

  /** A call begins that may take so many. */
  begin(budget: number): void {
    this.#budget = budget;
    this.#left.value = BigInt(budget);
  }

  /** The call has returned or trapped. */
  end(name: string): void {
    const taken = this.#budget - Number(this.#left.value);
    const cost = this.byCallback.get(name) ?? { calls: 0, total: 0, last: 0, max: 0 };
    this.byCallback.set(name, cost);
    cost.calls += 1;
    cost.total += taken;
    cost.last = taken;
    cost.max = Math.max(cost.max, taken);
    this.#histogram(name)?.record(taken);
  }

  allocated(bytes: number): void {
    this.allocations += 1;
    this.allocatedBytes += bytes;
  }

  /** The running call has taken more than it may. */
  get exhausted(): boolean {
    return this.#left.value < 0n;
  }

  #histogram(name: string): Histogram | undefined {
    const known = this.#histograms.get(name);
    if (known !== undefined || this.#stats === undefined) return known;
    const stat = `sluice.wasm.${this.#pluginName}.instructions.${name.replaceAll(" ", "_")}`;
    const histogram = this.#stats.histogram(stat, "unspecified");
    this.#histograms.set(name, histogram);
    return histogram;
  }
}
