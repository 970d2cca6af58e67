import type { DiscoveredFilter, ServerAddress } from "../proxy/bootstrap-text.ts";

/** Where a filter of connections stands. */
export type ConnectionPlace = "network" | "listener";

export interface ConnectionBootstrapParts {
  readonly place: ConnectionPlace;
  readonly proxyPort: number;
  readonly adminPort: number;
  readonly upstream: ServerAddress;
  /** What the filter calls, by the name of the cluster. */
  readonly clusters: ReadonlyMap<string, ServerAddress>;
  readonly filter: DiscoveredFilter;
}

/** A proxy for one filter of connections, as Envoy's bootstrap. */
export function connectionBootstrap(parts: ConnectionBootstrapParts): string {
  const { place, proxyPort, adminPort, upstream, filter } = parts;
  const source = { path_config_source: { path: filter.resource } };
  const discovered = {
    name: filter.name,
    config_discovery: { config_source: source, type_urls: [filter.message] },
  };
  const proxy = {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
      stat_prefix: "main",
      cluster: "upstream",
    },
  };
  const isNetwork = place === "network";
  const bootstrap = {
    node: { id: "dev", cluster: "dev" },
    admin: { address: address("127.0.0.1", adminPort) },
    static_resources: {
      listeners: [
        {
          name: "main",
          address: address("127.0.0.1", proxyPort),
          listener_filters: isNetwork ? [] : [discovered],
          filter_chains: [{ filters: isNetwork ? [discovered, proxy] : [proxy] }],
        },
      ],
      clusters: [...new Map([["upstream", upstream], ...parts.clusters])].map(cluster),
    },
  };
  return `${JSON.stringify(bootstrap, undefined, 2)}\n`;
}

function cluster([name, { host, port }]: readonly [string, ServerAddress]): object {
  const endpoint = { address: address(host, port) };
  const endpoints = [{ lb_endpoints: [{ endpoint }] }];
  const load_assignment = { cluster_name: name, endpoints };
  return { name, type: "STATIC", connect_timeout: "1s", load_assignment };
}

function address(host: string, port: number): object {
  return { socket_address: { address: host, port_value: port } };
}
