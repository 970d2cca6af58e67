import type { TimeSource } from "../../contracts/event.ts";

/** How long the distance between the two clocks is believed. */
const believedMs = 1000;

/**
 * The time of the event that is being handled: read from the machine once, for all that happens in it. A request
 * that arrives whole would else ask half a dozen times.
 */
export class EventClock implements TimeSource {
  readonly #time: TimeSource;
  #nowMs = 0;
  /** Wall clock minus monotonic clock. */
  #distanceMs = 0;
  #believedUntilMs = -Infinity;

  constructor(time: TimeSource) {
    this.#time = time;
    this.update();
  }

  /** A new event begins. */
  update(): void {
    this.#nowMs = this.#time.monotonicMs();
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  systemMs(): number {
    return this.systemAt(this.#nowMs);
  }

  /** The wall clock at a monotonic time about now. */
  systemAt(monotonicMs: number): number {
    if (monotonicMs >= this.#believedUntilMs) {
      this.#distanceMs = this.#time.systemMs() - this.#time.monotonicMs();
      this.#believedUntilMs = monotonicMs + believedMs;
    }
    return monotonicMs + this.#distanceMs;
  }
}
