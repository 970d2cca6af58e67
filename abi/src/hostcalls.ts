import type { AbiVersion } from "./versions.ts";

/** Types of parameters and results at the border. */
export type ValueType = "i32" | "i64";

/** What a host call is about; the host has one file per group. */
export type HostcallGroup =
  | "log"
  | "time"
  | "property"
  | "buffer"
  | "headers"
  | "stream"
  | "first-bytes"
  | "tcp"
  | "local-response"
  | "http-call"
  | "grpc-call"
  | "shared-data"
  | "shared-queue"
  | "metrics"
  | "context"
  | "foreign-function"
  | "dns"
  | "configuration";

/** One function of module `env`. All have one i32 result, a status. */
export interface Hostcall {
  readonly params: readonly ValueType[];
  readonly group: HostcallGroup;
  /** The versions that have it. A module of another version that imports it is refused. */
  readonly versions: readonly AbiVersion[];
}

const all: readonly AbiVersion[] = ["0.1.0", "0.2.0", "0.2.1"];
const since020: readonly AbiVersion[] = ["0.2.0", "0.2.1"];
const only010: readonly AbiVersion[] = ["0.1.0"];

function i32s(count: number): ValueType[] {
  return Array.from({ length: count }, () => "i32" as const);
}

function offered(
  group: HostcallGroup,
  params: number | readonly ValueType[],
  versions = all,
): Hostcall {
  const types = typeof params === "number" ? i32s(params) : params;
  return { params: types, group, versions };
}

/** Every host call of the ABI, in the order of its groups. Parameters are explained in README.md. */
export const hostcalls = {
  proxy_log: offered("log", 3),
  proxy_get_log_level: offered("log", 1, ["0.2.1"]),
  proxy_get_current_time_nanoseconds: offered("time", 1),
  proxy_set_tick_period_milliseconds: offered("time", 1),
  proxy_get_configuration: offered("configuration", 2, only010),
  proxy_get_property: offered("property", 4),
  proxy_set_property: offered("property", 4),
  proxy_get_buffer_status: offered("buffer", 3),
  proxy_get_buffer_bytes: offered("buffer", 5),
  proxy_set_buffer_bytes: offered("buffer", 5),
  proxy_get_header_map_size: offered("headers", 2),
  proxy_get_header_map_pairs: offered("headers", 3),
  proxy_set_header_map_pairs: offered("headers", 3),
  proxy_get_header_map_value: offered("headers", 5),
  proxy_add_header_map_value: offered("headers", 5),
  proxy_replace_header_map_value: offered("headers", 5),
  proxy_remove_header_map_value: offered("headers", 3),
  proxy_send_local_response: offered("local-response", 8),
  proxy_continue_stream: offered("stream", 1, since020),
  proxy_close_stream: offered("stream", 1, since020),
  proxy_continue_request: offered("stream", 0, only010),
  proxy_continue_response: offered("stream", 0, only010),
  proxy_clear_route_cache: offered("stream", 0, only010),
  sluice_want_first_bytes: offered("first-bytes", 1),
  sluice_take_first_bytes: offered("first-bytes", 1),
  sluice_tcp_connect: offered("tcp", 3),
  sluice_tcp_write: offered("tcp", 4),
  sluice_tcp_close: offered("tcp", 1),
  proxy_set_effective_context: offered("context", 1),
  proxy_done: offered("context", 0),
  proxy_get_status: offered("context", 3),
  proxy_http_call: offered("http-call", 10),
  proxy_grpc_call: offered("grpc-call", 12),
  proxy_grpc_stream: offered("grpc-call", 9),
  proxy_grpc_send: offered("grpc-call", 4),
  proxy_grpc_cancel: offered("grpc-call", 1),
  proxy_grpc_close: offered("grpc-call", 1),
  proxy_get_shared_data: offered("shared-data", 5),
  proxy_set_shared_data: offered("shared-data", 5),
  proxy_register_shared_queue: offered("shared-queue", 3),
  proxy_resolve_shared_queue: offered("shared-queue", 5),
  proxy_enqueue_shared_queue: offered("shared-queue", 3),
  proxy_dequeue_shared_queue: offered("shared-queue", 3),
  proxy_define_metric: offered("metrics", 4),
  proxy_increment_metric: offered("metrics", ["i32", "i64"]),
  proxy_record_metric: offered("metrics", ["i32", "i64"]),
  proxy_get_metric: offered("metrics", 2),
  proxy_call_foreign_function: offered("foreign-function", 6),
  envoy_resolve_dns: offered("dns", 3),
} as const satisfies Record<string, Hostcall>;

/** Names of host calls. */
export type HostcallName = keyof typeof hostcalls;

/** The names in the table's order; a host call's number is its place here. */
export const hostcallNames = Object.keys(hostcalls) as HostcallName[];
