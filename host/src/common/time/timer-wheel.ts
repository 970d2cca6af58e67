import type { Timer } from "../../contracts/event.ts";

/** Length of a tick: timers fire up to this much late, never early. */
export const tickMs = 10;
const slots = 512;

/**
 * A hashed timing wheel. Arming and disarming are O(1) and allocate nothing, because every request re-arms
 * several timers that almost never fire. A timer further away than one turn of the wheel (5.12 s) stays in its
 * slot and is looked at once a turn.
 */
export class TimerWheel {
  readonly #heads: (WheelTimer | undefined)[] = Array.from({ length: slots }, () => undefined);
  /** Ticks that have been run. */
  #tick: number;
  #armed = 0;

  constructor(nowMs: number) {
    this.#tick = Math.floor(nowMs / tickMs);
  }

  /** Number of armed timers. */
  get armed(): number {
    return this.#armed;
  }

  createTimer(callback: () => void, now: () => number, onArmed: () => void): Timer {
    return new WheelTimer(this, callback, now, onArmed);
  }

  /** Runs everything that is due at `nowMs`. */
  advance(nowMs: number): void {
    const target = Math.floor(nowMs / tickMs);
    while (this.#tick < target) {
      if (this.#armed === 0) {
        this.#tick = target;
        return;
      }
      this.#tick += 1;
      this.#runSlot(this.#tick);
    }
  }

  /** For `WheelTimer`. */
  insert(timer: WheelTimer, nowMs: number, delayMs: number): void {
    if (this.#armed === 0) this.#tick = Math.max(this.#tick, Math.floor(nowMs / tickMs));
    timer.due = Math.max(Math.ceil((nowMs + delayMs) / tickMs), this.#tick + 1);
    const slot = timer.due % slots;
    const tail = this.#heads[slot];
    if (tail === undefined) {
      timer.next = timer;
      timer.previous = timer;
      this.#heads[slot] = timer;
    } else {
      timer.next = tail;
      timer.previous = tail.previous!;
      tail.previous!.next = timer;
      tail.previous = timer;
    }
    this.#armed += 1;
  }

  /** For `WheelTimer`. */
  unlink(timer: WheelTimer): void {
    const slot = timer.due % slots;
    if (timer.next === timer) {
      this.#heads[slot] = undefined;
    } else {
      timer.previous!.next = timer.next;
      timer.next!.previous = timer.previous;
      if (this.#heads[slot] === timer) this.#heads[slot] = timer.next;
    }
    timer.next = undefined;
    timer.previous = undefined;
    this.#armed -= 1;
  }

  #runSlot(tick: number): void {
    // Due timers are taken out first: a callback may arm or disarm any timer, also in this slot.
    const due: WheelTimer[] = [];
    const head = this.#heads[tick % slots];
    if (head === undefined) return;
    let timer = head;
    do {
      if (timer.due <= tick) due.push(timer);
      timer = timer.next!;
    } while (timer !== head);
    for (const each of due) this.unlink(each);
    for (const each of due) each.pending = true;
    for (const each of due) each.fire();
  }
}

/** A timer on the wheel; an element of its slot's ring. */
export class WheelTimer implements Timer {
  due = 0;
  next: WheelTimer | undefined = undefined;
  previous: WheelTimer | undefined = undefined;
  /** Taken out of the wheel, callback not yet run. */
  pending = false;
  readonly #wheel: TimerWheel;
  readonly #callback: () => void;
  readonly #now: () => number;
  readonly #onArmed: () => void;

  constructor(wheel: TimerWheel, callback: () => void, now: () => number, onArmed: () => void) {
    this.#wheel = wheel;
    this.#callback = callback;
    this.#now = now;
    this.#onArmed = onArmed;
  }

  get enabled(): boolean {
    return this.next !== undefined || this.pending;
  }

  enable(delayMs: number): void {
    this.disable();
    this.#wheel.insert(this, this.#now(), delayMs);
    this.#onArmed();
  }

  disable(): void {
    this.pending = false;
    if (this.next !== undefined) this.#wheel.unlink(this);
  }

  fire(): void {
    if (!this.pending) return;
    this.pending = false;
    this.#callback();
  }
}
