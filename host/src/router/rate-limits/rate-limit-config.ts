import type { RateLimitOverride } from "../../contracts/router/rate-limit.ts";
import type { HeaderMatcherConfig, QueryParameterMatcherConfig } from "../route-config.ts";

// `envoy.config.route.v3.RateLimit` as plain data.

export interface RateLimitConfig {
  readonly stage: number;
  readonly applyOnStreamDone: boolean;
  readonly actions: readonly RateLimitActionConfig[];
  readonly limit: RateLimitLimitConfig | undefined;
  /** Undefined: nothing is said of hits. */
  readonly hitsAddend: HitsAddendConfig | undefined;
}

/** What a limit is taken from. */
export type RateLimitLimitConfig =
  | { readonly kind: "fixed"; readonly limit: RateLimitOverride }
  | { readonly kind: "metadata"; readonly key: MetadataKeyConfig };

/** A number, or a format with access log operators that gives one. */
export interface HitsAddendConfig {
  readonly hits: number | string;
  readonly isNegative: boolean;
}

/** Addresses that begin alike. */
export interface AddressRange {
  /** The first one, canonical. */
  readonly ip: string;
  readonly family: 4 | 6;
  readonly prefixLength: number;
}

/** `envoy.type.metadata.v3.MetadataKey`. */
export interface MetadataKeyConfig {
  readonly namespace: string;
  readonly path: readonly string[];
}

export type RateLimitActionConfig =
  | { readonly kind: "source_cluster" | "destination_cluster" | "remote_address" }
  | {
      readonly kind: "request_headers" | "query_parameters";
      /** Of a header: in lower case; `host` is written `:authority`. */
      readonly name: string;
      readonly key: string;
      readonly skipIfAbsent: boolean;
    }
  | { readonly kind: "masked_remote_address"; readonly v4: number; readonly v6: number }
  | {
      readonly kind: "remote_address_match";
      readonly key: string;
      readonly value: string;
      readonly ranges: readonly AddressRange[];
      /** The address must be in none of the ranges. */
      readonly invert: boolean;
    }
  | {
      readonly kind: "generic_key";
      readonly key: string;
      readonly value: string;
    }
  | {
      readonly kind: "header_value_match";
      readonly key: string;
      readonly value: string;
      readonly expectMatch: boolean;
      readonly headers: readonly HeaderMatcherConfig[];
    }
  | {
      readonly kind: "query_parameter_value_match";
      readonly key: string;
      readonly value: string;
      readonly expectMatch: boolean;
      readonly queryParameters: readonly QueryParameterMatcherConfig[];
    }
  | {
      readonly kind: "metadata";
      readonly key: string;
      readonly metadataKey: MetadataKeyConfig;
      readonly defaultValue: string;
      readonly source: "dynamic" | "route";
      readonly skipIfAbsent: boolean;
    };
