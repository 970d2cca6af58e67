import type { Gauge, StatsScope } from "../../contracts/stats.ts";
import { CallbackTimes } from "./callback-times.ts";
import type { GuestTrace } from "./guest-trace.ts";

/** What runs the guest; it stands in stat names. */
export type GuestKind = "wasm" | "lua";

/** One plugin or script on one worker, seen from outside: what it costs, and who follows its calls. */
export class WatchedGuest {
  readonly kind: GuestKind;
  readonly name: string;
  /** Of whoever follows its calls right now. */
  trace: GuestTrace | undefined = undefined;
  readonly #scope: StatsScope;
  readonly #callbacks = new Map<string, CallbackTimes>();
  readonly #instances: Gauge;
  readonly #memory: Gauge;
  readonly #memoryHighWater: Gauge;
  #sampleOneIn: number;
  #untilNext: number;

  /** `sampleOneIn`: of so many streams one is measured; 0: none. */
  constructor(kind: GuestKind, name: string, scope: StatsScope, sampleOneIn: number) {
    this.kind = kind;
    this.name = name;
    this.#scope = scope;
    this.#sampleOneIn = sampleOneIn;
    this.#untilNext = sampleOneIn === 0 ? Infinity : 1;
    this.#instances = scope.gauge(kind === "wasm" ? "vms" : "states");
    this.#memory = scope.gauge("memory_bytes");
    this.#memoryHighWater = scope.gauge("memory_high_water_bytes");
  }

  /** Whether the stream that begins now is watched. */
  watchesNext(): boolean {
    this.#untilNext -= 1;
    if (this.#untilNext > 0) return false;
    this.#untilNext = this.trace === undefined ? this.#interval : 0;
    return true;
  }

  /** Whether anything is measured at all. */
  get measures(): boolean {
    return this.#sampleOneIn > 0;
  }

  sample(oneIn: number): void {
    this.#sampleOneIn = oneIn;
    this.#untilNext = this.trace === undefined ? Math.min(this.#interval, this.#untilNext) : 0;
  }

  /** Every stream is watched until `detach`. */
  attach(trace: GuestTrace): void {
    this.trace = trace;
    this.#untilNext = 0;
  }

  detach(trace: GuestTrace): void {
    if (this.trace !== trace) return;
    this.trace = undefined;
    this.#untilNext = this.#interval;
  }

  times(callback: string): CallbackTimes {
    let times = this.#callbacks.get(callback);
    if (times === undefined) {
      times = new CallbackTimes(this.#scope.scope(callback));
      this.#callbacks.set(callback, times);
    }
    return times;
  }

  /** A VM or state exists; `memoryBytes`: what it has. */
  instanceAdded(memoryBytes: number): void {
    this.#instances.inc();
    this.memoryGrew(0, memoryBytes);
  }

  /** `memoryBytes`: what it had. */
  instanceRemoved(memoryBytes: number): void {
    this.#instances.dec();
    this.#memory.sub(memoryBytes);
  }

  /** The memory of one instance has grown. */
  memoryGrew(fromBytes: number, toBytes: number): void {
    this.#memory.add(toBytes - fromBytes);
    if (toBytes > this.#memoryHighWater.value) this.#memoryHighWater.set(toBytes);
  }

  get memoryHighWaterBytes(): number {
    return this.#memoryHighWater.value;
  }

  get #interval(): number {
    return this.#sampleOneIn === 0 ? Infinity : this.#sampleOneIn;
  }
}
