// Limits of `sluice_want_first_bytes`. This file compiles under tsc and under asc.

/** The most bytes of a connection that a listener filter may look at. */
export const FIRST_BYTES_MAX = 65536;
