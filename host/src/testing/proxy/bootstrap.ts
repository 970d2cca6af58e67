import type {
  FilterEntry,
  GuestEntry,
  JsonMap,
  JsonValue,
  ServerScript,
  Suite,
  TestCase,
} from "../suite/suite.ts";
import { jsonOf, type Value } from "../suite/map-reader.ts";
import type { CasePorts } from "./ports.ts";

/** What a configuration is made for. */
export interface BootstrapOptions {
  readonly ports: CasePorts;
  /** Wasm modules of filters that are given as sources, by path of the source. */
  readonly built: ReadonlyMap<string, string>;
  /** A file that gets a line of JSON for each request. */
  readonly accessLog: string;
  readonly namespaces: readonly string[];
  readonly filterStates: readonly string[];
  /** For Envoy, which has none of our own settings. */
  readonly isEnvoy: boolean;
}

export const listenerName = "test";

function type(name: string): string {
  return `type.googleapis.com/${name}`;
}

/** The configuration of a case, as the proxy and Envoy read it. */
export function bootstrapOf(suite: Suite, test: TestCase, options: BootstrapOptions): JsonMap {
  const { settings } = test;
  const { admin } = options.ports;
  return {
    node: { id: "test", cluster: "test", ...fieldsOf(settings.node) },
    ...(admin !== undefined && { admin: { address: loopback(admin) } }),
    ...(options.isEnvoy && { stats_flush_on_admin: true }),
    bootstrap_extensions: [
      ...(options.isEnvoy ? [] : [guests]),
      ...suite.chains.services.map((entry) => filterOf(entry, "service", test, options)),
    ],
    static_resources: {
      listeners: [listenerOf(suite, test, options)],
      clusters: [...settings.servers].map(([name, script]) =>
        clusterOf(name, script, options.ports.servers.get(name)!),
      ),
    },
  };
}

/** Wasm modules are limited by what they execute, not by time; nothing is left out of the costs. */
const guests: JsonMap = {
  name: "sluice.guests",
  typed_config: {
    "@type": type("sluice.guests.v1.Guests"),
    default_limits: { cpu_time_per_callback: "2s", max_cpu_share_percent: 100 },
    default_wasm: { clone_vms: false, deterministic: true },
    default_lua: { count_instructions: true },
    measure_one_stream_of: 0,
  },
};

function fieldsOf(value: Value | undefined): JsonMap {
  return value === undefined ? {} : (jsonOf(value.node) as JsonMap);
}

function loopback(port: number): JsonMap {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

function listenerOf(suite: Suite, test: TestCase, options: BootstrapOptions): JsonMap {
  const { chains } = suite;
  const entry = (filter: FilterEntry, place: Place): JsonMap =>
    filterOf(filter, place, test, options);
  const isWhole = chains.network.at(-1)?.kind === "native";
  const filters =
    chains.network.length > 0
      ? [
          ...chains.network.map((filter) => entry(filter, "network")),
          ...(isWhole ? [] : [tcpProxy]),
        ]
      : [
          connectionManager(
            chains.http.map((filter) => entry(filter, "http")),
            chains.loggers.map((logger) => entry(logger, "logger")),
            test,
            options,
          ),
        ];
  return {
    name: listenerName,
    address: loopback(options.ports.listener),
    ...(chains.listener.length > 0 && {
      listener_filters: chains.listener.map((filter) => entry(filter, "listener")),
    }),
    filter_chains: [{ filters }],
  };
}

const tcpProxy: JsonMap = {
  name: "envoy.filters.network.tcp_proxy",
  typed_config: {
    "@type": type("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"),
    stat_prefix: "test",
    cluster: "upstream",
  },
};

const toUpstream: JsonValue = [{ match: { prefix: "/" }, route: { cluster: "upstream" } }];

function connectionManager(
  filters: readonly JsonMap[],
  loggers: readonly JsonMap[],
  test: TestCase,
  options: BootstrapOptions,
): JsonMap {
  const { routes } = test.settings;
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": type(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      ),
      stat_prefix: "test",
      http_protocol_options: { enable_trailers: true },
      access_log: [...loggers, accessLog(options)],
      route_config: {
        name: "test",
        virtual_hosts: [
          { name: "test", domains: ["*"], routes: routes ? jsonOf(routes.node) : toUpstream },
        ],
      },
      http_filters: [
        ...filters,
        {
          name: "envoy.filters.http.router",
          typed_config: { "@type": type("envoy.extensions.filters.http.router.v3.Router") },
        },
      ],
    },
  };
}

function accessLog({ accessLog: path, namespaces, filterStates }: BootstrapOptions): JsonMap {
  const metadata = namespaces.map((name) => [name, `%DYNAMIC_METADATA(${name})%`] as const);
  const states = filterStates.map((name) => [name, `%FILTER_STATE(${name}:PLAIN)%`] as const);
  return {
    name: "envoy.access_loggers.file",
    typed_config: {
      "@type": type("envoy.extensions.access_loggers.file.v3.FileAccessLog"),
      path,
      log_format: {
        json_format: {
          port: "%DOWNSTREAM_REMOTE_PORT%",
          details: "%RESPONSE_CODE_DETAILS%",
          flags: "%RESPONSE_FLAGS%",
          metadata: Object.fromEntries(metadata),
          filter_state: Object.fromEntries(states),
        },
      },
    },
  };
}

function clusterOf(name: string, script: ServerScript, port: number): JsonMap {
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }],
    },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": type("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"),
        explicit_http_config:
          script.kind === "grpc"
            ? { http2_protocol_options: {} }
            : { http_protocol_options: { enable_trailers: true } },
      },
    },
  };
}

type Place = "http" | "network" | "listener" | "logger" | "service";

const wasmMessages: { readonly [place in Place]: string } = {
  http: "envoy.extensions.filters.http.wasm.v3.Wasm",
  network: "envoy.extensions.filters.network.wasm.v3.Wasm",
  listener: "sluice.listener.wasm.v1.Wasm",
  logger: "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog",
  service: "envoy.extensions.wasm.v3.WasmService",
};

function filterOf(
  entry: FilterEntry,
  place: Place,
  test: TestCase,
  options: BootstrapOptions,
): JsonMap {
  if (entry.kind === "native") return { name: entry.name, typed_config: entry.typedConfig };
  const configuration = test.configurations.get(entry.name) ?? entry.configuration;
  if (entry.kind === "lua") {
    const typed = {
      "@type": type("envoy.extensions.filters.http.lua.v3.Lua"),
      default_source_code: { filename: entry.file },
      ...(configuration !== undefined && { filter_context: configuration }),
    };
    return { name: entry.name, typed_config: typed };
  }
  const typed = {
    "@type": type(wasmMessages[place]),
    config: pluginConfig(entry, configuration, options),
    ...(place === "service" && { singleton: true }),
  };
  return { name: entry.name, typed_config: typed };
}

function pluginConfig(
  entry: GuestEntry,
  configuration: JsonValue | undefined,
  { built }: BootstrapOptions,
): JsonMap {
  const { vm } = entry;
  const { capabilities } = vm;
  const allowed = capabilities?.map((name) => [name, {}] as const);
  return {
    name: entry.name,
    root_id: entry.rootId,
    failure_policy: entry.failurePolicy,
    ...(entry.stopIteration && { allow_on_headers_stop_iteration: true }),
    ...(configuration !== undefined && { configuration: textValue(configuration) }),
    ...(allowed !== undefined && {
      capability_restriction_config: { allowed_capabilities: Object.fromEntries(allowed) },
    }),
    vm_config: {
      vm_id: vm.id,
      runtime: "envoy.wasm.runtime.v8",
      code: { local: { filename: built.get(entry.file) ?? entry.file } },
      ...(vm.configuration !== undefined && { configuration: textValue(vm.configuration) }),
      ...(Object.keys(vm.environment).length > 0 && {
        environment_variables: { key_values: vm.environment },
      }),
    },
  };
}

/** A text as it is; fields as JSON. */
function textValue(value: JsonValue): JsonMap {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { "@type": type("google.protobuf.StringValue"), value: text };
}
