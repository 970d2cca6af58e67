import { shownQuantiles } from "../../../stats/histogram-bins.ts";
import type { MergedHistogram, MergedValue } from "../../../stats/merged-stats.ts";
import { extractTags } from "../../../stats/tag-extractor.ts";
import { bucketPairs, quantilePairs } from "./histogram-data.ts";
import { exact } from "./number-format.ts";
import type { SelectedStats } from "./selection.ts";

// Names and labels are asked for again and again by scrapers; a stat's never change.
const taggedStats = new WeakMap<object, Tagged>();

interface Tagged {
  /** Without what the labels say: Envoy sorts by it. */
  readonly name: string;
  readonly metric: string;
  readonly labels: string;
}

/** The exposition format of Prometheus: counters, gauges, histograms, each grouped by metric. */
export function* statsPrometheus(
  stats: SelectedStats,
  mode: "cumulative" | "summary",
): Iterable<string> {
  for (const [kind, values] of [
    ["counter", stats.counters],
    ["gauge", stats.gauges],
  ] as const) {
    for (const [metric, group] of grouped<MergedValue>(values)) {
      yield `# TYPE ${metric} ${kind}\n`;
      for (const stat of group) yield `${metric}{${taggedOf(stat).labels}} ${stat.value}\n`;
    }
  }
  for (const [metric, group] of grouped<MergedHistogram>(stats.histograms)) {
    yield `# TYPE ${metric} ${mode === "summary" ? "summary" : "histogram"}\n`;
    for (const histogram of group) yield histogramText(metric, histogram, mode);
  }
}

function taggedOf(stat: { readonly name: string }): Tagged {
  let known = taggedStats.get(stat);
  if (known === undefined) {
    const { name, tags } = extractTags(stat.name);
    const labels = tags.map((tag) => `${sanitized(tag.name)}="${escaped(tag.value)}"`).join(",");
    known = { name, metric: metricName(name), labels };
    taggedStats.set(stat, known);
  }
  return known;
}

/** Metrics of guests come without the prefix. */
function metricName(name: string): string {
  const custom = "wasmcustom.";
  return name.startsWith(custom)
    ? sanitized(name.slice(custom.length))
    : `envoy_${sanitized(name)}`;
}

function sanitized(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, "_");
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** By metric, in the order of the names without labels; what has one metric keeps its order. */
function grouped<T extends { readonly name: string }>(
  stats: readonly T[],
): (readonly [metric: string, stats: T[]])[] {
  const groups = Map.groupBy(stats, (stat) => taggedOf(stat).name);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, group]) => [taggedOf(group[0]!).metric, group]);
}

function histogramText(
  metric: string,
  histogram: MergedHistogram,
  mode: "cumulative" | "summary",
): string {
  const { labels } = taggedOf(histogram);
  const { cumulative } = histogram;
  const before = labels === "" ? "" : `${labels},`;
  let text = "";
  if (mode === "summary") {
    quantilePairs(histogram).forEach(({ interval }, i) => {
      const value = Number.isNaN(interval) ? "nan" : exact(interval);
      text += `${metric}{${before}quantile="${String(shownQuantiles[i])}"} ${value}\n`;
    });
  } else {
    for (const { bound, cumulative: count } of bucketPairs(histogram, false)) {
      text += `${metric}_bucket{${before}le="${bound}"} ${count}\n`;
    }
    text += `${metric}_bucket{${before}le="+Inf"} ${cumulative.total}\n`;
  }
  return (
    `${text}${metric}_sum{${labels}} ${exact(cumulative.sum())}\n` +
    `${metric}_count{${labels}} ${cumulative.total}\n`
  );
}
