import { addressText } from "../common/address.ts";
import { sanitizeStatName } from "../common/stat-name.ts";
import type { Int32Range } from "../config/gen/envoy/type/v3/range_pb.js";
import type {
  ListenerFilter,
  ListenerFilterChainMatchPredicate,
} from "../config/gen/envoy/config/listener/v3/listener_components_pb.js";
import type { Listener } from "../config/gen/envoy/config/listener/v3/listener_pb.js";
import type { Address } from "../contracts/address.ts";
import type {
  DiscoveredExtension,
  ExtensionConfig,
  ListenerConfig,
  ListenerFilterConfig,
  ListenerFilterPredicate,
} from "../contracts/config/snapshot.ts";
import type { ParseContext } from "../contracts/extension.ts";
import { parseListenAddress } from "./config-address.ts";
import { parseFilterChain, parseFilterChains } from "./config-filter-chain.ts";

const defaultBufferLimitBytes = 1_048_576;
const defaultListenerFiltersTimeoutMs = 15_000;
/** The kernel caps it at `net.core.somaxconn`, which is Envoy's default. */
const defaultBacklog = 65_535;

/**
 * `envoy.config.listener.v3.Listener` to plain data. What it gives is complete only when nothing was reported;
 * undefined without an address.
 */
export function parseListener(
  message: Listener,
  context: ParseContext,
): ListenerConfig | undefined {
  checkSwitches(message, context);
  const address = message.address && parseListenAddress(message.address, context);
  if (message.address === undefined) {
    const text = `error adding listener named '${message.name}': address is necessary`;
    context.problem(message, "address", text);
  }
  const label = address === undefined ? message.name : addressText(address);
  checkHasChains(message, label, context);
  // All of it is parsed, so that all problems are found, even when there is no address.
  const rest = {
    additionalAddresses: parseAdditionalAddresses(message, context),
    listenerFilters: parseListenerFilters(message, context),
    filterChains: parseFilterChains(message.filterChains, label, context),
    defaultFilterChain:
      message.defaultFilterChain && parseFilterChain(message.defaultFilterChain, label, context),
    accessLogs: parseAccessLogs(message, context),
    metadata: (message.metadata?.filterMetadata ?? {}) as ListenerConfig["metadata"],
    direction: directions[message.trafficDirection] ?? "unspecified",
  };
  if (address === undefined) return undefined;
  return {
    ...rest,
    name: message.name === "" ? label : message.name,
    statPrefix: sanitizeStatName(message.statPrefix === "" ? label : message.statPrefix),
    address,
    perConnectionBufferLimitBytes: message.perConnectionBufferLimitBytes ?? defaultBufferLimitBytes,
    tcpBacklogSize: message.tcpBacklogSize ?? defaultBacklog,
    reusePort: message.enableReusePort ?? false,
    maxConnectionsToAcceptPerSocketEvent: message.maxConnectionsToAcceptPerSocketEvent ?? 0,
    listenerFiltersTimeoutMs: context.durationMs(
      message.listenerFiltersTimeout,
      defaultListenerFiltersTimeoutMs,
    ),
    continueOnListenerFiltersTimeout: message.continueOnListenerFiltersTimeout,
  };
}

/** `TrafficDirection` by number. */
const directions = ["unspecified", "inbound", "outbound"] as const;

/**
 * Listeners that cannot be bound beside an earlier one, with Envoy's words. Port 0 and pipes of different paths
 * never clash.
 */
export function findDuplicateAddresses(
  listeners: readonly ListenerConfig[],
): { readonly name: string; readonly text: string }[] {
  const bound = new Set<string>();
  const clashes: { name: string; text: string }[] = [];
  for (const listener of listeners) {
    for (const address of [listener.address, ...listener.additionalAddresses]) {
      if (address.kind === "ip" && address.port === 0) continue;
      const text = addressText(address);
      if (bound.has(text)) {
        clashes.push({
          name: listener.name,
          text:
            `error adding listener: '${listener.name}' has duplicate address '${text}' as existing listener, ` +
            "to check if the listener has duplicated addresses with other listeners or 'enable_reuse_port' is " +
            "set to 'false' for the listener",
        });
      }
      bound.add(text);
    }
  }
  return clashes;
}

/** Switches whose one value works and whose other value does not. */
function checkSwitches(message: Listener, context: ParseContext): void {
  const refuse = (field: string, text: string): void => context.problem(message, field, text);
  if (message.bindToPort === false) {
    refuse("bind_to_port", "listeners without a socket are not supported; remove bind_to_port");
  }
  if (message.useOriginalDst === true) {
    refuse("use_original_dst", "handing connections to other listeners is not supported");
  }
  if (message.transparent === true) refuse("transparent", "IP_TRANSPARENT is not supported");
  if (message.freebind === true) refuse("freebind", "IP_FREEBIND is not supported");
}

function checkHasChains(message: Listener, label: string, context: ParseContext): void {
  if (message.filterChains.length > 0 || message.defaultFilterChain !== undefined) return;
  const text = `error adding listener '${label}': no filter chains specified`;
  context.problem(message, "filter_chains", text);
}

function parseAdditionalAddresses(message: Listener, context: ParseContext): Address[] {
  const addresses: Address[] = [];
  for (const additional of message.additionalAddresses) {
    if (additional.address === undefined) {
      context.problem(additional, "address", "an additional address needs an address");
      continue;
    }
    const address = parseListenAddress(additional.address, context);
    if (address !== undefined) addresses.push(address);
  }
  return addresses;
}

function parseListenerFilters(message: Listener, context: ParseContext): ListenerFilterConfig[] {
  const filters: ListenerFilterConfig[] = [];
  for (const filter of message.listenerFilters) {
    const extension = parseListenerFilter(filter, context);
    if (extension === undefined) continue;
    const disabled = filter.filterDisabled && parsePredicate(filter.filterDisabled);
    filters.push({ extension, disabled });
  }
  return filters;
}

function parseListenerFilter(
  filter: ListenerFilter,
  context: ParseContext,
): ExtensionConfig | DiscoveredExtension | undefined {
  const { name, configType } = filter;
  if (configType.case === "configDiscovery") {
    const category = "tcp_listener_filter";
    const discovery = context.extensionDiscovery(category, name, configType.value, false);
    return discovery && { name, discovery };
  }
  return context.extension("listener_filter", name, configType.value, filter, "typed_config");
}

function parsePredicate(message: ListenerFilterChainMatchPredicate): ListenerFilterPredicate {
  const { rule } = message;
  switch (rule.case) {
    case "orMatch":
      return { kind: "or", rules: rule.value.rules.map(parsePredicate) };
    case "andMatch":
      return { kind: "and", rules: rule.value.rules.map(parsePredicate) };
    case "notMatch":
      return { kind: "not", rule: parsePredicate(rule.value) };
    case "destinationPortRange":
      return portRange(rule.value);
    case "anyMatch":
    case undefined:
    default:
      return { kind: "any" };
  }
}

const portRange = (range: Int32Range): ListenerFilterPredicate => ({
  kind: "destination_port",
  start: range.start,
  end: range.end,
});

function parseAccessLogs(message: Listener, context: ParseContext): ExtensionConfig[] {
  const logs: ExtensionConfig[] = [];
  for (const log of message.accessLog) {
    const extension = context.accessLog(log, message, "access_log");
    if (extension !== undefined) logs.push(extension);
  }
  return logs;
}
