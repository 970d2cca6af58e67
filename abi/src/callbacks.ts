import type { ValueType } from "./hostcalls.ts";
import type { AbiVersion } from "./versions.ts";

/** One function that a module may export. All parameters are i32. */
export interface Callback {
  readonly params: readonly ValueType[];
  /** `["i32"]` or none. */
  readonly results: readonly ValueType[];
}

function callback(params: number, results: 0 | 1): Callback {
  return {
    params: Array.from({ length: params }, () => "i32" as const),
    results: results === 1 ? ["i32"] : [],
  };
}

/** Every callback of the ABI with its signature in 0.2.x. All are optional. */
export const callbacks = {
  proxy_on_context_create: callback(2, 0),
  proxy_on_vm_start: callback(2, 1),
  proxy_validate_configuration: callback(2, 1),
  proxy_on_configure: callback(2, 1),
  proxy_on_tick: callback(1, 0),
  proxy_on_queue_ready: callback(2, 0),
  sluice_on_accept: callback(1, 1),
  sluice_on_first_bytes: callback(2, 1),
  proxy_on_new_connection: callback(1, 1),
  proxy_on_downstream_data: callback(3, 1),
  proxy_on_upstream_data: callback(3, 1),
  proxy_on_downstream_connection_close: callback(2, 0),
  proxy_on_upstream_connection_close: callback(2, 0),
  sluice_on_tcp_connected: callback(2, 0),
  sluice_on_tcp_data: callback(4, 1),
  sluice_on_tcp_close: callback(3, 0),
  proxy_on_request_headers: callback(3, 1),
  proxy_on_request_body: callback(3, 1),
  proxy_on_request_trailers: callback(2, 1),
  proxy_on_request_metadata: callback(2, 1),
  proxy_on_response_headers: callback(3, 1),
  proxy_on_response_body: callback(3, 1),
  proxy_on_response_trailers: callback(2, 1),
  proxy_on_response_metadata: callback(2, 1),
  proxy_on_http_call_response: callback(5, 0),
  proxy_on_grpc_receive_initial_metadata: callback(3, 0),
  proxy_on_grpc_receive: callback(3, 0),
  proxy_on_grpc_receive_trailing_metadata: callback(3, 0),
  proxy_on_grpc_close: callback(3, 0),
  proxy_on_foreign_function: callback(3, 0),
  proxy_on_done: callback(1, 1),
  proxy_on_log: callback(1, 0),
  proxy_on_delete: callback(1, 0),
  envoy_on_stats_update: callback(2, 0),
  envoy_on_resolve_dns: callback(3, 0),
} as const satisfies Record<string, Callback>;

/** Names of callbacks. */
export type CallbackName = keyof typeof callbacks;

/** Allocators, in the order in which they are looked for; start functions; with their signatures. */
export const otherExports = {
  malloc: callback(1, 1),
  proxy_on_memory_allocate: callback(1, 1),
  _initialize: callback(0, 0),
  _start: callback(0, 0),
  main: callback(2, 1),
  __main_void: callback(0, 1),
} as const satisfies Record<string, Callback>;

/** Headers callbacks have no end-of-stream parameter in 0.1.0. */
const withoutEndOfStream = new Set<string>([
  "proxy_on_request_headers",
  "proxy_on_response_headers",
]);

/** The signature that an export of this name must have in `version`; undefined when the name means nothing. */
export function exportSignature(name: string, version: AbiVersion): Callback | undefined {
  if (version === "0.1.0") {
    if (withoutEndOfStream.has(name)) return callback(2, 1);
    if (name === "proxy_on_foreign_function") return undefined;
  }
  if (Object.hasOwn(callbacks, name)) return callbacks[name as CallbackName];
  if (Object.hasOwn(otherExports, name)) return otherExports[name as keyof typeof otherExports];
  return undefined;
}
