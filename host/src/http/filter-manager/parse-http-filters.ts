import { messageNameOfTypeUrl } from "../../common/type-url.ts";
import type { HttpFilter } from "../../config/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import type { HttpFilterConfig } from "../../contracts/config/snapshot.ts";
import type { HttpFilterFactory, ParseContext } from "../../contracts/extension.ts";

/** Whose filters a chain holds: a connection manager's, a cluster's, or the router's for all clusters. */
export type ChainOwner = "connection_manager" | "cluster" | "router";

const chainNames: { readonly [owner in ChainOwner]: string } = {
  connection_manager: "http",
  cluster: "upstream http",
  router: "router upstream http",
};

const codecName = "envoy.filters.http.upstream_codec";
const codecMessage = "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec";

/** A filter chain, with Envoy's rules about what may stand where, in Envoy's words. */
export function parseHttpFilters(
  filters: readonly HttpFilter[],
  owner: ChainOwner,
  context: ParseContext,
): HttpFilterConfig[] {
  const chain: HttpFilterConfig[] = [];
  for (const [i, filter] of filters.entries()) {
    const parsed = parseHttpFilter(filter, i === filters.length - 1, owner, context);
    if (parsed !== undefined) chain.push(parsed);
  }
  return chain;
}

/** The same for filters of upstream requests; the codec filter, which must end them, is left out. */
export function parseUpstreamHttpFilters(
  filters: readonly HttpFilter[],
  owner: "cluster" | "router",
  context: ParseContext,
): HttpFilterConfig[] {
  return parseHttpFilters(filters, owner, context).slice(0, -1);
}

function parseHttpFilter(
  filter: HttpFilter,
  last: boolean,
  owner: ChainOwner,
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
    const upstream = owner !== "connection_manager";
    if (upstream && last) {
      const text = `must not be what ends a chain of upstream requests; end it with ${codecName}`;
      context.problem(filter, "config_discovery", text);
    }
    const category = upstream ? "upstream_http_filter" : "http_filter";
    const discovery = context.extensionDiscovery(category, name, source, last);
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
  const factory = context.registry.httpFilter(messageNameOfTypeUrl(extension.typeUrl));
  const misplaced = factory && misplacedText(name, factory, last, owner);
  if (misplaced !== undefined) context.problem(filter, "", misplaced);
  return { ...common, extension, discovery: undefined };
}

function isKnown(filter: HttpFilter, context: ParseContext): boolean {
  const { configType, name } = filter;
  if (configType.case !== "typedConfig") return false;
  return context.knowsExtension("http_filter", name, configType.value);
}

function misplacedText(
  name: string,
  factory: HttpFilterFactory,
  last: boolean,
  owner: ChainOwner,
): string | undefined {
  const isCodec = factory.name === codecName;
  if (owner === "connection_manager" && isCodec) {
    return `${codecName} ends chains of upstream requests; end this one with envoy.filters.http.router`;
  }
  if (owner === "cluster" && last && !isCodec) {
    return `The codec filter is the only valid terminal upstream HTTP filter, use '${codecMessage}'`;
  }
  const fits = owner === "connection_manager" || isCodec || !factory.isTerminal;
  if (fits && factory.isTerminal === last) return undefined;
  return wrongEnd(`named ${name} of type ${factory.name}`, factory.isTerminal, owner);
}

function wrongEnd(which: string, isTerminal: boolean, owner: ChainOwner): string {
  const chain = `a ${chainNames[owner]} filter chain.`;
  if (isTerminal) return `Error: terminal filter ${which} must be the last filter in ${chain}`;
  const mend =
    owner === "router"
      ? " When upstream_http_filters are specified, they must explicitly end with an UpstreamCodec filter."
      : "";
  return `Error: non-terminal filter ${which} is the last filter in ${chain}${mend}`;
}
