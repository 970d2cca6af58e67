// Results of the HTTP callbacks. This file compiles under tsc and under asc.

/** Headers: hand them to the next filter. */
export const HEADERS_CONTINUE = 0;
/** Headers: stop. Envoy stops body and trailers as well, unless `allow_on_headers_stop_iteration` is set. */
export const HEADERS_STOP_ITERATION = 1;
/** Headers: treated as Continue. */
export const HEADERS_CONTINUE_AND_END_STREAM = 2;
/** Headers: stop everything and keep the body, up to the buffer limit. */
export const HEADERS_STOP_ALL_ITERATION_AND_BUFFER = 3;
/** Headers: stop everything; at the buffer limit reading pauses. */
export const HEADERS_STOP_ALL_ITERATION_AND_WATERMARK = 4;

/** Data: pass on what is visible. */
export const DATA_CONTINUE = 0;
/** Data: keep it and show all of it with the next piece. */
export const DATA_STOP_ITERATION_AND_BUFFER = 1;
/** Data: keep it; at the buffer limit reading pauses. */
export const DATA_STOP_ITERATION_AND_WATERMARK = 2;
/** Data: drop it. */
export const DATA_STOP_ITERATION_NO_BUFFER = 3;

/** Trailers: pass them on. */
export const TRAILERS_CONTINUE = 0;
/** Trailers: hold them. */
export const TRAILERS_STOP_ITERATION = 1;
