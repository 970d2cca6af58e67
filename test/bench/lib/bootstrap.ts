/** What the bootstrap of a run has beyond a connection manager, a router and one cluster. */
export interface BootstrapOptions {
  /** Filters in front of the router, as YAML items indented by nothing. */
  readonly httpFilters?: readonly string[];
  /** HTTP/2 to the upstream. */
  readonly http2Upstream?: boolean;
}

const upstreamPort = 18_100;
const http2UpstreamPort = 18_104;
const proxyPort = 18_101;
const adminPort = 18_102;

/** The bootstrap file that Envoy and Sluice are both given. */
export function bootstrap(options: BootstrapOptions): string {
  const filters = (options.httpFilters ?? []).map((filter) => indent(filter, 10)).join("");
  const port = options.http2Upstream === true ? http2UpstreamPort : upstreamPort;
  const protocol = options.http2Upstream === true ? "    http2_protocol_options: {}\n" : "";
  return `node: { id: bench, cluster: bench }
admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${adminPort} } } }
static_resources:
  listeners:
  - name: main
    address: { socket_address: { address: 127.0.0.1, port_value: ${proxyPort} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          route_config:
            name: local
            virtual_hosts:
            - { name: all, domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: upstream } }] }
          http_filters:
${filters}          - name: envoy.filters.http.router
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
  clusters:
  - name: upstream
    type: STATIC
    connect_timeout: 1s
${protocol}    load_assignment:
      cluster_name: upstream
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } } }] }]
`;
}

/** A Lua filter with its script inline. */
export function luaFilter(script: string): string {
  return `- name: lua
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
    default_source_code: { inline_string: ${JSON.stringify(script)} }
`;
}

/** A Wasm filter with its module from a file. */
export function wasmFilter(file: string): string {
  return `- name: wasm
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
    config:
      name: bench
      vm_config: { runtime: envoy.wasm.runtime.v8, code: { local: { filename: ${JSON.stringify(file)} } } }
`;
}

/** A filter that comes by file ECDS. */
export function discoveredFilter(name: string, file: string, messageName: string): string {
  return `- name: ${name}
  config_discovery:
    config_source: { path_config_source: { path: ${JSON.stringify(file)} } }
    type_urls: [type.googleapis.com/${messageName}]
`;
}

function indent(text: string, by: number): string {
  return text.replaceAll(/^(?=.)/gm, " ".repeat(by));
}
