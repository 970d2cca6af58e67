import { HeaderId } from "../common/headers/header-id.ts";
import { newUpstreamInfo } from "../common/stream-info.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../contracts/headers.ts";
import type { Dispatcher } from "../contracts/event.ts";
import { StreamResetReason } from "../contracts/http/codec.ts";
import type { RouteEntry } from "../contracts/router/route.ts";
import type { UpstreamInfo } from "../contracts/stream-info.ts";
import type {
  ClusterInfo,
  ClusterManager,
  CodeStats,
  HttpConnectionPool,
  LoadBalancerContext,
  ThreadLocalCluster,
} from "../contracts/upstream/cluster.ts";
import type { HttpFilterChain } from "../contracts/http/filter-chain.ts";
import { resetDetails } from "../http/upstream-request/reset-reason.ts";
import type { RouterConfig } from "./router-config.ts";
import type { RouterStats } from "./router-stats.ts";
import type { TimeoutQueues } from "./timeout-queue.ts";

/** What all router filters of one configuration share on a worker. */
export interface RouterShared {
  readonly config: RouterConfig;
  readonly stats: RouterStats;
  readonly clusterManager: ClusterManager;
  readonly dispatcher: Dispatcher;
  readonly timeouts: TimeoutQueues;
  /** Of requests to clusters that have none of their own. */
  readonly upstreamFilters: HttpFilterChain | undefined;
}

/** `%RESPONSE_CODE_DETAILS%` of what the router answers. */
export const Details = {
  RouteNotFound: "route_not_found",
  DirectResponse: "direct_response",
  ClusterNotFound: "cluster_not_found",
  NoHealthyUpstream: "no_healthy_upstream",
  ViaUpstream: "via_upstream",
  ResponseTimeout: "response_timeout",
  WebsocketHandshakeUnsuccessful: "websocket_handshake_unsuccessful",
  UpstreamPerTryTimeout: "upstream_per_try_timeout",
  FilterRemovedRequiredRequestHeaders: "filter_removed_required_request_headers",
} as const;

/** What the client is told instead of a response. */
export interface AbortReply {
  readonly code: number;
  readonly body: string;
  readonly details: string;
  /** For want of room: says so with `x-envoy-overloaded`. */
  readonly dropped: boolean;
}

/** In the place of a response that the upstream's reset has cut off. */
export function resetReply(reason: StreamResetReason, what: string, started: boolean): AbortReply {
  return {
    code: reason === StreamResetReason.ProtocolError ? 502 : 503,
    body: `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`,
    details: resetDetails(reason, what, started),
    dropped: reason === StreamResetReason.Overflow,
  };
}

/** What is known of the upstream's side before there is a host. */
export function upstreamInfoOf(cluster: ClusterInfo): UpstreamInfo {
  const info = newUpstreamInfo();
  info.clusterName = cluster.name;
  info.clusterObservabilityName = cluster.observabilityName;
  info.clusterMetadata = cluster.metadata;
  info.attemptCount = 1;
  return info;
}

/** The status of a response that a codec has checked: three digits. */
export function statusOf(headers: ResponseHeaderMap): number {
  return Number(headers.getId(HeaderId.Status));
}

/** The request asks for a tunnel. */
export function isConnect(headers: RequestHeaderMap): boolean {
  return headers.getId(HeaderId.Method) === "CONNECT";
}

/** The request asks for another protocol; the connection manager has let only those through that may. */
export function isUpgrade(headers: RequestHeaderMap): boolean {
  return headers.hasId(HeaderId.Upgrade) && headers.hasId(HeaderId.Connection);
}

/** Where `x-envoy-upstream-alt-stat-name` has the response counted once more; the header is for this proxy only. */
export function takeAltStats(
  headers: RequestHeaderMap,
  codeStats: CodeStats,
): CodeStats | undefined {
  const name = headers.getId(HeaderId.XEnvoyUpstreamAltStatName);
  if (name === undefined) return undefined;
  headers.removeId(HeaderId.XEnvoyUpstreamAltStatName);
  return name === "" ? undefined : codeStats.below(name);
}

/** Where the request's stream comes from; undefined when there is no host. */
export function poolFor(
  cluster: ThreadLocalCluster,
  entry: RouteEntry,
  headers: RequestHeaderMap,
  context: LoadBalancerContext,
): HttpConnectionPool | undefined {
  const { upgrades } = entry;
  if (upgrades.length > 0 && isConnect(headers)) {
    const config = upgrades.find((each) => each.type === "connect");
    if (config?.terminates === true) return cluster.tunnel(context);
  }
  return cluster.httpConnPool(entry.priority, context);
}
