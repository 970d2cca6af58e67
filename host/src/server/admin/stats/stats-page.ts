import type { AdminDeps } from "../admin-deps.ts";
import {
  type AdminRequest,
  type AdminResponse,
  jsonResponse,
  textResponse,
} from "../admin-request.ts";
import { parseStatsQuery, selectStats, type StatsFormat } from "./selection.ts";
import { statsJson } from "./stats-json.ts";
import { statsPrometheus } from "./stats-prometheus.ts";
import { statsText } from "./stats-text.ts";

/** `/stats` and, with `prometheus` as the default format, `/stats/prometheus`. */
export function statsPage(
  request: AdminRequest,
  deps: AdminDeps,
  defaultFormat: StatsFormat,
): AdminResponse {
  const query = parseStatsQuery(request.params, defaultFormat);
  if (!query.ok) return query.error;
  const { format, histogramMode } = query.value;
  deps.stats.prepareToShow();
  const stats = selectStats(deps.stats, query.value);
  switch (format) {
    case "text":
      return textResponse(200, statsText(stats, histogramMode ?? "summary"));
    case "json":
      return jsonResponse(statsJson(stats, histogramMode ?? "summary"));
    case "prometheus": {
      const mode = histogramMode ?? "cumulative";
      if (mode === "disjoint" || mode === "detailed") {
        return textResponse(400, "unsupported prometheus histogram bucket mode");
      }
      return textResponse(200, statsPrometheus(stats, mode));
    }
  }
}
