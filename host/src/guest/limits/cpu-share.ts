import { performance } from "node:perf_hooks";
import { systemTime } from "../../common/time/clock.ts";
import type { Timer } from "../../contracts/event.ts";
import type { WorkerContext } from "../../contracts/runtime.ts";
import type { Counter } from "../../contracts/stats.ts";

/** Time between two looks at the loop. */
const checkMs = 50;
/** A share is taken over this much of the past. */
const windowMs = 1000;
/** The coarseness of timers: one that is no later than this was not held up. */
const timerSlackMs = 10;
/** After this many looks without a stream of any guest no more are taken. */
const idleChecksMax = windowMs / checkMs;

/** How much of a worker one guest may take. */
export interface CpuShareLimits {
  /** Of the worker's time over the last second, 0 … 1; 1 is no limit. */
  readonly cpuShare: number;
  /** Only while its event loop comes later than this does a worker begin to limit anybody. */
  readonly loopDelayMs: number;
}

/** What is counted of one guest's share. */
export interface CpuShareStats {
  /** Times that the guest went over its share. */
  readonly exceeded: Counter;
  /** Streams that were not admitted for it. */
  readonly refused: Counter;
}

/** What the shares of a worker are measured with: milliseconds since whenever. */
export interface CpuShareClock {
  /** Must not stand still within an event. */
  monotonicMs(): number;
  /** CPU time of the calling thread. */
  threadCpuMs(): number;
  /** Time that the thread's event loop waited for events. */
  idleMs(): number;
}

/** What a look at the loop sees of the time since the last one. */
interface LoopStretch {
  elapsedMs: number;
  /** How late the look came. */
  delayMs: number;
  /** Of the time in which the loop did not wait for events, the part in which its thread had a CPU; 0 … 1. */
  onCpu: number;
}

/**
 * The part of a worker's time that one guest takes: a plugin, a script. Guests can saturate a worker though each of
 * their calls stays within its limit. One that has taken more than its share while the worker came late is over it
 * until its share of the last second has fallen again.
 *
 * Who owns the guest asks `admits` once for each stream, and answers the stream by its failure policy when that is
 * false. Calls are timed by `GuestBudget.enter`, and only while the worker comes late.
 */
export class CpuShare {
  readonly limits: CpuShareLimits;
  /** Calls are to be timed. */
  timing = false;
  /** Over the share: new streams are not admitted. */
  exceeded = false;
  readonly #shares: CpuShares;
  readonly #stats: CpuShareStats;
  readonly #window = new ShareWindow();
  #enteredMs = 0;
  #usedMs = 0;
  #inTimeMs = windowMs;

  constructor(shares: CpuShares, limits: CpuShareLimits, stats: CpuShareStats) {
    this.#shares = shares;
    this.limits = limits;
    this.#stats = stats;
  }

  /** Whether a new stream may use the guest. Counts those that may not. */
  admits(): boolean {
    this.#shares.used();
    if (!this.exceeded) return true;
    this.#stats.refused.inc();
    return false;
  }

  /** A call begins; only while `timing`. */
  enter(): void {
    this.#enteredMs = this.#shares.nowMs();
  }

  /** The call that `enter` began has ended. */
  leave(): void {
    this.#usedMs += this.#shares.nowMs() - this.#enteredMs;
  }

  /** Called by `CpuShares` at each look. */
  check(stretch: LoopStretch): void {
    const late = stretch.delayMs > this.limits.loopDelayMs;
    this.#inTimeMs = late ? 0 : this.#inTimeMs + stretch.elapsedMs;
    if (this.timing) this.#judge(stretch, late);
    this.timing = this.exceeded || this.#inTimeMs < windowMs;
    if (!this.timing) this.#window.clear();
    this.#usedMs = 0;
  }

  #judge(stretch: LoopStretch, late: boolean): void {
    this.#window.add(stretch.elapsedMs, this.#usedMs * stretch.onCpu);
    const { cpuShare } = this.limits;
    const over = cpuShare < 1 && this.#window.share > cpuShare;
    if (over && late && !this.exceeded) this.#stats.exceeded.inc();
    this.exceeded = over && (late || this.exceeded);
  }
}

/** Stretches of time with what a guest used in them; of the past, as much as fills a window. */
class ShareWindow {
  readonly #elapsed: number[] = [];
  readonly #used: number[] = [];

  add(elapsedMs: number, usedMs: number): void {
    this.#elapsed.push(elapsedMs);
    this.#used.push(usedMs);
    let total = sum(this.#elapsed);
    while (total - this.#elapsed[0]! >= windowMs) {
      total -= this.#elapsed.shift()!;
      this.#used.shift();
    }
  }

  /** Where the past is shorter than a window, nothing was used before it. */
  get share(): number {
    return sum(this.#used) / Math.max(windowMs, sum(this.#elapsed));
  }

  clear(): void {
    this.#elapsed.length = 0;
    this.#used.length = 0;
  }
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** The shares of all guests of one worker, and the look at its loop that they have in common. */
export class CpuShares {
  readonly #clock: CpuShareClock;
  readonly #timer: Timer;
  readonly #shares = new Map<CpuShare, { readonly key: string; users: number }>();
  readonly #stretch: LoopStretch = { elapsedMs: 0, delayMs: 0, onCpu: 0 };
  #lastMs = 0;
  #lastCpuMs = 0;
  #lastIdleMs = 0;
  #idleChecks = 0;

  constructor(clock: CpuShareClock, createTimer: (callback: () => void) => Timer) {
    this.#clock = clock;
    this.#timer = createTimer(() => this.#check());
  }

  /** The share of the guest with this name; those of the same name and limits have one between them. */
  acquire(name: string, limits: CpuShareLimits, stats: CpuShareStats): CpuShare {
    const key = `${limits.cpuShare} ${limits.loopDelayMs} ${name}`;
    for (const [share, entry] of this.#shares) {
      if (entry.key !== key) continue;
      entry.users += 1;
      return share;
    }
    const share = new CpuShare(this, limits, stats);
    this.#shares.set(share, { key, users: 1 });
    return share;
  }

  /** Gives back what `acquire` gave: once for each call of it. */
  release(share: CpuShare): void {
    const entry = this.#shares.get(share);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users === 0) this.#shares.delete(share);
  }

  /** A guest is used: looks at the loop are taken until none has been for a while. */
  used(): void {
    this.#idleChecks = 0;
    if (!this.#timer.enabled) this.#look();
  }

  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  #check(): void {
    const stretch = this.#stretch;
    const elapsedMs = this.#clock.monotonicMs() - this.#lastMs;
    const busyMs = elapsedMs - (this.#clock.idleMs() - this.#lastIdleMs);
    const cpuMs = this.#clock.threadCpuMs() - this.#lastCpuMs;
    stretch.elapsedMs = elapsedMs;
    stretch.delayMs = elapsedMs - checkMs - timerSlackMs;
    stretch.onCpu = busyMs > 0 ? Math.min(1, cpuMs / busyMs) : 1;
    let timing = false;
    for (const share of this.#shares.keys()) {
      share.check(stretch);
      timing ||= share.timing;
    }
    this.#idleChecks += 1;
    if (timing || this.#idleChecks < idleChecksMax) this.#look();
  }

  #look(): void {
    this.#lastMs = this.#clock.monotonicMs();
    this.#lastCpuMs = this.#clock.threadCpuMs();
    this.#lastIdleMs = this.#clock.idleMs();
    this.#timer.enable(checkMs);
  }
}

const threadClock: CpuShareClock = {
  monotonicMs: () => systemTime.monotonicMs(),
  threadCpuMs: () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  },
  idleMs: () => performance.eventLoopUtilization().idle,
};

/** The worker's shares; all its guests must use these. */
export function cpuSharesOf(context: Pick<WorkerContext, "dispatcher" | "singleton">): CpuShares {
  return context.singleton(
    "sluice.cpu_shares",
    () => new CpuShares(threadClock, (callback) => context.dispatcher.createTimer(callback)),
  );
}
