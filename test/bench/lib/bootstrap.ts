/** What the bootstrap of a run has beyond a connection manager, a router and one cluster. */
export interface BootstrapOptions {
  /** Filters in front of the router, as YAML items indented by nothing. */
  readonly httpFilters?: readonly string[];
  /** HTTP/2 to the upstream. */
  readonly http2Upstream?: boolean;
  /** A second listener that serves the same over TLS; files. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** A listener more, without the filters: what they add is seen within one process. */
  readonly plain?: boolean;
  /** Added to the proxy's ports, for those that run beside each other; 0 unless given. */
  readonly portOffset?: number;
}

const upstreamPort = 18_100;
const http2UpstreamPort = 18_104;
const proxyPort = 18_101;
const adminPort = 18_102;
const securePort = 18_105;
const plainPort = 18_106;

/** The bootstrap file that Envoy and Sluice are both given. */
export function bootstrap(options: BootstrapOptions): string {
  const filters = (options.httpFilters ?? []).map((filter) => indent(filter, 10)).join("");
  const port = options.http2Upstream === true ? http2UpstreamPort : upstreamPort;
  const protocol = options.http2Upstream === true ? "    http2_protocol_options: {}\n" : "";
  const { portOffset = 0 } = options;
  const secure =
    options.tls &&
    listener("secure", securePort + portOffset, filters) + transportSocket(options.tls);
  const plain = options.plain === true ? listener("plain", plainPort + portOffset, "") : "";
  return `node: { id: bench, cluster: bench }
admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${adminPort + portOffset} } } }
static_resources:
  listeners:
${listener("main", proxyPort + portOffset, filters)}${secure ?? ""}${plain}  clusters:
  - name: upstream
    type: STATIC
    connect_timeout: 1s
${protocol}    load_assignment:
      cluster_name: upstream
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } } }] }]
`;
}

function listener(name: string, port: number, filters: string): string {
  return `  - name: ${name}
    address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
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
`;
}

/** Of the filter chain that stands last. */
function transportSocket({ certificate, key }: NonNullable<BootstrapOptions["tls"]>): string {
  return `      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            tls_certificates: [{ certificate_chain: { filename: ${certificate} }, private_key: { filename: ${key} } }]
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
