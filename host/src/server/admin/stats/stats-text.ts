import { shownQuantiles } from "../../../stats/histogram-bins.ts";
import type { MergedHistogram } from "../../../stats/merged-stats.ts";
import { binsOf, bucketPairs, quantilePairs, type Bin } from "./histogram-data.ts";
import { general, shortest } from "./number-format.ts";
import { byName, type HistogramMode, type SelectedStats } from "./selection.ts";

/** `name: value` lines: counters and gauges in one order, then histograms. */
export function* statsText(stats: SelectedStats, mode: HistogramMode): Iterable<string> {
  const values = [...stats.counters, ...stats.gauges].sort(byName);
  for (const { name, value } of values) yield `${name}: ${value}\n`;
  for (const histogram of stats.histograms) {
    yield `${histogram.name}:${histogramText(histogram, mode)}\n`;
  }
}

function histogramText(histogram: MergedHistogram, mode: HistogramMode): string {
  if (!histogram.used) return " No recorded values";
  switch (mode) {
    case "summary":
      return ` ${summaryText(histogram)}`;
    case "cumulative":
    case "disjoint": {
      const pairs = bucketPairs(histogram, mode === "disjoint");
      const texts = pairs.map(
        ({ bound, interval, cumulative }) => `B${general(bound, 6)}(${interval},${cumulative})`,
      );
      return ` ${texts.join(" ")}`;
    }
    case "detailed":
      return (
        `\n  totals=${binsText(binsOf(histogram.cumulative))}` +
        `\n  intervals=${binsText(binsOf(histogram.interval))}` +
        `\n  summary=${summaryText(histogram)}`
      );
  }
}

function summaryText(histogram: MergedHistogram): string {
  const texts = quantilePairs(histogram).map(({ interval, cumulative }, i) => {
    const percent = general(shownQuantiles[i]! * 100, 6);
    return `P${percent}(${shortest(interval)},${shortest(cumulative)})`;
  });
  return texts.join(" ");
}

function binsText(bins: readonly Bin[]): string {
  return bins
    .map(({ lower, width, count }) => `${shortest(lower)},${shortest(width)}:${count}`)
    .join(", ");
}
