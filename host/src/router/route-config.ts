import type { PerRouteConfig } from "../contracts/extension.ts";
import type {
  GrpcTimeoutConfig,
  RouteUpgrade,
  StreamDurationConfig,
} from "../contracts/router/route.ts";
import type { JsonValue } from "../contracts/stream-info.ts";
import type { RateLimitConfig } from "./rate-limits/rate-limit-config.ts";

// `RouteConfiguration` as plain data: what `parseRouteConfiguration` makes and `createRouteTable` reads.

export type Metadata = { readonly [namespace: string]: { readonly [key: string]: JsonValue } };

export interface RouteTableConfig {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHostConfig[];
  /** Lower case; removed from requests that are not internal. */
  readonly internalOnlyHeaders: readonly string[];
  readonly ignorePortInHostMatching: boolean;
  readonly mostSpecificHeaderMutationsWins: boolean;
  readonly level: LevelConfig;
}

/** What every level (table, virtual host, route, weighted cluster) may say. */
export interface LevelConfig {
  readonly request: HeaderMutationsConfig;
  readonly response: HeaderMutationsConfig;
  /** `typed_per_filter_config`. */
  readonly perFilter: readonly PerRouteConfig[];
}

export interface HeaderMutationsConfig {
  /** Lower case. */
  readonly remove: readonly string[];
  readonly add: readonly HeaderAdditionConfig[];
}

export interface HeaderAdditionConfig {
  /** Lower case. */
  readonly name: string;
  /** Text with access log operators; checked. */
  readonly value: string;
  readonly action: HeaderAppendAction;
  readonly keepEmptyValue: boolean;
}

/** `HeaderValueOption.HeaderAppendAction`. */
export type HeaderAppendAction =
  | "APPEND_IF_EXISTS_OR_ADD"
  | "ADD_IF_ABSENT"
  | "OVERWRITE_IF_EXISTS_OR_ADD"
  | "OVERWRITE_IF_EXISTS";

export interface VirtualHostConfig {
  readonly name: string;
  /** Lower case, without duplicates in the whole table. */
  readonly domains: readonly string[];
  readonly routes: readonly RouteConfig[];
  readonly requireTls: "none" | "external_only" | "all";
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly metadata: Metadata;
  readonly rateLimits: readonly RateLimitConfig[];
  readonly level: LevelConfig;
}

export interface RouteConfig {
  readonly name: string;
  readonly match: RouteMatchConfig;
  readonly action: RouteActionConfig | DirectResponseConfig;
  readonly metadata: Metadata;
  readonly level: LevelConfig;
}

export interface RouteMatchConfig {
  readonly path: {
    readonly kind: "prefix" | "path" | "path_separated_prefix" | "connect";
    readonly value: string;
    readonly caseSensitive: boolean;
  };
  readonly headers: readonly HeaderMatcherConfig[];
  readonly queryParameters: readonly QueryParameterMatcherConfig[];
  readonly grpc: boolean;
  /** Matches when the stream's random value modulo `denominator` is below `numerator`. */
  readonly fraction: { readonly numerator: number; readonly denominator: number } | undefined;
}

export interface HeaderMatcherConfig {
  /** Lower case; `host` is written `:authority`. */
  readonly name: string;
  readonly value:
    | { readonly kind: "string"; readonly matcher: StringMatcherConfig }
    /** Decimal text; `end` is exclusive. */
    | { readonly kind: "range"; readonly start: bigint; readonly end: bigint }
    | { readonly kind: "present"; readonly present: boolean };
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
}

export interface StringMatcherConfig {
  readonly kind: "exact" | "prefix" | "suffix" | "contains";
  /** Bytes, one per character; lower case when `ignoreCase`. */
  readonly value: string;
  readonly ignoreCase: boolean;
}

export interface QueryParameterMatcherConfig {
  readonly name: string;
  /** A string to match, or whether the parameter must be there. */
  readonly matcher: StringMatcherConfig | boolean;
}

/** The `route` action. */
export interface RouteActionConfig {
  readonly kind: "route";
  readonly cluster: ClusterSpecifierConfig;
  readonly clusterNotFoundCode: number;
  /** Empty: no rewrite. */
  readonly prefixRewrite: string;
  readonly hostRewrite: HostRewriteConfig | undefined;
  readonly appendXForwardedHost: boolean;
  /** 0 = none. */
  readonly timeoutMs: number;
  /** Undefined: the connection manager's; 0 = none. */
  readonly idleTimeoutMs: number | undefined;
  readonly streamDuration: StreamDurationConfig | undefined;
  readonly grpcTimeout: GrpcTimeoutConfig | undefined;
  readonly priority: "default" | "high";
  readonly upgrades: readonly RouteUpgrade[];
  readonly rateLimits: readonly RateLimitConfig[];
  readonly includeVirtualHostRateLimits: boolean;
}

export type ClusterSpecifierConfig =
  | { readonly kind: "cluster"; readonly name: string }
  /** The header's name in lower case; `host` is written `:authority`. */
  | { readonly kind: "header"; readonly header: string }
  | {
      readonly kind: "weighted";
      readonly clusters: readonly WeightedClusterConfig[];
      /** A header whose number takes the place of the random value; empty for none. */
      readonly headerName: string;
    };

export interface WeightedClusterConfig {
  readonly cluster: Exclude<ClusterSpecifierConfig, { readonly kind: "weighted" }>;
  readonly weight: number;
  readonly hostRewriteLiteral: string;
  readonly level: LevelConfig;
}

export type HostRewriteConfig =
  | { readonly kind: "literal"; readonly value: string }
  | { readonly kind: "header"; readonly name: string };

/** The `direct_response` and `redirect` actions. */
export interface DirectResponseConfig {
  readonly kind: "direct_response";
  readonly code: number;
  /** Bytes, one per character. */
  readonly body: string;
  readonly redirect: RedirectConfig | undefined;
}

export interface RedirectConfig {
  /** Empty strings: as in the request. */
  readonly scheme: string;
  readonly host: string;
  /** 0: as in the request. */
  readonly port: number;
  readonly path: string;
  readonly prefixRewrite: string;
  readonly stripQuery: boolean;
}
