import type { RequestHeaderMap } from "../headers.ts";
import type { StreamInfo } from "../stream-info.ts";
import type { Route } from "./route.ts";

/** What a rate limit service is told of one request: it looks up the limit by the entries, in their order. */
export interface RateLimitDescriptor {
  readonly entries: readonly RateLimitEntry[];
  /** In the place of the service's own limit. */
  readonly limit: RateLimitOverride | undefined;
  /** How much the request counts; undefined: as much as the whole call says. */
  readonly hitsAddend: number | undefined;
  /** The hits are given back. */
  readonly isNegativeHits: boolean;
}

/** Values are bytes, one per character; keys are text. */
export interface RateLimitEntry {
  readonly key: string;
  readonly value: string;
}

/** A limit that a descriptor brings with it. */
export interface RateLimitOverride {
  readonly requestsPerUnit: number;
  /** A number of `envoy.type.v3.RateLimitUnit`. */
  readonly unit: number;
}

/** What descriptors are made of. */
export interface RateLimitedRequest {
  readonly headers: RequestHeaderMap;
  readonly streamInfo: StreamInfo;
  readonly route: Route;
  /** `--service-cluster` or `node.cluster`. */
  readonly localCluster: string;
}

/** A list of `envoy.config.route.v3.RateLimit` that is not empty. */
export interface RateLimitPolicy {
  /**
   * The descriptors of the entries of `stage`; those that lack something are left out. `onStreamDone`: of the entries
   * that count when the stream is over (`apply_on_stream_done`), else of the others.
   */
  descriptors(
    stage: number,
    onStreamDone: boolean,
    request: RateLimitedRequest,
  ): RateLimitDescriptor[];
}
