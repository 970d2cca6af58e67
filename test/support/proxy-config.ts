import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

const types = {
  hcm: "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  fileLog: "envoy.extensions.access_loggers.file.v3.FileAccessLog",
  lua: "envoy.extensions.filters.http.lua.v3.Lua",
  wasm: "envoy.extensions.filters.http.wasm.v3.Wasm",
  router: "envoy.extensions.filters.http.router.v3.Router",
  extension: "envoy.config.core.v3.TypedExtensionConfig",
  text: "google.protobuf.StringValue",
} as const;

/** The type URL of a message that this file knows, or of any other. */
export function typeUrl(name: string): string {
  return `type.googleapis.com/${Object.hasOwn(types, name) ? types[name as keyof typeof types] : name}`;
}

export interface HttpListenerOptions {
  readonly name?: string;
  readonly port: number;
  /** In front of the router. */
  readonly filters?: readonly JsonObject[];
  /** Of the one virtual host; default: everything goes to the cluster `upstream`. */
  readonly routes?: readonly JsonObject[];
  readonly virtualHosts?: readonly JsonObject[];
  /** A file that gets a line for each request. */
  readonly accessLog?: string;
  /** Of that file's lines; default: Envoy's. */
  readonly logFormat?: string;
  /** More of `HttpConnectionManager`. */
  readonly hcm?: JsonObject;
  /** More of `Listener`. */
  readonly listener?: JsonObject;
}

/** A listener on the loopback with an HTTP connection manager. */
export function httpListener(options: HttpListenerOptions): JsonObject {
  const { name = "main", port } = options;
  return {
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: port } },
    filter_chains: [{ filters: [hcm(options)] }],
    ...options.listener,
  };
}

const toUpstream: JsonObject = { match: { prefix: "/" }, route: { cluster: "upstream" } };

function hcm(options: HttpListenerOptions): JsonObject {
  const { name = "main", filters = [], routes = [toUpstream], accessLog } = options;
  const host: JsonObject = { name: "all", domains: ["*"], routes: [...routes] };
  const router = {
    name: "envoy.filters.http.router",
    typed_config: { "@type": typeUrl("router") },
  };
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": typeUrl("hcm"),
      stat_prefix: name,
      route_config: { name: "local", virtual_hosts: [...(options.virtualHosts ?? [host])] },
      http_filters: [...filters, router],
      ...(accessLog !== undefined && { access_log: [fileLog(accessLog, options.logFormat)] }),
      ...options.hcm,
    },
  };
}

function fileLog(path: string, format: string | undefined): JsonObject {
  return { name: "envoy.access_loggers.file", typed_config: fileLogConfig(path, format) };
}

/** `FileAccessLog`; `format` is a line without its end. */
export function fileLogConfig(path: string, format?: string): JsonObject {
  const line = format === undefined ? {} : lineFormat(format);
  return { "@type": typeUrl("fileLog"), path, ...line };
}

function lineFormat(format: string): JsonObject {
  return { log_format: { text_format_source: { inline_string: `${format}\n` } } };
}

/** A cluster whose endpoints are these ports of the loopback. */
export function staticCluster(
  name: string,
  ports: readonly number[],
  more: JsonObject = {},
): JsonObject {
  const endpoints = ports.map((port): JsonObject => {
    const address = { socket_address: { address: "127.0.0.1", port_value: port } };
    return { endpoint: { address } };
  });
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    ...more,
  };
}

/** A bootstrap of listeners and clusters. */
export function bootstrap(
  listeners: readonly JsonObject[],
  clusters: readonly JsonObject[] = [],
  more: JsonObject = {},
): JsonObject {
  return {
    node: { id: "test-node", cluster: "test-cluster" },
    static_resources: { listeners: [...listeners], clusters: [...clusters] },
    ...more,
  };
}

/**
 * More of a bootstrap, for tests of what guests do: on a busy machine the first run of a long callback may take more than
 * it usually may.
 */
export const unlimitedGuests: JsonObject = {
  bootstrap_extensions: [
    {
      name: "sluice.guests",
      typed_config: {
        "@type": typeUrl("sluice.guests.v1.Guests"),
        default_limits: { cpu_time_per_callback: "30s", max_cpu_share_percent: 100 },
        lua_states: { max_memory_bytes_per_worker: 4_294_967_296 },
      },
    },
  ],
};

/** `Lua` with this script. */
export function luaConfig(script: string, more: JsonObject = {}): JsonObject {
  return { "@type": typeUrl("lua"), default_source_code: { inline_string: script }, ...more };
}

export interface WasmOptions {
  /** Of the plugin; default: `plugin`. */
  readonly name?: string;
  readonly rootId?: string;
  readonly configuration?: string;
  /** More of `VmConfig`. */
  readonly vm?: JsonObject;
  /** More of `PluginConfig`. */
  readonly plugin?: JsonObject;
}

/** `Wasm` with the module of this file. */
export function wasmConfig(file: string, options: WasmOptions = {}): JsonObject {
  const { configuration } = options;
  const text = { "@type": typeUrl("text"), value: configuration ?? "" };
  return {
    "@type": typeUrl("wasm"),
    config: {
      name: options.name ?? "plugin",
      root_id: options.rootId ?? "",
      ...(configuration !== undefined && { configuration: text }),
      vm_config: {
        runtime: "envoy.wasm.runtime.v8",
        code: { local: { filename: file } },
        ...options.vm,
      },
      ...options.plugin,
    },
  };
}

/** An HTTP filter of the chain. */
export function httpFilter(name: string, typedConfig: JsonObject): JsonObject {
  return { name, typed_config: typedConfig };
}

/** An HTTP filter that is discovered from `file`; `kinds` are names of `typeUrl`. */
export function discoveredFilter(
  name: string,
  file: string,
  kinds: readonly string[],
  more: JsonObject = {},
): JsonObject {
  const source = { path_config_source: { path: file } };
  const discovery = { config_source: source, type_urls: kinds.map(typeUrl), ...more };
  return { name, config_discovery: discovery };
}

/** An access log whose logger is discovered from `source`, a `ConfigSource`. */
export function discoveredLog(
  name: string,
  source: JsonObject,
  kinds: readonly string[],
  more: JsonObject = {},
): JsonObject {
  const discovery = { config_source: source, type_urls: kinds.map(typeUrl), ...more };
  const type = typeUrl("sluice.accesslog.v1.DiscoveredAccessLog");
  return { name, typed_config: { "@type": type, config_discovery: discovery } };
}

/** A `DiscoveryResponse` with one extension. */
export function extensionResponse(
  name: string,
  version: string,
  typedConfig: JsonObject,
): JsonObject {
  const resource = { "@type": typeUrl("extension"), name, typed_config: typedConfig };
  return { version_info: version, resources: [resource] };
}

/** Moves new content into a file's place. */
export function moveInto(file: string, content: string | JsonValue): void {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  writeFileSync(`${file}.next`, text);
  renameSync(`${file}.next`, file);
}

/** What an access log of a file has received; waits for as many lines. */
export async function logLines(file: string, count: number): Promise<string[]> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const lines = readLines(file);
    if (lines.length >= count) return lines;
    if (performance.now() > deadline) {
      throw new Error(`${lines.length} of ${count} lines:\n${lines.join("\n")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
}
