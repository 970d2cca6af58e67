// The bins of a histogram: log-linear, two significant decimal digits, as circllhist (which Envoy uses) keeps
// them. Values are whole numbers: 0 to 9 have a bin each, every later decade has 90.

const decades = 15;

/** Bins of one histogram; the last holds everything above 10^16. */
export const binCount = 10 + 90 * decades;

/** The bin of a value. What is below 0 counts as 0, fractions are dropped. */
export function binOf(value: number): number {
  if (!(value >= 1)) return 0;
  if (value < 10) return Math.floor(value);
  let rest = value;
  let bin = 0;
  while (rest >= 100 && bin < binCount - 100) {
    rest /= 10;
    bin += 90;
  }
  return Math.min(bin + Math.floor(rest), binCount - 1);
}

/** The smallest value of a bin. */
export function binLower(bin: number): number {
  if (bin < 10) return bin;
  const decade = Math.floor((bin - 10) / 90);
  return (bin - 90 * decade) * 10 ** decade;
}

/** Values up to `binLower + binWidth` are in the bin. */
export function binWidth(bin: number): number {
  if (bin === 0) return 0;
  if (bin < 10) return 0.1;
  return 10 ** Math.floor((bin - 10) / 90);
}

/** Counts by bin, with what is read out of them. */
export class BinCounts {
  readonly #counts = new Float64Array(binCount);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(bin: number, count: number): void {
    this.#counts[bin]! += count;
    this.#total += count;
  }

  addAll(other: BinCounts): void {
    other.forEach((bin, count) => this.add(bin, count));
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** Calls back for each bin that holds something, lowest first. */
  forEach(callback: (bin: number, count: number) => void): void {
    if (this.#total === 0) return;
    for (let bin = 0; bin < binCount; bin += 1) {
      const count = this.#counts[bin]!;
      if (count !== 0) callback(bin, count);
    }
  }

  /** The sum, each value taken for its bin's harmonic middle (the least relative error). */
  sum(): number {
    let sum = 0;
    this.forEach((bin, count) => {
      const lower = binLower(bin);
      const upper = lower + binWidth(bin);
      if (upper > 0) sum += (count * 2 * lower * upper) / (lower + upper);
    });
    return sum;
  }

  /** How many values lie in bins that begin at or below `bound`. */
  countUpTo(bound: number): number {
    let sum = 0;
    this.forEach((bin, count) => {
      if (binLower(bin) <= bound) sum += count;
    });
    return sum;
  }

  /**
   * The values at `quantiles` (0 to 1, ascending); NaN when there are none. The n values of a bin are taken to
   * lie at the n inner points that divide it evenly.
   */
  quantiles(quantiles: readonly number[]): number[] {
    const found: number[] = quantiles.map(() => Number.NaN);
    let below = 0;
    let at = 0;
    this.forEach((bin, count) => {
      while (at < quantiles.length) {
        const rank = Math.max(1, Math.ceil(quantiles[at]! * this.#total));
        if (rank > below + count) break;
        found[at] = binLower(bin) + (binWidth(bin) * (rank - below)) / (count + 1);
        at += 1;
      }
      below += count;
    });
    return found;
  }
}

/** Quantiles that are shown. */
export const shownQuantiles: readonly number[] = [
  0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1,
];

/** Upper bounds of the buckets that are shown. */
export const shownBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];
