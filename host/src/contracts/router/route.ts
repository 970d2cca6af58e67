import type { RequestHeaderMap, ResponseHeaderMap } from "../headers.ts";
import type { JsonValue, StreamInfo } from "../stream-info.ts";
import type { RateLimitPolicy } from "./rate-limit.ts";

/** Chooses a route for a request; made from a RouteConfiguration. */
export interface RouteTable {
  readonly name: string;
  /** `internal_only_headers`, lower case: removed from requests that are not internal. */
  readonly internalOnlyHeaders: readonly string[];
  /** `random`: the stream's random value, for weighted clusters and runtime fractions. */
  route(headers: RequestHeaderMap, streamInfo: StreamInfo, random: number): Route | undefined;
}

/** What matched: exactly one of the two entries is set. */
export interface Route {
  /** `%ROUTE_NAME%`; empty when unnamed. */
  readonly name: string;
  readonly virtualHostName: string;
  readonly metadata: { readonly [namespace: string]: { readonly [key: string]: JsonValue } };
  readonly virtualHostMetadata: {
    readonly [namespace: string]: { readonly [key: string]: JsonValue };
  };
  readonly routeEntry: RouteEntry | undefined;
  readonly directResponse: DirectResponseEntry | undefined;
  /** `VirtualHost.rate_limits`; undefined: none. */
  readonly virtualHostRateLimits?: RateLimitPolicy | undefined;
  /** The most specific configuration for the filter of that name in the chain. */
  perFilterConfig(filterName: string): unknown;
  /** All levels, least specific first. */
  perFilterConfigs(filterName: string): readonly unknown[];
  /**
   * `true`/`false` where a level decides (`FilterConfig.disabled`, or any config for a filter that is off by
   * default); `undefined` where none does.
   */
  filterDisabled(filterName: string): boolean | undefined;
  /** Removals and additions for the response, all levels; also applied to local replies. */
  finalizeResponseHeaders(headers: ResponseHeaderMap, streamInfo: StreamInfo): void;
}

/** The `route` action. */
export interface RouteEntry {
  /** Undefined when a `cluster_header` is missing. */
  clusterName(headers: RequestHeaderMap): string | undefined;
  /**
   * Removals and additions of all levels, then the rewrites of host and path. `keepOriginals`: put what was
   * rewritten into `x-envoy-original-host` and `x-envoy-original-path`.
   */
  finalizeRequestHeaders(
    headers: RequestHeaderMap,
    streamInfo: StreamInfo,
    keepOriginals: boolean,
  ): void;
  /** 0 = none. */
  readonly timeoutMs: number;
  /** Overrides the stream idle timeout; undefined = no override, 0 = off. */
  readonly idleTimeoutMs: number | undefined;
  /** `max_stream_duration`; undefined: the connection manager's limit. */
  readonly streamDuration: StreamDurationConfig | undefined;
  /** `max_grpc_timeout`, `grpc_timeout_offset`: the timeout of gRPC calls, in the place of `timeoutMs`. */
  readonly grpcTimeout?: GrpcTimeoutConfig | undefined;
  /** Status for an unknown cluster: 503, 404 or 500. */
  readonly clusterNotFoundCode: number;
  readonly priority: "default" | "high";
  /** `upgrade_configs`, types in lower case; overrides the connection manager's of the same type. */
  readonly upgrades: readonly RouteUpgrade[];
  /** Of the virtual host: attempt counts (`include_request_attempt_count`, `include_attempt_count_in_response`). */
  readonly includeAttemptCountInRequest: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly requestBodyBufferLimit: number | undefined;
  /** `rate_limits`; undefined: none. */
  readonly rateLimits?: RateLimitPolicy | undefined;
  /** The virtual host's count, too. */
  readonly includeVirtualHostRateLimits?: boolean;
}

/** `RouteAction.UpgradeConfig`. */
export interface RouteUpgrade {
  /** In lower case. */
  readonly type: string;
  readonly enabled: boolean;
  /** A CONNECT ends here, and goes on as TCP (`connect_config`). */
  readonly terminates: boolean;
}

/** `RouteAction.MaxStreamDuration`, in milliseconds. */
export interface StreamDurationConfig {
  /** 0 = no limit; undefined: the connection manager's. */
  readonly maxMs: number | undefined;
  /** The client's `grpc-timeout` counts, up to this; 0 = up to anything; undefined: it does not count. */
  readonly grpcHeaderMaxMs: number | undefined;
  /** Taken off the client's `grpc-timeout`. */
  readonly grpcHeaderOffsetMs: number;
}

/** How a gRPC call's own `grpc-timeout` is its timeout, in milliseconds. */
export interface GrpcTimeoutConfig {
  /** 0 = up to anything; else also the timeout of calls that name none. */
  readonly maxMs: number;
  /** Taken off the client's, unless nothing would be left. */
  readonly offsetMs: number;
}

/** The `redirect` and `direct_response` actions. */
export interface DirectResponseEntry {
  readonly code: number;
  readonly body: string;
  readonly isRedirect: boolean;
  /** The `prefix_rewrite` of a redirect, done to the request before `newUri`. */
  rewritePath(headers: RequestHeaderMap, keepOriginal: boolean): void;
  /**
   * The `location`: of a redirect, or the request's own URI when the code of a direct response is 201 or 3xx;
   * else undefined.
   */
  newUri(headers: RequestHeaderMap): string | undefined;
}
