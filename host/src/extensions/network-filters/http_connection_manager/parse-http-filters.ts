import type { HttpConnectionManager } from "../../../config/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import type { HttpFilterConfig } from "../../../contracts/config/snapshot.ts";
import type { ParseContext } from "../../../contracts/extension.ts";
import { parseHttpFilters } from "../../../http/filter-manager/parse-http-filters.ts";

export function parseFilterChain(
  message: HttpConnectionManager,
  context: ParseContext,
): HttpFilterConfig[] {
  const filters = parseHttpFilters(message.httpFilters, "connection_manager", context);
  if (filters.length === 0) {
    const text =
      "is empty, so that nothing answers a request; end it with envoy.filters.http.router";
    context.warning(message, "http_filters", text);
  }
  return filters;
}
