import {
  type BinCounts,
  binLower,
  binWidth,
  shownBuckets,
  shownQuantiles,
} from "../../../stats/histogram-bins.ts";
import type { MergedHistogram } from "../../../stats/merged-stats.ts";

/** A figure of the last interval, and of all time. */
export interface Pair {
  readonly interval: number;
  readonly cumulative: number;
}

/** The values at the quantiles that are shown. */
export function quantilePairs(histogram: MergedHistogram): Pair[] {
  const interval = histogram.interval.quantiles(shownQuantiles);
  const cumulative = histogram.cumulative.quantiles(shownQuantiles);
  return shownQuantiles.map((_, i) => ({ interval: interval[i]!, cumulative: cumulative[i]! }));
}

/** Values up to each bound; with `disjoint`, above the bound before. */
export function bucketPairs(
  histogram: MergedHistogram,
  disjoint: boolean,
): (Pair & { readonly bound: number })[] {
  const counts = (bins: BinCounts): number[] => {
    const upTo = shownBuckets.map((bound) => bins.countUpTo(bound));
    return disjoint ? upTo.map((count, i) => count - (upTo[i - 1] ?? 0)) : upTo;
  };
  const interval = counts(histogram.interval);
  const cumulative = counts(histogram.cumulative);
  return shownBuckets.map((bound, i) => ({
    bound,
    interval: interval[i]!,
    cumulative: cumulative[i]!,
  }));
}

/** A bin that holds something. */
export interface Bin {
  readonly lower: number;
  readonly width: number;
  readonly count: number;
}

export function binsOf(counts: BinCounts): Bin[] {
  const bins: Bin[] = [];
  counts.forEach((bin, count) => bins.push({ lower: binLower(bin), width: binWidth(bin), count }));
  return bins;
}
