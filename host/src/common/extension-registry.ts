import type {
  AccessLoggerFactory,
  BootstrapExtensionFactory,
  DownstreamTransportSocketFactory,
  ExtensionFactory,
  ExtensionKind,
  ExtensionRegistry,
  HttpFilterFactory,
  ListenerFilterFactory,
  NetworkFilterFactory,
  StatsSinkFactory,
  UpstreamTransportSocketFactory,
} from "../contracts/extension.ts";

/** The extensions of a build, by kind. */
export interface ExtensionLists {
  readonly httpFilters: readonly HttpFilterFactory[];
  readonly networkFilters: readonly NetworkFilterFactory[];
  readonly listenerFilters: readonly ListenerFilterFactory[];
  readonly downstreamTransportSockets?: readonly DownstreamTransportSocketFactory[];
  readonly upstreamTransportSockets?: readonly UpstreamTransportSocketFactory[];
  readonly accessLoggers: readonly AccessLoggerFactory[];
  readonly bootstrapExtensions?: readonly BootstrapExtensionFactory[];
  readonly statsSinks?: readonly StatsSinkFactory[];
}

/** Throws when two factories of one kind claim the same name or message. */
export function createRegistry(lists: ExtensionLists): ExtensionRegistry {
  const httpFilters = byMessage("HTTP filter", lists.httpFilters);
  const networkFilters = byMessage("network filter", lists.networkFilters);
  const listenerFilters = byMessage("listener filter", lists.listenerFilters);
  const transportSockets = lists.downstreamTransportSockets ?? [];
  const downstreamTransportSockets = byMessage("transport socket", transportSockets);
  const upstreamSockets = lists.upstreamTransportSockets ?? [];
  const upstreamTransportSockets = byMessage("upstream transport socket", upstreamSockets);
  const accessLoggers = byMessage("access logger", lists.accessLoggers);
  const bootstrapExtensions = byMessage("bootstrap extension", lists.bootstrapExtensions ?? []);
  const statsSinks = byMessage("stats sink", lists.statsSinks ?? []);
  const routes = new Map<string, HttpFilterFactory>();
  for (const factory of lists.httpFilters) {
    if (factory.routeMessageName === undefined) continue;
    claim(routes, factory.routeMessageName, factory, "HTTP filter");
  }
  const kinds: { readonly [K in ExtensionKind]: readonly ExtensionFactory[] } = {
    http_filter: lists.httpFilters,
    network_filter: lists.networkFilters,
    listener_filter: lists.listenerFilters,
    access_logger: lists.accessLoggers,
    bootstrap: lists.bootstrapExtensions ?? [],
    stats_sink: lists.statsSinks ?? [],
    transport_socket: transportSockets,
    upstream_transport_socket: upstreamSockets,
  };
  return {
    httpFilter: (messageName) => httpFilters.get(messageName),
    networkFilter: (messageName) => networkFilters.get(messageName),
    listenerFilter: (messageName) => listenerFilters.get(messageName),
    downstreamTransportSocket: (messageName) => downstreamTransportSockets.get(messageName),
    upstreamTransportSocket: (messageName) => upstreamTransportSockets.get(messageName),
    accessLogger: (messageName) => accessLoggers.get(messageName),
    bootstrapExtension: (messageName) => bootstrapExtensions.get(messageName),
    statsSink: (messageName) => statsSinks.get(messageName),
    httpFilterOfRoute: (messageName) => routes.get(messageName),
    factories: (kind) => kinds[kind],
  };
}

function byMessage<F extends ExtensionFactory>(
  what: string,
  factories: readonly F[],
): Map<string, F> {
  const messages = new Map<string, F>();
  const names = new Map<string, F>();
  for (const factory of factories) {
    claim(messages, factory.messageName, factory, what);
    claim(names, factory.name, factory, what);
  }
  return messages;
}

function claim<F extends ExtensionFactory>(
  taken: Map<string, F>,
  key: string,
  factory: F,
  what: string,
): void {
  const other = taken.get(key);
  if (other) throw new Error(`${what}s ${other.name} and ${factory.name} both claim ${key}`);
  taken.set(key, factory);
}
