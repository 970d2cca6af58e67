import type { ServerAddress } from "../proxy/bootstrap-text.ts";

/** Where a filter of connections stands. */
export type ConnectionPlace = "network" | "listener";

export interface ConnectionBootstrapParts {
  readonly place: ConnectionPlace;
  readonly proxyPort: number;
  readonly adminPort: number;
  readonly upstream: ServerAddress;
  /** What the filter calls, by the name of the cluster. */
  readonly clusters: ReadonlyMap<string, ServerAddress>;
  /** `PluginConfig`. */
  readonly plugin: { readonly name: string };
}

/**
 * A proxy for one filter of connections, as Envoy's bootstrap. Proxies of one user can listen at the same port, so that
 * the next one serves before the one before ends.
 */
export function connectionBootstrap(parts: ConnectionBootstrapParts): string {
  const { place, proxyPort, adminPort, upstream, plugin } = parts;
  const filter = (type: string): object => ({
    name: plugin.name,
    typed_config: { "@type": `type.googleapis.com/${type}`, config: plugin },
  });
  const proxy = {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
      stat_prefix: "main",
      cluster: "upstream",
    },
  };
  const isNetwork = place === "network";
  const network = isNetwork ? [filter("envoy.extensions.filters.network.wasm.v3.Wasm")] : [];
  const listener = isNetwork ? [] : [filter("sluice.listener.wasm.v1.Wasm")];
  const bootstrap = {
    node: { id: "dev", cluster: "dev" },
    admin: { address: address("127.0.0.1", adminPort) },
    static_resources: {
      listeners: [
        {
          name: "main",
          address: address("127.0.0.1", proxyPort),
          enable_reuse_port: true,
          listener_filters: listener,
          filter_chains: [{ filters: [...network, proxy] }],
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
