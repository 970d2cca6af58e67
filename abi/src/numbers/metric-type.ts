// Types of metrics (`proxy_metric_type_t`). A metric's id has its type in the two lowest bits. This file compiles
// under tsc and under asc.

/** Only goes up. */
export const METRIC_COUNTER = 0;
/** Goes up and down. */
export const METRIC_GAUGE = 1;
/** A distribution of values. */
export const METRIC_HISTOGRAM = 2;
