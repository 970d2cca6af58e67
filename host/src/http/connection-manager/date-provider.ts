import type { EventClock } from "./event-clock.ts";

/** The text of the `date` header (RFC 9110 section 5.6.7), made anew once a second. */
export class DateProvider {
  readonly #clock: EventClock;
  #second = -1;
  #text = "";

  constructor(clock: EventClock) {
    this.#clock = clock;
  }

  textAt(monotonicMs: number): string {
    const second = Math.floor(this.#clock.systemAt(monotonicMs) / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}
