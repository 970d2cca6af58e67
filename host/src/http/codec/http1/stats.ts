import type { Counter } from "../../../contracts/stats.ts";

/** The counters of a codec: `http1.*` of the process downstream, `cluster.<name>.http1.*` upstream. */
export interface Http1CodecStats {
  readonly droppedHeadersWithUnderscores: Counter;
  /** METADATA for a peer that has no use for it. */
  readonly metadataNotSupportedError: Counter;
  readonly requestsRejectedWithUnderscoresInHeaders: Counter;
  readonly responseFlood: Counter;
}
