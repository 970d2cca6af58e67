import type { CallbackName, HostcallName } from "@sluice/abi";

/**
 * What the parameters of a call are, for traces. `text`, `name`, `value`, `path`, `pairs`: a pointer and a size. With
 * `>` in front: where the call puts what it gives (pointer and size for texts, one pointer for numbers).
 */
export type Shape =
  | "number"
  | "long"
  | "ms"
  | "text"
  | "name"
  | "value"
  | "path"
  | "pairs"
  | "map"
  | "buffer"
  | "stream"
  | "level"
  | "metric"
  | ">number"
  | ">long"
  | ">text"
  | ">value"
  | ">pairs";

/** Host calls that are not here print their numbers. */
export const hostcallShapes: { readonly [name in HostcallName]?: readonly Shape[] } = {
  proxy_log: ["level", "text"],
  proxy_get_log_level: [">number"],
  proxy_get_current_time_nanoseconds: [">long"],
  proxy_set_tick_period_milliseconds: ["ms"],
  proxy_get_configuration: [">text"],
  proxy_get_property: ["path", ">value"],
  proxy_set_property: ["path", "value"],
  proxy_get_buffer_status: ["buffer", ">number", ">number"],
  proxy_get_buffer_bytes: ["buffer", "number", "number", ">text"],
  proxy_set_buffer_bytes: ["buffer", "number", "number", "text"],
  proxy_get_header_map_size: ["map", ">number"],
  proxy_get_header_map_pairs: ["map", ">pairs"],
  proxy_set_header_map_pairs: ["map", "pairs"],
  proxy_get_header_map_value: ["map", "name", ">value"],
  proxy_add_header_map_value: ["map", "name", "value"],
  proxy_replace_header_map_value: ["map", "name", "value"],
  proxy_remove_header_map_value: ["map", "name"],
  proxy_send_local_response: ["number", "text", "text", "pairs", "number"],
  proxy_continue_stream: ["stream"],
  proxy_close_stream: ["stream"],
  proxy_set_effective_context: ["number"],
  proxy_get_status: [">number", ">text"],
  proxy_http_call: ["text", "pairs", "text", "pairs", "ms", ">number"],
  proxy_grpc_call: ["value", "text", "text", "pairs", "value", "ms", ">number"],
  proxy_grpc_stream: ["value", "text", "text", "pairs", ">number"],
  proxy_grpc_send: ["number", "value", "number"],
  proxy_grpc_cancel: ["number"],
  proxy_grpc_close: ["number"],
  proxy_get_shared_data: ["name", ">value", ">number"],
  proxy_set_shared_data: ["name", "value", "number"],
  proxy_register_shared_queue: ["text", ">number"],
  proxy_resolve_shared_queue: ["text", "text", ">number"],
  proxy_enqueue_shared_queue: ["number", "text"],
  proxy_dequeue_shared_queue: ["number", ">text"],
  proxy_define_metric: ["metric", "text", ">number"],
  proxy_increment_metric: ["number", "long"],
  proxy_record_metric: ["number", "long"],
  proxy_get_metric: ["number", ">long"],
  proxy_call_foreign_function: ["text", "text", ">text"],
  envoy_resolve_dns: ["text", ">number"],
  sluice_want_first_bytes: ["number"],
  sluice_take_first_bytes: ["number"],
  sluice_tcp_connect: ["text", ">number"],
  sluice_tcp_write: ["number", "text", "number"],
  sluice_tcp_close: ["number"],
};

const twoParameters: ReadonlySet<Shape> = new Set([
  "text",
  "name",
  "value",
  "path",
  "pairs",
  ">text",
  ">value",
  ">pairs",
]);

/** How many parameters a shape stands for. */
export function parametersOf(shape: Shape): number {
  return twoParameters.has(shape) ? 2 : 1;
}

const data = ["context", "bytes", "end_of_stream"];
const headers = ["context", "headers", "end_of_stream"];
const trailers = ["context", "trailers"];
const metadata = ["context", "entries"];

/** What the parameters of callbacks are called. Of those that are not here the first is the context. */
export const callbackParameters: { readonly [name in CallbackName]?: readonly string[] } = {
  proxy_on_context_create: ["context", "parent"],
  proxy_on_vm_start: ["context", "configuration_bytes"],
  proxy_on_configure: ["context", "configuration_bytes"],
  proxy_on_queue_ready: ["context", "queue"],
  proxy_on_downstream_data: data,
  proxy_on_upstream_data: data,
  proxy_on_downstream_connection_close: ["context", "closed_by"],
  proxy_on_upstream_connection_close: ["context", "closed_by"],
  proxy_on_request_headers: headers,
  proxy_on_request_body: data,
  proxy_on_request_trailers: trailers,
  proxy_on_request_metadata: metadata,
  proxy_on_response_headers: headers,
  proxy_on_response_body: data,
  proxy_on_response_trailers: trailers,
  proxy_on_response_metadata: metadata,
  proxy_on_http_call_response: ["context", "call", "headers", "body_bytes", "trailers"],
  envoy_on_resolve_dns: ["context", "lookup", "bytes"],
  proxy_on_grpc_receive_initial_metadata: ["context", "call", "metadata"],
  proxy_on_grpc_receive: ["context", "call", "bytes"],
  proxy_on_grpc_receive_trailing_metadata: ["context", "call", "metadata"],
  proxy_on_grpc_close: ["context", "call", "grpc_status"],
  sluice_on_first_bytes: ["context", "bytes"],
  sluice_on_tcp_connected: ["context", "connection"],
  sluice_on_tcp_data: ["context", "connection", "bytes", "end_of_stream"],
  sluice_on_tcp_close: ["context", "connection", "closed_by"],
};

export const statusNames: readonly string[] = [
  "OK",
  "NOT_FOUND",
  "BAD_ARGUMENT",
  "SERIALIZATION_FAILURE",
  "PARSE_FAILURE",
  "BAD_EXPRESSION",
  "INVALID_MEMORY_ACCESS",
  "EMPTY",
  "CAS_MISMATCH",
  "RESULT_MISMATCH",
  "INTERNAL_FAILURE",
  "BROKEN_CONNECTION",
  "UNIMPLEMENTED",
];

/** Words for the numbers of an enum. */
export const enumNames: { readonly [shape in Shape]?: readonly string[] } = {
  map: [
    "HTTP_REQUEST_HEADERS",
    "HTTP_REQUEST_TRAILERS",
    "HTTP_RESPONSE_HEADERS",
    "HTTP_RESPONSE_TRAILERS",
    "GRPC_RECEIVE_INITIAL_METADATA",
    "GRPC_RECEIVE_TRAILING_METADATA",
    "HTTP_CALL_RESPONSE_HEADERS",
    "HTTP_CALL_RESPONSE_TRAILERS",
  ],
  buffer: [
    "HTTP_REQUEST_BODY",
    "HTTP_RESPONSE_BODY",
    "DOWNSTREAM_DATA",
    "UPSTREAM_DATA",
    "HTTP_CALL_RESPONSE_BODY",
    "GRPC_RECEIVE",
    "VM_CONFIGURATION",
    "PLUGIN_CONFIGURATION",
    "CALL_DATA",
  ],
  stream: ["HTTP_REQUEST", "HTTP_RESPONSE", "DOWNSTREAM", "UPSTREAM"],
  level: ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "CRITICAL", "OFF"],
  metric: ["COUNTER", "GAUGE", "HISTOGRAM"],
};

const headersActions: readonly string[] = [
  "CONTINUE",
  "STOP_ITERATION",
  "CONTINUE_AND_END_STREAM",
  "STOP_ALL_ITERATION_AND_BUFFER",
  "STOP_ALL_ITERATION_AND_WATERMARK",
];
const dataActions: readonly string[] = [
  "CONTINUE",
  "STOP_ITERATION_AND_BUFFER",
  "STOP_ITERATION_AND_WATERMARK",
  "STOP_ITERATION_NO_BUFFER",
];
const trailersActions: readonly string[] = ["CONTINUE", "STOP_ITERATION"];
const metadataActions: readonly string[] = ["CONTINUE"];
const acceptActions: readonly string[] = ["CONTINUE", "WAIT"];
const tcpActions: readonly string[] = ["USED", "KEPT"];

/** What a callback's result means; undefined for one without. */
export function actionsOf(callback: string): readonly string[] | undefined {
  if (callback === "sluice_on_accept" || callback === "sluice_on_first_bytes") return acceptActions;
  if (callback === "sluice_on_tcp_data") return tcpActions;
  if (callback.endsWith("_headers")) return headersActions;
  if (callback.endsWith("_body")) return dataActions;
  if (callback.endsWith("_trailers")) return trailersActions;
  if (callback === "proxy_on_request_metadata" || callback === "proxy_on_response_metadata") {
    return metadataActions;
  }
  if (callback.endsWith("_data") || callback === "proxy_on_new_connection") return trailersActions;
  const asked = ["proxy_on_vm_start", "proxy_on_configure", "proxy_on_done"];
  return asked.includes(callback) ? ["false", "true"] : undefined;
}
