import { eventTime, type EventTime } from "../common/time/event-time.ts";

/** Something with writes that wait for the end of the event. */
export interface Flushable {
  flush(): void;
}

/**
 * Collects the connections that were written to during one event and flushes each once at its end, so that all
 * writes of an event leave in one system call.
 *
 * A socket's event is bracketed by `enter` and `leave` and flushes on the way out, which costs nothing; a write
 * from a timer or a promise is followed by a microtask.
 */
export class WriteScheduler {
  readonly #time: EventTime;
  /** The first `#dirtyCount` wait; behind them is room, because to shorten and grow an array at each event is not free. */
  readonly #dirty: (Flushable | undefined)[] = [];
  #dirtyCount = 0;
  #depth = 0;
  #microtaskQueued = false;

  /** `time`: is told when events begin and end. */
  constructor(time: EventTime) {
    this.#time = time;
  }

  /** An event begins. */
  enter(): void {
    if (this.#depth === 0) this.#time.begin();
    this.#depth += 1;
  }

  /** The event that `enter` began is over. */
  leave(): void {
    if (this.#depth === 1) {
      this.#flushAll();
      this.#time.end();
    }
    this.#depth -= 1;
  }

  /** Calls `target.flush()` at the end of this event. The caller sees to it that a target is not in twice. */
  markDirty(target: Flushable): void {
    this.#dirty[this.#dirtyCount] = target;
    this.#dirtyCount += 1;
    if (this.#depth > 0 || this.#microtaskQueued) return;
    this.#microtaskQueued = true;
    queueMicrotask(this.#runMicrotask);
  }

  readonly #runMicrotask = (): void => {
    this.#microtaskQueued = false;
    this.enter();
    this.leave();
  };

  // A flush may make other connections dirty (a callback for sent bytes that writes): they are flushed, too.
  #flushAll(): void {
    const dirty = this.#dirty;
    for (let i = 0; i < this.#dirtyCount; i += 1) {
      const target = dirty[i]!;
      dirty[i] = undefined;
      target.flush();
    }
    this.#dirtyCount = 0;
  }
}

/** The scheduler of this thread. */
export const writeScheduler = new WriteScheduler(eventTime);
