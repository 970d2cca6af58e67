// Buffers of `proxy_get_buffer_bytes` and its kin (`proxy_buffer_type_t`). This file compiles under tsc and under asc.

/** The request body, in `proxy_on_request_body`. */
export const BUFFER_HTTP_REQUEST_BODY = 0;
/** The response body, in `proxy_on_response_body`. */
export const BUFFER_HTTP_RESPONSE_BODY = 1;
/** Bytes from the client, in `proxy_on_downstream_data`. */
export const BUFFER_DOWNSTREAM_DATA = 2;
/** Bytes from the upstream, in `proxy_on_upstream_data`. */
export const BUFFER_UPSTREAM_DATA = 3;
/** The body of a callout's response, in `proxy_on_http_call_response`. */
export const BUFFER_HTTP_CALL_RESPONSE_BODY = 4;
/** A gRPC message, in `proxy_on_grpc_receive`. */
export const BUFFER_GRPC_RECEIVE = 5;
/** The configuration of the VM, always. */
export const BUFFER_VM_CONFIGURATION = 6;
/** The configuration of the plugin, in `proxy_on_configure`. */
export const BUFFER_PLUGIN_CONFIGURATION = 7;
/** Arguments of a foreign function. */
export const BUFFER_CALL_DATA = 8;
