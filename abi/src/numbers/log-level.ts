// Levels of `proxy_log` (`proxy_log_level_t`). This file compiles under tsc and under asc.

/** Finest. */
export const LOG_LEVEL_TRACE = 0;
/** For developers. */
export const LOG_LEVEL_DEBUG = 1;
/** The usual course of things. */
export const LOG_LEVEL_INFO = 2;
/** Something an operator should look at. */
export const LOG_LEVEL_WARN = 3;
/** Something failed. */
export const LOG_LEVEL_ERROR = 4;
/** The filter cannot go on. */
export const LOG_LEVEL_CRITICAL = 5;
/** `proxy_get_log_level` only: nothing is logged. */
export const LOG_LEVEL_OFF = 6;
