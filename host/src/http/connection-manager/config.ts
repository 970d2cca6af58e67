import type {
  CidrRange,
  ExtensionConfig,
  HttpFilterConfig,
} from "../../contracts/config/snapshot.ts";
import type { Http1Settings, Http2Settings } from "../../contracts/http/codec.ts";
import type { RouteDiscoveryConfig } from "../../contracts/router/route-providers.ts";

/** `HttpConnectionManager` as plain data. Times in milliseconds; 0 = off. */
export interface HcmConfig {
  readonly statPrefix: string;
  /** What `parseRouteConfiguration` gave; opaque here. */
  readonly routeConfig: unknown;
  /** The routes come by discovery; `routeConfig` is undefined then. */
  readonly routeDiscovery?: RouteDiscoveryConfig | undefined;
  /** Never empty; the last is the terminal filter. */
  readonly httpFilters: readonly HttpFilterConfig[];
  readonly accessLogs: readonly ExtensionConfig[];

  /** AUTO: what TLS has agreed on, else HTTP/2 when its preface comes first. */
  readonly codecType: "AUTO" | "HTTP1" | "HTTP2";
  /** `upgrade_configs`, types in lower case. */
  readonly upgrades: readonly UpgradeConfig[];
  readonly http1: Http1Settings;
  readonly http2: Http2Settings;
  /** Requests after which a connection is closed; 0 = no limit. */
  readonly maxRequestsPerConnection: number;

  readonly streamIdleTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestHeadersTimeoutMs: number;
  readonly maxStreamDurationMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  /** Of the duration, added at random at most. */
  readonly maxConnectionDurationJitterPercent: number;
  /** Between the decision to close an idle or old connection and doing it. */
  readonly drainTimeoutMs: number;
  readonly delayedCloseTimeoutMs: number;

  readonly forwarded: ForwardedConfig;
  readonly requestId: RequestIdConfig;
  readonly path: PathConfig;
  readonly stripPort: "none" | "matching" | "any";
  readonly stripTrailingHostDot: boolean;

  readonly serverName: string;
  readonly serverHeaderTransformation: "overwrite" | "append_if_absent" | "pass_through";
  /** Empty: none. */
  readonly via: string;
  readonly addUserAgent: boolean;
  readonly proxy100Continue: boolean;
}

/** A protocol that requests may ask for, when it is enabled. */
export interface UpgradeConfig {
  readonly type: string;
  readonly enabled: boolean;
}

/** `forward_client_cert_details`, and which details of `set_current_client_cert_details` are added. */
export interface ForwardedClientCertConfig {
  readonly mode:
    | "SANITIZE"
    | "FORWARD_ONLY"
    | "APPEND_FORWARD"
    | "SANITIZE_SET"
    | "ALWAYS_FORWARD_ONLY";
  readonly subject: boolean;
  readonly cert: boolean;
  readonly chain: boolean;
  readonly dns: boolean;
  readonly uri: boolean;
}

/** Where a request comes from, and what is said about it to the next hop. */
export interface ForwardedConfig {
  readonly useRemoteAddress: boolean;
  readonly xffNumTrustedHops: number;
  readonly skipXffAppend: boolean;
  readonly appendXForwardedPort: boolean;
  readonly clientCert: ForwardedClientCertConfig;
  /** `scheme_to_overwrite`; empty: none. */
  readonly schemeToOverwrite: string;
  readonly internalAddresses: {
    readonly cidrRanges: readonly CidrRange[];
    readonly unixSockets: boolean;
  };
}

export interface RequestIdConfig {
  readonly generate: boolean;
  readonly preserveExternal: boolean;
  readonly alwaysSetInResponse: boolean;
  /** A kept id loses the trace reason that someone wrote into it (`pack_trace_reason`). */
  readonly packTraceReason: boolean;
}

export interface PathConfig {
  readonly normalize: boolean;
  readonly mergeSlashes: boolean;
  readonly escapedSlashes: "keep" | "reject" | "redirect" | "forward";
}
