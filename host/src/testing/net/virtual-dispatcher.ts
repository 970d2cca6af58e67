import type { Socket } from "node:net";
import type { Dispatcher, RandomSource, TimeSource, Timer } from "../../contracts/event.ts";

/** Counts what happens, so that one can tell when nothing does any more. */
export class Activity {
  count = 0;
}

/** Where the monotonic clock of a virtual dispatcher begins. */
const monotonicStartMs = 1_000_000;

/** A dispatcher whose clocks stand still until they are moved, and whose chance is the same in each run. */
export class VirtualDispatcher implements Dispatcher {
  readonly name = "worker_0";
  readonly time: TimeSource;
  readonly machineTime: TimeSource;
  readonly random: RandomSource = new SeededRandom();
  readonly createSocket: () => Socket;
  readonly #activity: Activity;
  readonly #timers = new Set<VirtualTimer>();
  #passedMs = 0;
  #armings = 0;

  /** `startMs`: ms since the epoch. */
  constructor(startMs: number, activity: Activity, createSocket: () => Socket) {
    this.#activity = activity;
    this.createSocket = createSocket;
    this.time = {
      monotonicMs: () => monotonicStartMs + this.#passedMs,
      systemMs: () => startMs + this.#passedMs,
    };
    this.machineTime = this.time;
  }

  /** How far the clock has moved. */
  get passedMs(): number {
    return this.#passedMs;
  }

  createTimer(callback: () => void): Timer {
    return new VirtualTimer(this, callback);
  }

  post(callback: () => void): void {
    this.#activity.count += 1;
    setImmediate(callback);
  }

  /** When the next timer is due, on the clock of `passedMs`; undefined: none is armed. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Moves the clock to the next timer and runs it. */
  runNext(): void {
    const timer = this.#next();
    if (timer === undefined) return;
    this.#passedMs = Math.max(this.#passedMs, timer.dueMs);
    this.#activity.count += 1;
    timer.run();
  }

  /** Moves the clock where no timer is due before. */
  moveTo(passedMs: number): void {
    this.#passedMs = Math.max(this.#passedMs, passedMs);
  }

  /** For `VirtualTimer`. */
  arm(timer: VirtualTimer, delayMs: number): void {
    timer.dueMs = this.#passedMs + Math.max(0, delayMs);
    this.#armings += 1;
    timer.turn = this.#armings;
    this.#timers.add(timer);
  }

  /** For `VirtualTimer`. */
  disarm(timer: VirtualTimer): void {
    this.#timers.delete(timer);
  }

  isArmed(timer: VirtualTimer): boolean {
    return this.#timers.has(timer);
  }

  #next(): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.isBefore(next)) next = timer;
    }
    return next;
  }
}

class VirtualTimer implements Timer {
  dueMs = 0;
  /** Which arming it was, of all. */
  turn = 0;
  readonly #dispatcher: VirtualDispatcher;
  readonly #callback: () => void;

  constructor(dispatcher: VirtualDispatcher, callback: () => void) {
    this.#dispatcher = dispatcher;
    this.#callback = callback;
  }

  get enabled(): boolean {
    return this.#dispatcher.isArmed(this);
  }

  enable(delayMs: number): void {
    this.#dispatcher.arm(this, delayMs);
  }

  disable(): void {
    this.#dispatcher.disarm(this);
  }

  isBefore(other: VirtualTimer): boolean {
    return this.dueMs === other.dueMs ? this.turn < other.turn : this.dueMs < other.dueMs;
  }

  run(): void {
    this.disable();
    this.#callback();
  }
}

/** xorshift32 from a fixed seed. */
class SeededRandom implements RandomSource {
  #state = 0x9e3779b9;

  uint32(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }

  uuid(): string {
    const word = (): string => this.uint32().toString(16).padStart(8, "0");
    const [a, b, c, d] = [word(), word(), word(), word()];
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
  }
}
