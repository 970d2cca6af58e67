/** Where the parts of the demo are. */
export interface DemoBootstrapOptions {
  readonly proxyPort: number;
  readonly adminPort: number;
  readonly upstreamPort: number;
  /** Files that the two filters are discovered from. */
  readonly wasmResource: string;
  readonly luaResource: string;
}

export const wasmMessage = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
export const luaMessage = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua";

/** The demo's configuration, as Envoy's bootstrap: it is written to a file that can be read and copied. */
export function demoBootstrap(options: DemoBootstrapOptions): string {
  return `# Made by "npm start". The same file runs in Envoy.
node: { id: demo, cluster: demo }
admin:
  address: { socket_address: { address: 127.0.0.1, port_value: ${options.adminPort} } }
static_resources:
  listeners:
    - name: main
      address: { socket_address: { address: 127.0.0.1, port_value: ${options.proxyPort} } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: main
                route_config:
                  name: local
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes: [{ match: { prefix: "/" }, route: { cluster: upstream } }]
                http_filters:
                  - name: hello
                    config_discovery:
                      config_source: { path_config_source: { path: ${JSON.stringify(options.wasmResource)} } }
                      type_urls: [${wasmMessage}]
                  - name: hello-lua
                    config_discovery:
                      config_source: { path_config_source: { path: ${JSON.stringify(options.luaResource)} } }
                      type_urls: [${luaMessage}]
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
    - name: upstream
      type: STATIC
      connect_timeout: 1s
      load_assignment:
        cluster_name: upstream
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address: { socket_address: { address: 127.0.0.1, port_value: ${options.upstreamPort} } }
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
