import type { HttpConnectionManager } from "../../../config/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import type { HttpFilter } from "../../../config/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import type { HttpFilterConfig } from "../../../contracts/config/snapshot.ts";
import type { ParseContext } from "../../../contracts/extension.ts";
import { messageNameOfTypeUrl } from "../../../common/type-url.ts";

/** The filter chain, with Envoy's rules about what may stand where. */
export function parseHttpFilters(
  message: HttpConnectionManager,
  context: ParseContext,
): HttpFilterConfig[] {
  const filters: HttpFilterConfig[] = [];
  for (const [i, filter] of message.httpFilters.entries()) {
    const parsed = parseHttpFilter(filter, i === message.httpFilters.length - 1, context);
    if (parsed !== undefined) filters.push(parsed);
  }
  if (filters.length === 0) {
    const text =
      "is empty, so that nothing answers a request; end it with envoy.filters.http.router";
    context.warning(message, "http_filters", text);
  }
  return filters;
}

function parseHttpFilter(
  filter: HttpFilter,
  last: boolean,
  context: ParseContext,
): HttpFilterConfig | undefined {
  const { name, disabled } = filter;
  if (last && disabled) {
    const text = `Error: the last (terminal) filter (${name}) in the chain cannot be disabled by default.`;
    context.problem(filter, "disabled", text);
  }
  const common = { name, disabled };
  const { configType } = filter;
  if (configType.case === "configDiscovery") {
    const source = configType.value;
    const discovery = context.extensionDiscovery("http_filter", name, source, { last });
    return discovery && { ...common, extension: undefined, discovery };
  }
  if (filter.isOptional && !isKnown(filter, context)) {
    context.warning(filter, "is_optional", `the filter ${name} is not known here and left out`);
    return undefined;
  }
  const extension = context.extension(
    "http_filter",
    name,
    configType.value,
    filter,
    "typed_config",
  );
  if (extension === undefined) return undefined;
  checkPlace(filter, extension.typeUrl, last, context);
  return { ...common, extension, discovery: undefined };
}

function isKnown(filter: HttpFilter, context: ParseContext): boolean {
  const { configType, name } = filter;
  if (configType.case !== "typedConfig") return false;
  return context.knowsExtension("http_filter", name, configType.value);
}

function checkPlace(
  filter: HttpFilter,
  typeUrl: string,
  last: boolean,
  context: ParseContext,
): void {
  const factory = context.registry.httpFilter(messageNameOfTypeUrl(typeUrl));
  if (factory === undefined || factory.isTerminal === last) return;
  const which = `named ${filter.name} of type ${factory.name}`;
  const text = last
    ? `Error: non-terminal filter ${which} is the last filter in a http filter chain.`
    : `Error: terminal filter ${which} must be the last filter in a http filter chain.`;
  context.problem(filter, "", text);
}
