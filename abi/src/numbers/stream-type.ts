// Streams of `proxy_continue_stream` and `proxy_close_stream` (`proxy_stream_type_t`). This file compiles under tsc
// and under asc.

/** The request of an HTTP stream. */
export const STREAM_HTTP_REQUEST = 0;
/** The response of an HTTP stream. */
export const STREAM_HTTP_RESPONSE = 1;
/** The client's side of a connection. */
export const STREAM_DOWNSTREAM = 2;
/** The upstream's side of a connection. */
export const STREAM_UPSTREAM = 3;
