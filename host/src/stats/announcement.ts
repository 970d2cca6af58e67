import type { HistogramUnit } from "../contracts/stats.ts";

/** Slots of one piece of shared memory. */
export const slotsPerChunk = 512;

/**
 * A slot that nobody has touched holds minus zero: any update makes it a number that is not, so "used" costs
 * nothing. (Sums and comparisons treat it as zero.)
 */
export const untouched = -0;

/** What a thread tells the store about its stats; order matters. Plain data, so that it can be posted. */
export type StatAnnouncement =
  /** The next `slotsPerChunk` slots, as a `Float64Array`. */
  | { readonly kind: "chunk"; readonly memory: SharedArrayBuffer }
  | {
      readonly kind: "counter" | "gauge";
      readonly name: string;
      readonly slot: number;
      readonly hidden: boolean;
    }
  | {
      readonly kind: "histogram";
      readonly name: string;
      readonly unit: HistogramUnit;
      readonly id: number;
    }
  /** The bins of a histogram, as a `Uint32Array` that wraps around; made with the first value. */
  | { readonly kind: "bins"; readonly id: number; readonly memory: SharedArrayBuffer };
