import type { Dispatcher, Timer } from "../contracts/event.ts";

/** Something with a time limit, itself the element of the queue that it waits in. */
export interface TimeoutEntry {
  /** For the queue. */
  timeoutAtMs: number;
  timeoutNext: TimeoutEntry | undefined;
  timeoutPrevious: TimeoutEntry | undefined;
  timeoutQueue: TimeoutQueue | undefined;
  onTimeout(): void;
}

/**
 * Time limits of one length, for very many entries that nearly never reach it: they end in the order in which
 * they began, so that one timer does, and to begin or end one is to link or unlink it.
 */
export class TimeoutQueue {
  readonly #dispatcher: Dispatcher;
  readonly #durationMs: number;
  readonly #timer: Timer;
  #first: TimeoutEntry | undefined = undefined;
  #last: TimeoutEntry | undefined = undefined;

  constructor(dispatcher: Dispatcher, durationMs: number) {
    this.#dispatcher = dispatcher;
    this.#durationMs = durationMs;
    this.#timer = dispatcher.createTimer(this.#check);
  }

  /** Begins the limit of an entry that is in no queue. */
  add(entry: TimeoutEntry, nowMs: number): void {
    entry.timeoutAtMs = nowMs + this.#durationMs;
    entry.timeoutQueue = this;
    entry.timeoutPrevious = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.timeoutNext = entry;
    this.#last = entry;
    if (!this.#timer.enabled) this.#timer.enable(this.#durationMs);
  }

  /** Ends it; harmless when it is not in this queue. */
  remove(entry: TimeoutEntry): void {
    if (entry.timeoutQueue !== this) return;
    const { timeoutPrevious: previous, timeoutNext: next } = entry;
    if (previous === undefined) this.#first = next;
    else previous.timeoutNext = next;
    if (next === undefined) this.#last = previous;
    else next.timeoutPrevious = previous;
    entry.timeoutNext = undefined;
    entry.timeoutPrevious = undefined;
    entry.timeoutQueue = undefined;
  }

  readonly #check = (): void => {
    const now = this.#dispatcher.time.monotonicMs();
    let first = this.#first;
    while (first !== undefined && first.timeoutAtMs <= now) {
      this.remove(first);
      first.onTimeout();
      first = this.#first;
    }
    if (first !== undefined && !this.#timer.enabled) this.#timer.enable(first.timeoutAtMs - now);
  };
}

/** The queues of one worker, by length. */
export class TimeoutQueues {
  readonly #dispatcher: Dispatcher;
  readonly #byDuration = new Map<number, TimeoutQueue>();

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  /** `durationMs` must come from the configuration: a queue is kept for each. */
  of(durationMs: number): TimeoutQueue {
    let queue = this.#byDuration.get(durationMs);
    if (queue === undefined) {
      queue = new TimeoutQueue(this.#dispatcher, durationMs);
      this.#byDuration.set(durationMs, queue);
    }
    return queue;
  }
}
