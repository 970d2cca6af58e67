import type { Result } from "../../../contracts/result.ts";
import type { MergedHistogram, MergedValue } from "../../../stats/merged-stats.ts";
import type { StatsStore } from "../../../stats/stats-store.ts";
import { type AdminResponse, textResponse } from "../admin-request.ts";
import { linearRegExp } from "../../../common/linear-regexp.ts";

export type HistogramMode = "summary" | "cumulative" | "disjoint" | "detailed";
export type StatsFormat = "text" | "json" | "prometheus";

/** The query of `/stats`. */
export interface StatsQuery {
  readonly format: StatsFormat;
  readonly type: string;
  readonly usedOnly: boolean;
  readonly matches: (name: string) => boolean;
  /** Undefined: the format's own default. */
  readonly histogramMode: HistogramMode | undefined;
}

const types = ["All", "Counters", "Gauges", "Histograms", "TextReadouts"];
const modes: readonly HistogramMode[] = ["summary", "cumulative", "disjoint", "detailed"];
const formats: readonly StatsFormat[] = ["text", "json", "prometheus"];

/** Reads the query; an error is the answer for it. */
export function parseStatsQuery(
  params: ReadonlyMap<string, string>,
  defaultFormat: StatsFormat,
): Result<StatsQuery, AdminResponse> {
  const refuse = (text: string): Result<StatsQuery, AdminResponse> => ({
    ok: false,
    error: textResponse(400, text),
  });
  const pattern = params.get("filter") ?? "";
  const filter = linearRegExp(pattern);
  if (!filter.ok) return refuse(`Invalid re2 regex: ${filter.error}`);
  const type = params.get("type") ?? "All";
  if (!types.includes(type)) return refuse("invalid &type= param");
  const format = formats.find((known) => known === (params.get("format") ?? defaultFormat));
  if (format === undefined) return refuse("usage: /stats?format=(json|prometheus|text)\n\n");
  const buckets = params.get("histogram_buckets");
  const asked = buckets === "none" ? "summary" : buckets;
  const histogramMode = modes.find((mode) => mode === asked);
  if (asked !== undefined && histogramMode === undefined) {
    return refuse("usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary)\n");
  }
  if ((params.get("hidden") ?? "exclude") !== "exclude") {
    return refuse("usage: /stats?hidden=(exclude)\n\n");
  }
  const inverted = params.has("invert_filter");
  const usedOnly = params.has("usedonly");
  const matches = (name: string): boolean => pattern === "" || filter.value.test(name) !== inverted;
  return { ok: true, value: { format, type, usedOnly, matches, histogramMode } };
}

/** What a query asks for, each kind in the order of names. */
export interface SelectedStats {
  readonly counters: readonly MergedValue[];
  readonly gauges: readonly MergedValue[];
  readonly histograms: readonly MergedHistogram[];
}

export function selectStats(store: StatsStore, query: StatsQuery): SelectedStats {
  const wanted = (kind: string): boolean => query.type === "All" || query.type === kind;
  const values = (all: Iterable<MergedValue>): MergedValue[] =>
    [...all]
      .filter((stat) => !stat.hidden && (!query.usedOnly || stat.used) && query.matches(stat.name))
      .sort(byName);
  const histograms = [...store.histograms].filter(
    (stat) => (!query.usedOnly || stat.used) && query.matches(stat.name),
  );
  return {
    counters: wanted("Counters") ? values(store.counters) : [],
    gauges: wanted("Gauges") ? values(store.gauges) : [],
    histograms: wanted("Histograms") ? histograms.sort(byName) : [],
  };
}

export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
