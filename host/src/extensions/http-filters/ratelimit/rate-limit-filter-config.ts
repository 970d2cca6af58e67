import type { Fraction } from "../../../common/fraction.ts";
import type { GrpcServiceConfig } from "../../../contracts/config/grpc-service.ts";
import type { RateLimitConfig } from "../../../router/rate-limits/rate-limit-config.ts";
import type { HeaderAdditionConfig } from "../../../router/route-config.ts";

// `envoy.extensions.filters.http.ratelimit.v3` as plain data.

/** `RateLimit`. */
export interface RateLimitFilterConfig {
  /** Undefined only in configurations that are refused. */
  readonly service: GrpcServiceConfig | undefined;
  readonly domain: string;
  readonly stage: number;
  readonly requestType: "internal" | "external" | "both";
  /** How many errors are final: a fraction. */
  readonly failureModeDeny: Fraction;
  /** Of gRPC; undefined: what stands for `limitedStatus`. */
  readonly limitedGrpcStatus: number | undefined;
  readonly limitedStatus: number;
  readonly statusOnError: number;
  readonly xRateLimitHeaders: boolean;
  readonly retryAfterHeader: boolean;
  readonly rateLimitedHeader: boolean;
  /** For answers that the filter makes. */
  readonly responseHeadersToAdd: readonly HeaderAdditionConfig[];
  readonly statPrefix: string;
  readonly enabled: Fraction;
  readonly enforced: Fraction;
  /** In the place of the routes'; empty: theirs. */
  readonly rateLimits: readonly RateLimitConfig[];
  readonly metadataNamespace: string;
}

/** `RateLimitPerRoute`. */
export interface RateLimitRouteConfig {
  readonly virtualHost: "override" | "include" | "ignore";
  /** In the place of all others; empty: theirs. */
  readonly rateLimits: readonly RateLimitConfig[];
  /** Empty: the filter's. */
  readonly domain: string;
}
