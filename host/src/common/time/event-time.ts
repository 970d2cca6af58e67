import type { TimeSource } from "../../contracts/event.ts";
import { systemTime } from "./clock.ts";

/**
 * The clocks of a thread that handles events: within one event they are read once and then stand
 * still, because a proxied request asks for the time a dozen times and an event is over in microseconds. Outside of
 * events it is the machine's.
 */
export class EventTime implements TimeSource {
  readonly #time: TimeSource;
  #inEvent = false;
  /** 0: not read in this event. */
  #nowMs = 0;

  constructor(time: TimeSource) {
    this.#time = time;
  }

  /** An event begins: what was read before is out of date. */
  begin(): void {
    this.#inEvent = true;
    this.#nowMs = 0;
  }

  end(): void {
    this.#inEvent = false;
  }

  monotonicMs(): number {
    if (!this.#inEvent) return this.#time.monotonicMs();
    if (this.#nowMs === 0) this.#nowMs = this.#time.monotonicMs();
    return this.#nowMs;
  }

  systemMs(): number {
    const time = this.#time;
    return time.systemMs() - time.monotonicMs() + this.monotonicMs();
  }
}

/** Of this thread. */
export const eventTime = new EventTime(systemTime);
