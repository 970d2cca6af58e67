import type {
  Dispatcher,
  RandomSource,
  TimeSource,
  Timer,
} from "../../host/src/contracts/event.ts";
import { TimerWheel } from "../../host/src/common/time/timer-wheel.ts";

/** A dispatcher whose clock stands still until a test moves it. */
export class SimulatedDispatcher implements Dispatcher {
  readonly name = "worker_0";
  readonly time: TimeSource;
  readonly random: RandomSource;
  #nowMs = 1_000_000;
  #seed = 1;
  readonly #wheel: TimerWheel;
  #posted: (() => void)[] = [];

  constructor() {
    this.#wheel = new TimerWheel(this.#nowMs);
    this.time = { monotonicMs: () => this.#nowMs, systemMs: () => 1_750_000_000_000 + this.#nowMs };
    this.random = { uint32: () => this.#next(), uuid: () => this.#uuid() };
  }

  createTimer(callback: () => void): Timer {
    return this.#wheel.createTimer(
      callback,
      () => this.#nowMs,
      () => undefined,
    );
  }

  post(callback: () => void): void {
    this.#posted.push(callback);
  }

  /** Runs what was posted, also what that posts. */
  runPosted(): void {
    while (this.#posted.length > 0) {
      const posted = this.#posted;
      this.#posted = [];
      for (const callback of posted) callback();
    }
  }

  /** Moves the clock; timers that come due run in order. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    while (this.#nowMs < end) {
      this.#nowMs = Math.min(end, this.#nowMs + 10);
      this.#wheel.advance(this.#nowMs);
      this.runPosted();
    }
  }

  #next(): number {
    // xorshift32
    let x = this.#seed;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#seed = x;
    return x >>> 0;
  }

  #uuid(): string {
    return `00000000-0000-4000-8000-${this.#next().toString(16).padStart(12, "0")}`;
  }
}
