import type { Counter } from "../../../contracts/stats.ts";

/** The counters of a codec: `http1.*` of the process downstream, `cluster.<name>.http1.*` upstream. */
export interface Http1CodecStats {
  readonly droppedHeadersWithUnderscores: Counter;
  readonly requestsRejectedWithUnderscoresInHeaders: Counter;
  readonly responseFlood: Counter;
}
