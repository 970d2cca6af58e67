/** Where the parts of a proxy for authors are. */
export interface BootstrapParts {
  /** The command that makes it, for whoever reads it. */
  readonly madeBy: string;
  readonly proxyPort: number;
  readonly adminPort: number;
  readonly upstream: ServerAddress;
  /** What filters call, by the name of the cluster. */
  readonly clusters?: ReadonlyMap<string, ServerAddress>;
  /** In the order of the chain. */
  readonly filters: readonly DiscoveredFilter[];
  /** What is told of each request; a proxy with some is for Sluice only. */
  readonly accessLoggers?: readonly DiscoveredFilter[];
}

export interface ServerAddress {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

export interface DiscoveredFilter {
  /** In the chain. */
  readonly name: string;
  /** The file that it is discovered from. */
  readonly resource: string;
  /** Type of its configuration. */
  readonly message: string;
}

export const wasmMessage = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
export const luaMessage = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua";

/** The proxy's configuration, as Envoy's bootstrap: it is written to a file that can be read and copied. */
export function bootstrapText(parts: BootstrapParts): string {
  const { madeBy, proxyPort, adminPort, upstream, filters, accessLoggers = [] } = parts;
  const clusters = new Map([["upstream", upstream], ...(parts.clusters ?? [])]);
  const isOwn = accessLoggers.length > 0;
  return `# Made by "${madeBy}".${isOwn ? "" : " The same file runs in Envoy."}
node: { id: dev, cluster: dev }
admin:
  address: { socket_address: { address: 127.0.0.1, port_value: ${adminPort} } }
static_resources:
  listeners:
    - name: main
      address: { socket_address: { address: 127.0.0.1, port_value: ${proxyPort} } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: main
${isOwn ? `                access_log:\n${accessLoggers.map(loggerText).join("")}` : ""}\
                route_config:
                  name: local
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes: [{ match: { prefix: "/" }, route: { cluster: upstream } }]
                http_filters:
${filters.map(filterText).join("")}\
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
${[...clusters].map(([name, address]) => clusterText(name, address)).join("")}`;
}

function clusterText(name: string, { host, port }: ServerAddress): string {
  return `\
    - name: ${JSON.stringify(name)}
      type: STATIC
      connect_timeout: 1s
      load_assignment:
        cluster_name: ${JSON.stringify(name)}
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address: { socket_address: { address: "${host}", port_value: ${port} } }
`;
}

function filterText({ name, resource, message }: DiscoveredFilter): string {
  return `\
                  - name: ${JSON.stringify(name)}
                    config_discovery:
                      config_source: { path_config_source: { path: ${JSON.stringify(resource)} } }
                      type_urls: [${message}]
`;
}

function loggerText({ name, resource, message }: DiscoveredFilter): string {
  return `\
                  - name: ${JSON.stringify(name)}
                    typed_config:
                      "@type": type.googleapis.com/sluice.accesslog.v1.DiscoveredAccessLog
                      config_discovery:
                        config_source: { path_config_source: { path: ${JSON.stringify(resource)} } }
                        type_urls: [${message}]
`;
}

/** A resource file of one discovered filter, as the discovery service would answer. */
export function resourceFile(name: string, version: number, typedConfig: object): string {
  const resource = {
    "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
    name,
    typed_config: typedConfig,
  };
  return `${JSON.stringify({ version_info: String(version), resources: [resource] }, undefined, 2)}\n`;
}
