import { shownQuantiles } from "../../../stats/histogram-bins.ts";
import type { MergedHistogram } from "../../../stats/merged-stats.ts";
import { type Bin, binsOf, bucketPairs, type Pair, quantilePairs } from "./histogram-data.ts";
import { shortestOfBoth } from "./number-format.ts";
import { byName, type HistogramMode, type SelectedStats } from "./selection.ts";

/** `{"stats":[{"name":…,"value":…}, …, {"histograms":…}]}` on one line. */
export function* statsJson(stats: SelectedStats, mode: HistogramMode): Iterable<string> {
  yield '{"stats":[';
  let separator = "";
  for (const { name, value } of [...stats.counters, ...stats.gauges].sort(byName)) {
    yield `${separator}{"name":${JSON.stringify(name)},"value":${value}}`;
    separator = ",";
  }
  if (stats.histograms.length > 0) {
    yield `${separator}{"histograms":`;
    yield* histogramsJson(stats.histograms, mode);
    yield "}";
  }
  yield "]}";
}

const percents = shownQuantiles.map((quantile) => Number((quantile * 100).toPrecision(6)));

function* histogramsJson(
  histograms: readonly MergedHistogram[],
  mode: HistogramMode,
): Iterable<string> {
  switch (mode) {
    case "summary":
      yield `{"supported_quantiles":[${percents.join(",")}],"computed_quantiles":[`;
      yield* joined(
        histograms,
        (histogram) => `{${nameOf(histogram)},"values":${values(histogram)}}`,
      );
      yield "]}";
      return;
    case "cumulative":
    case "disjoint":
      yield "[";
      yield* joined(histograms, (histogram) => {
        const buckets = bucketPairs(histogram, mode === "disjoint").map(
          ({ bound, interval, cumulative }) =>
            `{"upper_bound":${number(bound)},"interval":${interval},"cumulative":${cumulative}}`,
        );
        return `{${nameOf(histogram)},"buckets":[${buckets.join(",")}]}`;
      });
      yield "]";
      return;
    case "detailed":
      yield `{"supported_percentiles":[${percents.join(",")}],"details":[`;
      yield* joined(histograms, (histogram) => {
        const totals = bins(binsOf(histogram.cumulative));
        const intervals = bins(binsOf(histogram.interval));
        return `{${nameOf(histogram)},"totals":${totals},"intervals":${intervals},"percentiles":${values(histogram)}}`;
      });
      yield "]}";
  }
}

function* joined(
  histograms: readonly MergedHistogram[],
  print: (histogram: MergedHistogram) => string,
): Iterable<string> {
  let separator = "";
  for (const histogram of histograms) {
    yield separator + print(histogram);
    separator = ",";
  }
}

function nameOf(histogram: MergedHistogram): string {
  return `"name":${JSON.stringify(histogram.name)}`;
}

function values(histogram: MergedHistogram): string {
  const pair = ({ interval, cumulative }: Pair): string =>
    `{"cumulative":${number(cumulative)},"interval":${number(interval)}}`;
  return `[${quantilePairs(histogram).map(pair).join(",")}]`;
}

function bins(list: readonly Bin[]): string {
  const bin = ({ lower, width, count }: Bin): string =>
    `{"lower_bound":${number(lower)},"width":${number(width)},"count":${count}}`;
  return `[${list.map(bin).join(",")}]`;
}

function number(value: number): string {
  return Number.isNaN(value) ? "null" : shortestOfBoth(value);
}
