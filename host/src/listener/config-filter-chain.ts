import type {
  Filter,
  FilterChain,
  FilterChainMatch,
} from "../config/gen/envoy/config/listener/v3/listener_components_pb.js";
import type {
  CidrRange,
  DiscoveredExtension,
  ExtensionConfig,
  FilterChainConfig,
  FilterChainMatchConfig,
} from "../contracts/config/snapshot.ts";
import type { ParseContext } from "../contracts/extension.ts";
import { parseCidrRanges } from "./config-address.ts";
import { FilterChainMatcher } from "./filter-chain-match.ts";
import { messageNameOf } from "./type-url.ts";

const rawBuffer = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";
const sourceTypes = ["any", "same_ip_or_loopback", "external"] as const;

/** The chains of a listener, checked one by one and against each other. `label` names the listener in messages. */
export function parseFilterChains(
  messages: readonly FilterChain[],
  label: string,
  context: ParseContext,
): FilterChainConfig[] {
  const chains = messages.map((message) => parseFilterChain(message, label, context));
  checkMatches(messages, chains, label, context);
  return chains;
}

export function parseFilterChain(
  message: FilterChain,
  label: string,
  context: ParseContext,
): FilterChainConfig {
  return {
    name: message.name,
    match: parseMatch(message.filterChainMatch, label, context),
    filters: parseFilters(message, context),
    transportSocket: parseTransportSocket(message, context),
    transportSocketConnectTimeoutMs: context.durationMs(message.transportSocketConnectTimeout, 0),
  };
}

/** Undefined for plain text. */
function parseTransportSocket(
  message: FilterChain,
  context: ParseContext,
): ExtensionConfig | undefined {
  const socket = message.transportSocket;
  const config = socket?.configType.value;
  if (socket === undefined || (config && messageNameOf(config.typeUrl) === rawBuffer)) {
    return undefined;
  }
  return context.extension("transport_socket", socket.name, config, socket, "typed_config");
}

function parseFilters(
  message: FilterChain,
  context: ParseContext,
): (ExtensionConfig | DiscoveredExtension)[] {
  const last = message.filters.length - 1;
  return message.filters
    .map((filter, index) => parseFilter(filter, index === last, context))
    .filter((filter) => filter !== undefined);
}

function parseFilter(
  filter: Filter,
  isLast: boolean,
  context: ParseContext,
): ExtensionConfig | DiscoveredExtension | undefined {
  const { name, configType } = filter;
  if (configType.case === "configDiscovery") {
    const source = configType.value;
    const discovery = context.extensionDiscovery("network_filter", name, source, isLast);
    return discovery && { name, discovery };
  }
  const config = configType.value;
  const extension = context.extension("network_filter", name, config, filter, "typed_config");
  if (extension !== undefined) checkPlace(filter, extension, isLast, context);
  return extension;
}

function checkPlace(
  filter: Filter,
  extension: ExtensionConfig,
  isLast: boolean,
  context: ParseContext,
): void {
  const factory = context.registry.networkFilter(messageNameOf(extension.typeUrl));
  if (factory === undefined || factory.isTerminal === isLast) return;
  const which = `terminal filter named ${filter.name} of type ${factory.name}`;
  context.problem(
    filter,
    "name",
    factory.isTerminal
      ? `Error: ${which} must be the last filter in a network filter chain.`
      : `Error: non-${which} is the last filter in a network filter chain.`,
  );
}

function parseMatch(
  message: FilterChainMatch | undefined,
  label: string,
  context: ParseContext,
): FilterChainMatchConfig {
  if (message === undefined) return matchAll;
  checkServerNames(message, label, context);
  return {
    destinationPort: message.destinationPort,
    prefixRanges: parseCidrRanges(message.prefixRanges, message, "prefix_ranges", context),
    serverNames: [...message.serverNames],
    transportProtocol: message.transportProtocol,
    applicationProtocols: [...message.applicationProtocols],
    directSourcePrefixRanges: parseCidrRanges(
      message.directSourcePrefixRanges,
      message,
      "direct_source_prefix_ranges",
      context,
    ),
    sourceType: sourceTypes[message.sourceType] ?? "any",
    sourcePrefixRanges: parseCidrRanges(
      message.sourcePrefixRanges,
      message,
      "source_prefix_ranges",
      context,
    ),
    sourcePorts: [...message.sourcePorts],
  };
}

const matchAll: FilterChainMatchConfig = {
  destinationPort: undefined,
  prefixRanges: [],
  serverNames: [],
  transportProtocol: "",
  applicationProtocols: [],
  directSourcePrefixRanges: [],
  sourceType: "any",
  sourcePrefixRanges: [],
  sourcePorts: [],
};

function checkServerNames(message: FilterChainMatch, label: string, context: ParseContext): void {
  for (const [index, name] of message.serverNames.entries()) {
    const rest = name.startsWith("*.") ? name.slice(2) : name;
    if (!rest.includes("*")) continue;
    context.problem(
      message,
      `server_names[${index}]`,
      `error adding listener '${label}': partial wildcards are not supported in "server_names"`,
    );
  }
}

function checkMatches(
  messages: readonly FilterChain[],
  chains: readonly FilterChainConfig[],
  label: string,
  context: ParseContext,
): void {
  const seen = new Map<string, string>();
  const matcher = new FilterChainMatcher();
  for (const [index, { name, match }] of chains.entries()) {
    const text = matchText(match);
    const twin = seen.get(text);
    if (twin !== undefined) {
      context.problem(
        messages[index]!,
        "filter_chain_match",
        `error adding listener '${label}': filter chain '${name}' has the same matching rules defined as ` +
          `'${twin}'. duplicate matcher is: ${text}`,
      );
      continue;
    }
    seen.set(text, name);
    if (matcher.add(match)) continue;
    context.problem(
      messages[index]!,
      "filter_chain_match",
      `error adding listener '${label}': multiple filter chains with overlapping matching rules are defined`,
    );
  }
}

/** The match as Envoy prints it: JSON with the proto's names, in the order of the field numbers. */
function matchText(match: FilterChainMatchConfig): string {
  const fields: { [name: string]: unknown } = {
    prefix_ranges: match.prefixRanges.map(rangeFields),
    source_prefix_ranges: match.sourcePrefixRanges.map(rangeFields),
    source_ports: match.sourcePorts,
    destination_port: match.destinationPort,
    transport_protocol: match.transportProtocol,
    application_protocols: match.applicationProtocols,
    server_names: match.serverNames,
    source_type: match.sourceType === "any" ? undefined : match.sourceType.toUpperCase(),
    direct_source_prefix_ranges: match.directSourcePrefixRanges.map(rangeFields),
  };
  return JSON.stringify(fields, (_name, value: unknown) =>
    value === "" || (Array.isArray(value) && value.length === 0) ? undefined : value,
  );
}

const rangeFields = (range: CidrRange): object => ({
  address_prefix: range.ip,
  prefix_len: range.prefixLength,
});
