// Maps of the header map calls (`proxy_map_type_t`). This file compiles under tsc and under asc.

/** Request headers. */
export const MAP_HTTP_REQUEST_HEADERS = 0;
/** Request trailers. */
export const MAP_HTTP_REQUEST_TRAILERS = 1;
/** Response headers. */
export const MAP_HTTP_RESPONSE_HEADERS = 2;
/** Response trailers. */
export const MAP_HTTP_RESPONSE_TRAILERS = 3;
/** Initial metadata of a gRPC stream. */
export const MAP_GRPC_RECEIVE_INITIAL_METADATA = 4;
/** Trailing metadata of a gRPC stream. */
export const MAP_GRPC_RECEIVE_TRAILING_METADATA = 5;
/** Headers of a callout's response. */
export const MAP_HTTP_CALL_RESPONSE_HEADERS = 6;
/** Trailers of a callout's response. */
export const MAP_HTTP_CALL_RESPONSE_TRAILERS = 7;
