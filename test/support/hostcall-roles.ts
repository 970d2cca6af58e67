import type { HostcallName } from "@sluice/abi";

/**
 * What the parameters of a host call mean, for calls that are made wrongly on purpose:
 * `in` takes two (pointer and size of bytes to read), `out` two (pointers to where a pointer and a size go),
 * `out32`/`out64` a pointer to where a number goes, `maybe32` the same or 0, `enum3` a number up to 3, `id` and
 * `value` numbers, `i64` one of 64 bits.
 */
export type Role =
  | "in"
  | "out"
  | "out32"
  | "out64"
  | "maybe32"
  | "id"
  | "value"
  | "i64"
  | `enum${number}`;

const map = "enum7";
const buffer = "enum8";

export const hostcallRoles: Readonly<Record<HostcallName, readonly Role[]>> = {
  proxy_log: ["enum5", "in"],
  proxy_get_log_level: ["out32"],
  proxy_get_current_time_nanoseconds: ["out64"],
  proxy_set_tick_period_milliseconds: ["value"],
  proxy_get_configuration: ["out"],
  proxy_get_property: ["in", "out"],
  proxy_set_property: ["in", "in"],
  proxy_get_buffer_status: [buffer, "out32", "out32"],
  proxy_get_buffer_bytes: [buffer, "value", "value", "out"],
  proxy_set_buffer_bytes: [buffer, "value", "value", "in"],
  proxy_get_header_map_size: [map, "out32"],
  proxy_get_header_map_pairs: [map, "out"],
  proxy_set_header_map_pairs: [map, "in"],
  proxy_get_header_map_value: [map, "in", "out"],
  proxy_add_header_map_value: [map, "in", "in"],
  proxy_replace_header_map_value: [map, "in", "in"],
  proxy_remove_header_map_value: [map, "in"],
  proxy_send_local_response: ["value", "in", "in", "in", "value"],
  proxy_continue_stream: ["enum3"],
  proxy_close_stream: ["enum3"],
  proxy_continue_request: [],
  proxy_continue_response: [],
  proxy_clear_route_cache: [],
  sluice_want_first_bytes: ["value"],
  sluice_take_first_bytes: ["value"],
  sluice_tcp_connect: ["in", "out32"],
  sluice_tcp_write: ["id", "in", "value"],
  sluice_tcp_close: ["id"],
  proxy_set_effective_context: ["id"],
  proxy_done: [],
  proxy_get_status: ["out32", "out"],
  proxy_http_call: ["in", "in", "in", "in", "value", "out32"],
  proxy_grpc_call: ["in", "in", "in", "in", "in", "value", "out32"],
  proxy_grpc_stream: ["in", "in", "in", "in", "out32"],
  proxy_grpc_send: ["id", "in", "value"],
  proxy_grpc_cancel: ["id"],
  proxy_grpc_close: ["id"],
  proxy_get_shared_data: ["in", "out", "out32"],
  proxy_set_shared_data: ["in", "in", "value"],
  proxy_register_shared_queue: ["in", "out32"],
  proxy_resolve_shared_queue: ["in", "in", "out32"],
  proxy_enqueue_shared_queue: ["id", "in"],
  proxy_dequeue_shared_queue: ["id", "out"],
  proxy_define_metric: ["enum2", "in", "out32"],
  proxy_increment_metric: ["id", "i64"],
  proxy_record_metric: ["id", "i64"],
  proxy_get_metric: ["id", "out64"],
  proxy_call_foreign_function: ["in", "in", "maybe32", "maybe32"],
  envoy_resolve_dns: ["in", "out32"],
};

/** How many parameters a role takes. */
export function widthOf(role: Role): number {
  return role === "in" || role === "out" ? 2 : 1;
}

/** The greatest number of an enum; undefined for other roles. */
export function enumMaxOf(role: Role): number | undefined {
  return role.startsWith("enum") ? Number(role.slice("enum".length)) : undefined;
}
