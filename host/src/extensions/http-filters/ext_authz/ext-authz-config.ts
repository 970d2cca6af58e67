import type { Fraction } from "../../../common/fraction.ts";
import type { GrpcRetryConfig, GrpcServiceConfig } from "../../../contracts/config/grpc-service.ts";
import type { MetadataMatcherConfig } from "../../common/ext_authz/metadata-matcher.ts";
import type { StringMatcherConfig } from "../../../router/route-config.ts";

// `envoy.extensions.filters.http.ext_authz.v3` as plain data.

/** `ExtAuthz`. */
export interface ExtAuthzConfig {
  readonly service: AuthServiceConfig;
  readonly failureModeAllow: boolean;
  readonly failureModeAllowHeaderAdd: boolean;
  readonly body: BodyConfig | undefined;
  readonly clearRouteCache: boolean;
  /** Lower case: clear it only for these; empty: for all. */
  readonly clearRouteCacheHeaders: readonly string[];
  readonly statusOnError: number;
  readonly validateMutations: boolean;
  /** Undefined: the service may change every header. */
  readonly mutationRules: MutationRulesConfig | undefined;
  readonly metadataNamespaces: readonly string[];
  readonly routeMetadataNamespaces: readonly string[];
  /** Undefined: all requests. */
  readonly enabled: Fraction | undefined;
  readonly enabledMetadata: MetadataMatcherConfig | undefined;
  readonly denyAtDisable: boolean;
  readonly includePeerCertificate: boolean;
  readonly includeTlsSession: boolean;
  readonly statPrefix: string;
  readonly destinationLabels: ReadonlyMap<string, string>;
  /** Undefined: as the protocol has it. */
  readonly allowedHeaders: readonly StringMatcherConfig[] | undefined;
  readonly disallowedHeaders: readonly StringMatcherConfig[];
  readonly chargeClusterResponseStats: boolean;
  readonly encodeRawHeaders: boolean;
  readonly ingestDynamicMetadata: boolean;
  /** Bytes; 0 = all. */
  readonly maxDeniedBodyBytes: number;
}

export type AuthServiceConfig =
  | { readonly kind: "grpc"; readonly service: GrpcServiceConfig }
  | { readonly kind: "http"; readonly service: HttpServiceConfig };

/** `HttpService`. */
export interface HttpServiceConfig {
  readonly cluster: string;
  /** Of each attempt. */
  readonly timeoutMs: number;
  /** Its statuses are those of HTTP. Undefined: checks are made once. */
  readonly retry: GrpcRetryConfig | undefined;
  readonly pathPrefix: string;
  /** In the place of the request's path; empty: none. */
  readonly pathOverride: string;
  /** `allowed_headers` of `authorization_request`; undefined: it says nothing. */
  readonly allowedHeaders: readonly StringMatcherConfig[] | undefined;
  /** Names in lower case, values with access log operators; checked. */
  readonly headersToAdd: readonly (readonly [name: string, value: string])[];
  readonly upstreamHeaders: readonly StringMatcherConfig[];
  readonly upstreamHeadersToAppend: readonly StringMatcherConfig[];
  /** Undefined: all. */
  readonly clientHeaders: readonly StringMatcherConfig[] | undefined;
  readonly clientHeadersOnSuccess: readonly StringMatcherConfig[];
  readonly metadataHeaders: readonly StringMatcherConfig[];
}

/** `BufferSettings`. */
export interface BodyConfig {
  readonly maxBytes: number;
  readonly allowPartial: boolean;
  readonly packAsBytes: boolean;
}

/** `HeaderMutationRules`. */
export interface MutationRulesConfig {
  readonly allowAllRouting: boolean;
  readonly allowEnvoy: boolean;
  readonly disallowSystem: boolean;
  readonly disallowAll: boolean;
  readonly disallowIsError: boolean;
}

/** `ExtAuthzPerRoute`. */
export interface ExtAuthzRouteConfig {
  readonly disabled: boolean;
  readonly contextExtensions: ReadonlyMap<string, string>;
  readonly disableBody: boolean;
  readonly body: BodyConfig | undefined;
  /** Undefined: the filter's. */
  readonly service: AuthServiceConfig | undefined;
}
