import type { HistogramUnit } from "../contracts/stats.ts";
import { BinCounts, binCount } from "./histogram-bins.ts";

/** One thread's share of a counter or gauge. */
interface Share {
  readonly thread: object;
  readonly slots: Float64Array;
  readonly at: number;
}

/** A counter or gauge of all threads together. */
export class MergedValue {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  /** Not shown in `/stats`. */
  readonly hidden: boolean;
  #shares: readonly Share[] = [];
  #retired = 0;
  #usedBefore = false;

  constructor(kind: "counter" | "gauge", name: string, hidden: boolean) {
    this.kind = kind;
    this.name = name;
    this.hidden = hidden;
  }

  get value(): number {
    let sum = this.#retired;
    for (const share of this.#shares) sum += share.slots[share.at]!;
    return sum;
  }

  /** Updated at least once by anyone. */
  get used(): boolean {
    return this.#usedBefore || this.#shares.some((share) => !Object.is(share.slots[share.at], -0));
  }

  addShare(thread: object, slots: Float64Array, at: number): void {
    this.#shares = [...this.#shares, { thread, slots, at }];
  }

  /** Lets go of a thread that has ended: a counter keeps what it counted, a gauge loses its share. */
  removeThread(thread: object): void {
    const gone = this.#shares.find((share) => share.thread === thread);
    if (gone === undefined) return;
    this.#usedBefore = this.used;
    if (this.kind === "counter") this.#retired += gone.slots[gone.at]!;
    this.#shares = this.#shares.filter((share) => share !== gone);
  }
}

/** One thread's bins of a histogram, and what of them was read already. */
class HistogramShare {
  readonly thread: object;
  readonly id: number;
  #bins: Uint32Array | undefined;
  #seen: Uint32Array | undefined;

  constructor(thread: object, id: number) {
    this.thread = thread;
    this.id = id;
  }

  share(memory: SharedArrayBuffer): void {
    this.#bins = new Uint32Array(memory);
    this.#seen = new Uint32Array(binCount);
  }

  /** Adds to `target` what was recorded since the last call. */
  drainInto(target: BinCounts): void {
    const bins = this.#bins;
    const seen = this.#seen;
    if (bins === undefined || seen === undefined) return;
    for (let bin = 0; bin < binCount; bin += 1) {
      const now = bins[bin]!;
      // Modulo 2^32, since the thread's counts wrap around.
      const fresh = (now - seen[bin]!) >>> 0;
      if (fresh === 0) continue;
      seen[bin] = now;
      target.add(bin, fresh);
    }
  }
}

const none = new BinCounts();

/** A histogram of all threads together: what the last interval brought, and all since the start. */
export class MergedHistogram {
  readonly name: string;
  readonly unit: HistogramUnit;
  #shares: readonly HistogramShare[] = [];
  // Of threads that ended since the last merge.
  #left: BinCounts | undefined;
  #interval: BinCounts | undefined;
  #cumulative: BinCounts | undefined;

  constructor(name: string, unit: HistogramUnit) {
    this.name = name;
    this.unit = unit;
  }

  get interval(): BinCounts {
    return this.#interval ?? none;
  }

  get cumulative(): BinCounts {
    return this.#cumulative ?? none;
  }

  get used(): boolean {
    return this.cumulative.total > 0;
  }

  addShare(thread: object, id: number): void {
    this.#shares = [...this.#shares, new HistogramShare(thread, id)];
  }

  shareBins(thread: object, id: number, memory: SharedArrayBuffer): void {
    this.#shares.find((share) => share.thread === thread && share.id === id)?.share(memory);
  }

  removeThread(thread: object): void {
    const gone = this.#shares.find((share) => share.thread === thread);
    if (gone === undefined) return;
    this.#left ??= new BinCounts();
    gone.drainInto(this.#left);
    this.#shares = this.#shares.filter((share) => share !== gone);
  }

  /** Ends an interval. */
  merge(): void {
    const fresh = this.#left ?? new BinCounts();
    this.#left = undefined;
    for (const share of this.#shares) share.drainInto(fresh);
    this.#interval = fresh.total > 0 ? fresh : undefined;
    if (fresh.total === 0) return;
    this.#cumulative ??= new BinCounts();
    this.#cumulative.addAll(fresh);
  }
}
