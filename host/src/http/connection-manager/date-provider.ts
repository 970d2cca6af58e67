import type { TimeSource } from "../../contracts/event.ts";

/** The text of the `date` header (RFC 9110 section 5.6.7), made anew once a second. */
export class DateProvider {
  readonly #time: TimeSource;
  #second = -1;
  #text = "";

  constructor(time: TimeSource) {
    this.#time = time;
  }

  get text(): string {
    const second = Math.floor(this.#time.systemMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}
