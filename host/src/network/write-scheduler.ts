import { eventTime, type EventTime } from "../common/time/event-time.ts";

/** Something with writes that wait for the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** So many are not kept waiting for the end of the turn: a turn can have a thousand events. */
const waitingMost = 32;

/**
 * Collects the connections that were written to during one turn of the event loop and flushes each once at its
 * end: what is written to a connection leaves in one system call, and the calls follow one another. A peer on this
 * machine that sleeps after each message is woken once for many (host/docs/performance.md has what that saves).
 *
 * A socket's event is bracketed by `enter` and `leave`. Nothing is flushed within an event, where a message may be
 * half written; between events, when many wait or somebody has a lot to send.
 */
export class WriteScheduler {
  readonly #time: EventTime;
  /** The first `#waiting` of these wait; behind them is room, since shrinking an array for each turn has a price. */
  readonly #targets: (Flushable | undefined)[] = [];
  #waiting = 0;
  #depth = 0;
  #hastened = false;
  #scheduled = false;

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
      if (this.#hastened || this.#waiting >= waitingMost) this.#flushAll();
      this.#time.end();
    }
    this.#depth -= 1;
  }

  /** Calls `target.flush()` at the end of this turn. The caller sees to it that a target is not in twice. */
  markDirty(target: Flushable): void {
    this.#targets[this.#waiting] = target;
    this.#waiting += 1;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#onTurnEnd);
  }

  /** So much waits somewhere that it should go at the end of this event already. */
  hasten(): void {
    this.#hastened = true;
  }

  readonly #onTurnEnd = (): void => {
    this.#scheduled = false;
    this.enter();
    this.#flushAll();
    this.leave();
  };

  // A flush may make other connections dirty (a callback for sent bytes that writes): they are flushed, too.
  #flushAll(): void {
    this.#hastened = false;
    const targets = this.#targets;
    for (let i = 0; i < this.#waiting; i += 1) {
      const target = targets[i]!;
      targets[i] = undefined;
      target.flush();
    }
    this.#waiting = 0;
  }
}

/** The scheduler of this thread. */
export const writeScheduler = new WriteScheduler(eventTime);
