import type { Dispatcher, RandomSource, TimeSource, Timer } from "../../contracts/event.ts";
import { systemRandom, systemTime } from "./clock.ts";
import { eventTime } from "./event-time.ts";
import { TimerWheel, tickMs } from "./timer-wheel.ts";

/** The dispatcher of a real thread: Node's event loop, with all timers on one wheel. */
export class ThreadDispatcher implements Dispatcher {
  readonly name: string;
  readonly time: TimeSource = eventTime;
  readonly random: RandomSource = systemRandom;
  readonly #wheel: TimerWheel;
  /** The machine's clock: a timer that is armed late in a long event must not run early. */
  readonly #now = (): number => systemTime.monotonicMs();
  #interval: NodeJS.Timeout | undefined;

  constructor(name: string) {
    this.name = name;
    this.#wheel = new TimerWheel(this.#now());
  }

  createTimer(callback: () => void): Timer {
    return this.#wheel.createTimer(callback, this.#now, this.#start);
  }

  post(callback: () => void): void {
    setImmediate(callback);
  }

  // The wheel turns only while something is armed; it does not keep the process alive by itself.
  readonly #start = (): void => {
    if (this.#interval !== undefined) return;
    this.#interval = setInterval(this.#turn, tickMs);
    this.#interval.unref();
  };

  readonly #turn = (): void => {
    this.#wheel.advance(this.#now());
    if (this.#wheel.armed > 0) return;
    clearInterval(this.#interval);
    this.#interval = undefined;
  };
}
