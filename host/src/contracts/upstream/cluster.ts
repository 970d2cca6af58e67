import type { RequestHeaderMap } from "../headers.ts";
import type { RequestEncoder, ResponseDecoder } from "../http/codec.ts";
import type { HttpFilterChain } from "../http/filter-chain.ts";
import type { ClientConnection, Connection } from "../network/connection.ts";
import type { Counter, Gauge, Histogram, StatsScope } from "../stats.ts";
import type { JsonValue, StreamInfo } from "../stream-info.ts";
import type { AsyncClient } from "./async-client.ts";
import type { HostDescription } from "./host.ts";

/** The clusters of one worker. */
export interface ClusterManager {
  /** The cluster as this worker has it now; undefined when unknown. Do not keep it across events. */
  getThreadLocalCluster(name: string): ThreadLocalCluster | undefined;
  /** For suggestions. */
  clusterNames?(): Iterable<string>;
}

/** What a load balancer may take into account. */
export interface LoadBalancerContext {
  readonly downstreamConnection: Connection | undefined;
  readonly requestHeaders: RequestHeaderMap | undefined;
  readonly streamInfo: StreamInfo | undefined;
}

/** A cluster on one worker: its hosts, their pools and the load balancer. */
export interface ThreadLocalCluster {
  readonly info: ClusterInfo;
  /** Endpoints, usable or not. */
  readonly hostCount: number;
  /** The filters that each request to the cluster passes last; undefined when it has none. */
  readonly httpFilters: HttpFilterChain | undefined;
  /** Chooses a host and gives its pool for HTTP; undefined when no host can be used (flag UH). */
  httpConnPool(
    priority: "default" | "high",
    context: LoadBalancerContext,
  ): HttpConnectionPool | undefined;
  /**
   * Chooses a host for a CONNECT that ends here: its only stream is a TCP connection. Undefined when no host can be
   * used (flag UH).
   */
  tunnel(context: LoadBalancerContext): HttpConnectionPool | undefined;
  /** For requests that the proxy itself makes: callouts of filters. */
  httpAsyncClient(): AsyncClient;
  /**
   * Chooses a host and makes a connection to it, which the caller owns and connects; for TCP proxying.
   * `no_host`: flag UH; `overflow`: the connections circuit breaker is open, flag UO. What the cluster and the
   * host count of connections, they count by themselves. The cluster's connect timeout is at work, too: it ends
   * the connection by LocalClose before Connected, with `connect_timeout` as `localCloseReason`.
   */
  tcpConnection(context: LoadBalancerContext): TcpConnectionResult;
}

/** Outcome of asking for a connection of one's own. */
export type TcpConnectionResult =
  | {
      readonly kind: "connection";
      readonly connection: ClientConnection;
      readonly host: HostDescription;
    }
  | { readonly kind: "no_host" }
  | { readonly kind: "overflow" };

/** Configuration and stats of a cluster. */
export interface ClusterInfo {
  readonly name: string;
  /** `alt_stat_name`, else the name. */
  readonly observabilityName: string;
  readonly metadata: { readonly [namespace: string]: { readonly [key: string]: JsonValue } };
  readonly connectTimeoutMs: number;
  readonly perConnectionBufferLimitBytes: number;
  readonly stats: ClusterStats;
  readonly scope: StatsScope;
  readonly resourceManager: (priority: "default" | "high") => ResourceManager;
  /** The response codes of the cluster (`upstream_rq_200` …). */
  readonly codeStats: CodeStats;
}

/** Counts response codes below `cluster.<name>.`, made when first needed (Envoy: `Http::CodeStats`). */
export interface CodeStats {
  /**
   * One response of `code`, from the upstream or made instead of its: `upstream_rq_completed`, `upstream_rq_<n>xx`,
   * `upstream_rq_<code>`, and the same below `internal.` or `external.`, `canary.` and `zone.<from>.<to>.`
   */
  chargeResponse(code: number, origin: ResponseOrigin): void;
  /** The time from the whole request to the whole response: `upstream_rq_time`, in the same places. */
  chargeResponseTime(ms: number, origin: ResponseOrigin): void;
  /** The same stats once more, below `<prefix>.` (`x-envoy-upstream-alt-stat-name`). */
  below(prefix: string): CodeStats;
}

/** Where a counted response belongs. */
export interface ResponseOrigin {
  /** The request came from inside (`x-envoy-internal`). */
  readonly internal: boolean;
  readonly canary: boolean;
  /** Undefined when no host was chosen. */
  readonly host: HostDescription | undefined;
}

/** The circuit breakers of one priority. Counts are of all workers together. */
export interface ResourceManager {
  readonly connections: Resource;
  readonly pendingRequests: Resource;
  readonly requests: Resource;
  readonly retries: Resource;
}

/** One limited count of a circuit breaker. */
export interface Resource {
  /** False when the limit is reached. */
  canCreate(): boolean;
  inc(): void;
  dec(): void;
  /** Of all workers. */
  readonly count: number;
  readonly max: number;
}

/** The stats of `cluster.<name>.` that the data path updates. */
export interface ClusterStats {
  readonly upstreamCxTotal: Counter;
  readonly upstreamCxActive: Gauge;
  readonly upstreamCxHttp1Total: Counter;
  readonly upstreamCxHttp2Total: Counter;
  readonly upstreamCxConnectFail: Counter;
  readonly upstreamCxConnectTimeout: Counter;
  readonly upstreamCxIdleTimeout: Counter;
  readonly upstreamCxConnectAttemptsExceeded: Counter;
  readonly upstreamCxOverflow: Counter;
  readonly upstreamCxCloseNotify: Counter;
  readonly upstreamCxConnectMs: Histogram;
  readonly upstreamCxLengthMs: Histogram;
  readonly upstreamCxDestroy: Counter;
  readonly upstreamCxDestroyLocal: Counter;
  readonly upstreamCxDestroyRemote: Counter;
  readonly upstreamCxDestroyWithActiveRq: Counter;
  readonly upstreamCxDestroyLocalWithActiveRq: Counter;
  readonly upstreamCxDestroyRemoteWithActiveRq: Counter;
  readonly upstreamCxRxBytesTotal: Counter;
  readonly upstreamCxRxBytesBuffered: Gauge;
  readonly upstreamCxTxBytesTotal: Counter;
  readonly upstreamCxTxBytesBuffered: Gauge;
  readonly upstreamCxProtocolError: Counter;
  readonly upstreamCxMaxRequests: Counter;
  readonly upstreamCxNoneHealthy: Counter;
  readonly upstreamRqTotal: Counter;
  readonly upstreamRqActive: Gauge;
  readonly upstreamRqActiveOverflow: Counter;
  readonly upstreamRqPerCx: Histogram;
  readonly upstreamRqPendingTotal: Counter;
  readonly upstreamRqPendingOverflow: Counter;
  readonly upstreamRqPendingFailureEject: Counter;
  readonly upstreamRqPendingActive: Gauge;
  readonly upstreamRqCancelled: Counter;
  readonly upstreamRqTimeout: Counter;
  readonly upstreamRqRxReset: Counter;
  readonly upstreamRqTxReset: Counter;
  readonly upstreamFlowControlPausedReadingTotal: Counter;
  readonly upstreamFlowControlResumedReadingTotal: Counter;
  readonly upstreamFlowControlBackedUpTotal: Counter;
  readonly upstreamFlowControlDrainedTotal: Counter;
}

/** Why the pool could not give a stream (Envoy: `ConnectionPool::PoolFailureReason`). */
export type PoolFailureReason =
  | "overflow"
  | "local_connection_failure"
  | "remote_connection_failure"
  | "timeout";

/** How a request for a stream ends: exactly one of the two is called, unless it was cancelled. */
export interface HttpPoolCallbacks {
  onPoolReady(ready: PoolReady): void;
  /** `host`: undefined when no connection to it was asked for, because too many requests wait already. */
  onPoolFailure(
    reason: PoolFailureReason,
    transportFailureReason: string,
    host: HostDescription | undefined,
  ): void;
}

/** A stream on an upstream connection. */
export interface PoolReady {
  readonly encoder: RequestEncoder;
  readonly host: HostDescription;
  readonly connection: Connection;
  /** `HTTP/1.1`, `HTTP/2`. */
  readonly protocol: string;
}

/** A request waiting for a connection. */
export interface PoolCancellable {
  /** Gives the place up; no callback follows. */
  cancel(): void;
}

/** Connections to one host, of one priority, of one worker. */
export interface HttpConnectionPool {
  readonly host: HostDescription;
  /**
   * Asks for a stream. `onPoolReady` or `onPoolFailure` may be called before this returns (then the result is
   * undefined), or later.
   */
  newStream(decoder: ResponseDecoder, callbacks: HttpPoolCallbacks): PoolCancellable | undefined;
}
