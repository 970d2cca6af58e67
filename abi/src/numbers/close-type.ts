// Who closed a connection (`proxy_peer_type_t`). This file compiles under tsc and under asc.

/** Not known: what `proxy_on_upstream_connection_close` is always told. */
export const CLOSE_UNKNOWN = 0;
/** This side. */
export const CLOSE_LOCAL = 1;
/** The peer. */
export const CLOSE_REMOTE = 2;
