import type { Address } from "./address.ts";
import type { HeaderMap } from "./headers.ts";
import type { SslConnectionInfo } from "./network/connection.ts";
import type { Route } from "./router/route.ts";
import type { HostDescription } from "./upstream/host.ts";

/** Bits of `StreamInfo.responseFlags`; names, short forms and print order are Envoy's (`%RESPONSE_FLAGS%`). */
export const ResponseFlag = {
  FailedLocalHealthCheck: 1 << 0,
  NoHealthyUpstream: 1 << 1,
  UpstreamRequestTimeout: 1 << 2,
  LocalReset: 1 << 3,
  UpstreamRemoteReset: 1 << 4,
  UpstreamConnectionFailure: 1 << 5,
  UpstreamConnectionTermination: 1 << 6,
  UpstreamOverflow: 1 << 7,
  NoRouteFound: 1 << 8,
  DelayInjected: 1 << 9,
  FaultInjected: 1 << 10,
  RateLimited: 1 << 11,
  UnauthorizedExternalService: 1 << 12,
  RateLimitServiceError: 1 << 13,
  DownstreamConnectionTermination: 1 << 14,
  UpstreamRetryLimitExceeded: 1 << 15,
  StreamIdleTimeout: 1 << 16,
  InvalidEnvoyRequestHeaders: 1 << 17,
  DownstreamProtocolError: 1 << 18,
  UpstreamMaxStreamDurationReached: 1 << 19,
  ResponseFromCacheFilter: 1 << 20,
  NoFilterConfigFound: 1 << 21,
  DurationTimeout: 1 << 22,
  UpstreamProtocolError: 1 << 23,
  NoClusterFound: 1 << 24,
  OverloadManagerTerminated: 1 << 25,
  DnsResolutionFailed: 1 << 26,
  DropOverload: 1 << 27,
  DownstreamRemoteReset: 1 << 28,
  UnconditionalDropOverload: 1 << 29,
} as const;
export type ResponseFlag = (typeof ResponseFlag)[keyof typeof ResponseFlag];

/** Protobuf-shaped dynamic metadata: plain JSON values by filter namespace. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonValue[]
  | { [key: string]: JsonValue };

/** Values that filters share along a stream or connection. Keys are Envoy's dotted names. */
export interface FilterState {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  has(key: string): boolean;
}

/** The host that a filter wants a request to go to, instead of the one that the load balancer would choose. */
export interface UpstreamOverrideHost {
  /** As `HostDescription.addressText`. */
  readonly address: string;
  /** When the cluster has no such host that can be used: fail, instead of choosing as usual. */
  readonly strict: boolean;
}

/** What streams know of the listener that accepted their connection. */
export interface ListenerFacts {
  readonly name: string;
  readonly metadata: { readonly [namespace: string]: { readonly [key: string]: JsonValue } };
  /** `Listener.traffic_direction`. */
  readonly direction: "unspecified" | "inbound" | "outbound";
}

/** What a guest, or one callback of it, took of one stream. Wall clock, in milliseconds with fractions. */
export interface CallbackCosts {
  /** In the guest's own code. */
  selfMs: number;
  /** In host calls that it made. */
  hostCallMs: number;
  /** How long the stream stood still because of it. */
  pausedMs: number;
  /** Times that it was entered. */
  callbacks: number;
}

/** What one guest (Wasm plugin, Lua script) took of one stream. */
export interface GuestTimes extends CallbackCosts {
  /** Of that, what each callback took. */
  readonly byCallback: Map<string, CallbackCosts>;
}

/** What is known of the upstream side of a stream (Envoy: `UpstreamInfo`). */
export interface UpstreamInfo {
  host: HostDescription | undefined;
  clusterName: string;
  /** The cluster's `alt_stat_name`, else its name: `%UPSTREAM_CLUSTER%`. Empty: as `clusterName`. */
  clusterObservabilityName: string;
  clusterMetadata:
    | { readonly [namespace: string]: { readonly [key: string]: JsonValue } }
    | undefined;
  localAddress: Address | undefined;
  remoteAddress: Address | undefined;
  connectionId: number;
  /** What the handshake with the upstream has brought; undefined in plain text. */
  ssl: SslConnectionInfo | undefined;
  transportFailureReason: string;
  attemptCount: number;
  /** From asking for a connection until one was there; undefined before that. */
  poolReadyDurationMs: number | undefined;
  /** Monotonic ms; 0 = not happened. First/last byte sent upstream, first/last received. */
  firstTxByteMs: number;
  lastTxByteMs: number;
  firstRxByteMs: number;
  lastRxByteMs: number;
  protocol: string;
}

/**
 * Everything that logs, formatters, guests and operators may ask about one stream or connection.
 * Plain fields, written by whoever learns the fact. Times are monotonic milliseconds; 0 = not happened.
 */
export interface StreamInfo {
  /** Wall clock at the start, ms since the epoch. */
  startTimeSystemMs: number;
  startTimeMs: number;
  lastRxByteMs: number;
  firstTxByteMs: number;
  lastTxByteMs: number;
  endTimeMs: number;

  /** `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`; empty for TCP. */
  protocol: string;
  /** 0 while there is none. */
  responseCode: number;
  /** Envoy's detail names; empty when none. Whitespace is replaced by `_` when printed. */
  responseCodeDetails: string;
  connectionTerminationDetails: string;
  responseFlags: number;

  /** Body bytes. */
  bytesReceived: number;
  bytesSent: number;

  routeName: string;
  virtualHostName: string;
  /** The route as last looked up; undefined while there is none. */
  route: Route | undefined;
  /** Of the virtual host that the request belongs to, also when none of its routes matched. */
  virtualHostMetadata: Route["virtualHostMetadata"] | undefined;
  upstreamOverrideHost: UpstreamOverrideHost | undefined;
  /** The downstream connection is to be closed behind this stream (HTTP/1: `connection: close`). */
  drainConnectionUponCompletion: boolean;
  upstreamInfo: UpstreamInfo | undefined;
  filterChainName: string;
  /** Undefined for what no listener accepted. */
  readonly listener: ListenerFacts | undefined;
  requestedServerName: string;
  downstreamTransportFailureReason: string;
  /** What the client's handshake has brought; undefined in plain text. */
  downstreamSsl: SslConnectionInfo | undefined;

  readonly downstreamLocalAddress: Address | undefined;
  downstreamRemoteAddress: Address | undefined;
  readonly downstreamDirectRemoteAddress: Address | undefined;
  readonly connectionId: number;
  /** Unique per stream in the process (`%STREAM_ID%`: the request id, if there is one). */
  streamId: string;

  /** Request and response heads, for operators such as `%REQ(X)%`; absent for TCP. */
  requestHeaders: HeaderMap | undefined;
  responseHeaders: HeaderMap | undefined;
  responseTrailers: HeaderMap | undefined;
  localReplyBody: string;

  /** Dynamic metadata, made when first written. */
  dynamicMetadata: Map<string, { [key: string]: JsonValue }> | undefined;
  readonly filterState: FilterState;

  /** What guests took, by their name; only of streams that were measured (`guest/watch`). */
  guestTimes?: Map<string, GuestTimes> | undefined;
}
