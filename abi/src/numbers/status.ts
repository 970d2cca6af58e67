// Results of host calls (`proxy_status_t`, WasmResult). This file compiles under tsc and under asc.

/** Success. */
export const STATUS_OK = 0;
/** The result could not be found, e.g. no header of that name. */
export const STATUS_NOT_FOUND = 1;
/** An argument was bad, e.g. a map that is not available now. */
export const STATUS_BAD_ARGUMENT = 2;
/** A value could not be serialized. */
export const STATUS_SERIALIZATION_FAILURE = 3;
/** A value could not be parsed. */
export const STATUS_PARSE_FAILURE = 4;
/** A provided expression was invalid. */
export const STATUS_BAD_EXPRESSION = 5;
/** A pointer or a length leads outside the guest's memory. */
export const STATUS_INVALID_MEMORY_ACCESS = 6;
/** Data was requested from an empty container. */
export const STATUS_EMPTY = 7;
/** The compare-and-swap value did not match. */
export const STATUS_CAS_MISMATCH = 8;
/** The result was unexpected. */
export const STATUS_RESULT_MISMATCH = 9;
/** The host could not do it; try again later. */
export const STATUS_INTERNAL_FAILURE = 10;
/** The connection is broken. */
export const STATUS_BROKEN_CONNECTION = 11;
/** The host does not implement it. */
export const STATUS_UNIMPLEMENTED = 12;
