/** Counters or gauges of all threads together, one column for each thing known of them. */
export interface StatsColumns {
  readonly names: readonly string[];
  readonly values: Float64Array;
}

/** What is flushed every `stats_flush_interval`: all that has been updated at least once. Plain data. */
export interface StatsSnapshot {
  /** `deltas`: how much of each value is new since the snapshot before. */
  readonly counters: StatsColumns & { readonly deltas: Float64Array };
  readonly gauges: StatsColumns;
}

/** Takes the statistics somewhere. */
export interface StatsSink {
  flush(snapshot: StatsSnapshot): void;
  /** The worker ends. */
  close?(): void;
}
