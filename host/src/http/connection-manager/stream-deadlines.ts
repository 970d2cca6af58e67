import type { Dispatcher, Timer } from "../../contracts/event.ts";

/** A stream as its deadlines see it. */
export interface StreamWithDeadlines {
  /** The stream that began before this one and is still open. */
  readonly next: StreamWithDeadlines | undefined;
  /** Acts on what is due at `nowMs`; gives the time of the next deadline, `Infinity` when none is set. */
  checkDeadlines(nowMs: number): number;
}

/**
 * The time limits of all streams of a connection, on one timer. A stream only notes when it was last active;
 * the timer looks when the earliest limit can have passed, which for most requests is never.
 */
export class StreamDeadlines {
  readonly #dispatcher: Dispatcher;
  readonly #first: () => StreamWithDeadlines | undefined;
  #timer: Timer | undefined = undefined;
  #armedForMs = 0;

  constructor(dispatcher: Dispatcher, first: () => StreamWithDeadlines | undefined) {
    this.#dispatcher = dispatcher;
    this.#first = first;
  }

  /** Makes sure that the streams are looked at when `deadlineMs` has come. */
  watch(deadlineMs: number): void {
    if (deadlineMs === Infinity) return;
    if (this.#timer?.enabled && this.#armedForMs <= deadlineMs) return;
    this.#timer ??= this.#dispatcher.createTimer(this.#check);
    this.#armedForMs = deadlineMs;
    this.#timer.enable(Math.max(0, deadlineMs - this.#dispatcher.time.monotonicMs()));
  }

  stop(): void {
    this.#timer?.disable();
  }

  readonly #check = (): void => {
    const now = this.#dispatcher.time.monotonicMs();
    let earliest = Infinity;
    let stream = this.#first();
    while (stream !== undefined) {
      // A stream that is ended by its deadline leaves the list.
      const next = stream.next;
      earliest = Math.min(earliest, stream.checkDeadlines(now));
      stream = next;
    }
    this.watch(earliest);
  };
}
