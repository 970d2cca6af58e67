import type { Histogram, StatsScope } from "../../contracts/stats.ts";

/** Nanoseconds of a millisecond: clocks give milliseconds, with fractions. */
const nsPerMs = 1e6;

/**
 * Where the time of one callback of a guest goes, as histograms in nanoseconds. Each exists from its first value on.
 */
export class CallbackTimes {
  readonly #scope: StatsScope;
  #self: Histogram | undefined = undefined;
  #hostCalls: Histogram | undefined = undefined;
  #paused: Histogram | undefined = undefined;

  /** `scope`: of the guest and the callback. */
  constructor(scope: StatsScope) {
    this.#scope = scope;
  }

  /** One run: `self_ns` without, `host_call_ns` within the calls that it made into the host. */
  ran(selfMs: number, hostCallMs: number): void {
    this.#self ??= this.#scope.histogram("self_ns", "unspecified");
    this.#hostCalls ??= this.#scope.histogram("host_call_ns", "unspecified");
    this.#self.record(Math.max(0, Math.round(selfMs * nsPerMs)));
    this.#hostCalls.record(Math.round(hostCallMs * nsPerMs));
  }

  /** How long the stream stood still because of this callback (`paused_ns`). */
  paused(ms: number): void {
    this.#paused ??= this.#scope.histogram("paused_ns", "unspecified");
    this.#paused.record(Math.round(ms * nsPerMs));
  }
}
