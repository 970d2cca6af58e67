import { HeaderId } from "../common/headers/header-id.ts";
import type { DataBuffer } from "../contracts/buffer.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../contracts/headers.ts";
import type { StreamResetReason } from "../contracts/http/codec.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterMetadataStatus,
  FilterTrailersStatus,
  type LocalReply,
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
} from "../contracts/http/filter.ts";
import type { MetadataMap } from "../contracts/http/metadata.ts";
import type { Connection } from "../contracts/network/connection.ts";
import type { DirectResponseEntry, Route, RouteEntry } from "../contracts/router/route.ts";
import { ResponseFlag, type StreamInfo, type UpstreamInfo } from "../contracts/stream-info.ts";
import type { ClusterInfo, CodeStats, LoadBalancerContext } from "../contracts/upstream/cluster.ts";
import {
  createAttempt,
  type FilteredRequestOwner,
  type UpstreamAttempt,
} from "../http/upstream-request/upstream-attempt.ts";
import { isGrpcSuccess } from "./grpc-status.ts";
import { isGrpcRequest } from "./matchers.ts";
import { resetFlag } from "../http/upstream-request/reset-reason.ts";
import {
  Details,
  isConnect,
  isUpgrade,
  poolFor,
  resetReply,
  statusOf,
  takeAltStats,
  upstreamInfoOf,
  type AbortReply,
  type RouterShared,
} from "./router-shared.ts";
import { TimedRequest, timeoutCodeDefault } from "./timed-request.ts";

/**
 * The terminal filter: finds the cluster of the matched route, sends the request there and the response back, or
 * answers itself. One attempt per request.
 */
export class RouterFilter
  extends TimedRequest
  implements StreamDecoderFilter, FilteredRequestOwner, LoadBalancerContext
{
  callbacks!: StreamDecoderFilterCallbacks;
  /** Set once the route's cluster is known. */
  cluster!: ClusterInfo;
  readonly #shared: RouterShared;
  #headers!: RequestHeaderMap;
  #route!: Route;
  #entry!: RouteEntry;
  #upstreamInfo!: UpstreamInfo;
  #upstream: UpstreamAttempt | undefined = undefined;
  /** `x-envoy-upstream-alt-stat-name`. */
  #altStats: CodeStats | undefined = undefined;
  #isGrpc = false;
  #isUpgrade = false;
  /** Whether a gRPC response succeeded is seen in its trailers. */
  #grpcOutcomePending = false;
  #responseStarted = false;

  constructor(shared: RouterShared) {
    super(shared.dispatcher, shared.timeouts);
    this.#shared = shared;
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.callbacks = callbacks;
  }

  // What a load balancer may look at.

  get downstreamConnection(): Connection | undefined {
    return this.callbacks.connection;
  }

  get requestHeaders(): RequestHeaderMap | undefined {
    return this.callbacks.requestHeaders;
  }

  get streamInfo(): StreamInfo {
    return this.callbacks.streamInfo;
  }

  // The request.

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    this.#headers = headers;
    this.#shared.stats.rqTotal.inc();
    const route = this.callbacks.route();
    if (route === undefined) return this.#answerNoRoute();
    this.#route = route;
    if (route.routeEntry === undefined) return this.#answerDirectly(route.directResponse!);
    this.#entry = route.routeEntry;
    return this.#forward(this.#entry, endStream);
  }

  decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    if (endStream) this.onRequestComplete();
    if (this.#upstream === undefined) data.drain(data.length);
    else this.#upstream.acceptData(data, endStream);
    return FilterDataStatus.Continue;
  }

  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.onRequestComplete();
    this.#upstream?.acceptTrailers(trailers);
    return FilterTrailersStatus.Continue;
  }

  decodeMetadata(metadata: MetadataMap): FilterMetadataStatus {
    this.#upstream?.acceptMetadata(metadata);
    return FilterMetadataStatus.Continue;
  }

  onDestroy(): void {
    this.#stop();
  }

  #answerNoRoute(): FilterHeadersStatus {
    this.#shared.stats.noRoute.inc();
    this.#flag(ResponseFlag.NoRouteFound);
    this.callbacks.sendLocalReply({ code: 404, body: "", details: Details.RouteNotFound });
    return FilterHeadersStatus.StopIteration;
  }

  #answerDirectly(direct: DirectResponseEntry): FilterHeadersStatus {
    this.#shared.stats.rqDirectResponse.inc();
    direct.rewritePath(this.#headers, !this.#shared.config.suppressEnvoyHeaders);
    const location = direct.newUri(this.#headers);
    this.callbacks.sendLocalReply({
      code: direct.code,
      body: direct.body,
      modifyHeaders: (headers) => {
        if (location !== undefined) headers.addId(HeaderId.Location, location);
        this.#route.finalizeResponseHeaders(headers, this.streamInfo);
      },
      details: Details.DirectResponse,
    });
    return FilterHeadersStatus.StopIteration;
  }

  #forward(entry: RouteEntry, endStream: boolean): FilterHeadersStatus {
    const headers = this.#headers;
    const name = entry.clusterName(headers);
    const cluster =
      name === undefined ? undefined : this.#shared.clusterManager.getThreadLocalCluster(name);
    if (cluster === undefined) {
      this.#shared.stats.noCluster.inc();
      this.#flag(ResponseFlag.NoClusterFound);
      const code = entry.clusterNotFoundCode;
      this.callbacks.sendLocalReply({ code, body: "", details: Details.ClusterNotFound });
      return FilterHeadersStatus.StopIteration;
    }
    this.cluster = cluster.info;
    this.#upstreamInfo = upstreamInfoOf(cluster.info);
    this.streamInfo.upstreamInfo = this.#upstreamInfo;
    this.#altStats = takeAltStats(headers, cluster.info.codeStats);
    const internal = headers.getId(HeaderId.XEnvoyInternal) === "true";
    const filters = cluster.httpFilters ?? this.#shared.upstreamFilters;
    const upstream = createAttempt(this, this.#upstreamInfo, headers, internal, filters);
    const pool = poolFor(cluster, entry, headers, this);
    if (pool === undefined) return this.#answerNoHealthyUpstream(upstream);
    this.#finishHeaders(headers);
    // An upgrade has no body: the timeout holds until the other side agrees.
    if (endStream || this.#isUpgrade) this.onRequestComplete();
    this.#upstream = upstream;
    upstream.start(pool, endStream);
    return this.#upstream === undefined
      ? FilterHeadersStatus.StopIteration
      : FilterHeadersStatus.Continue;
  }

  #answerNoHealthyUpstream(upstream: UpstreamAttempt): FilterHeadersStatus {
    this.#flag(ResponseFlag.NoHealthyUpstream);
    this.#chargeCode(503, upstream);
    this.callbacks.sendLocalReply({
      code: 503,
      body: "no healthy upstream",
      modifyHeaders: (headers) => this.#modifyReply(headers, false),
      details: Details.NoHealthyUpstream,
    });
    return FilterHeadersStatus.StopIteration;
  }

  /** Timeouts, then what the route changes. */
  #finishHeaders(headers: RequestHeaderMap): void {
    const { config } = this.#shared;
    const entry = this.#entry;
    this.takeTimeouts(headers, entry, config);
    if (entry.includeAttemptCountInRequest) headers.setId(HeaderId.XEnvoyAttemptCount, "1");
    entry.finalizeRequestHeaders(headers, this.streamInfo, !config.suppressEnvoyHeaders);
    this.#isGrpc = isGrpcRequest(headers);
    this.#isUpgrade = isConnect(headers) || isUpgrade(headers);
  }

  // Time.

  protected override get attemptIsReady(): boolean {
    return this.#upstream?.isReady ?? false;
  }

  override onTimeout(): void {
    const upstream = this.#upstream;
    this.cluster.stats.upstreamRqTimeout.inc();
    if (upstream !== undefined) {
      upstream.host?.stats.rqTimeout.inc();
      if (upstream.awaitingHeaders) this.#chargeAbort(this.timeoutCode, upstream);
    }
    this.#onTimeoutAbort(Details.ResponseTimeout);
  }

  protected override onPerTryTimeout(): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    this.cluster.scope.counter("upstream_rq_per_try_timeout").inc();
    upstream.host?.stats.rqTimeout.inc();
    if (upstream.awaitingHeaders) this.#chargeAbort(this.timeoutCode, upstream);
    this.#onTimeoutAbort(Details.UpstreamPerTryTimeout);
  }

  #onTimeoutAbort(details: string): void {
    const code = this.timeoutCode;
    const body = code === timeoutCodeDefault ? "upstream request timeout" : "";
    this.#flag(ResponseFlag.UpstreamRequestTimeout);
    this.#abort({ code, body, details, dropped: false });
  }

  // The response.

  onUpstreamReady(): void {
    this.armPerTryTimeout();
  }

  onUpstream1xxHeaders(headers: ResponseHeaderMap): void {
    this.#chargeCode(statusOf(headers), this.#upstream!);
    this.callbacks.encode1xxHeaders(headers);
  }

  onUpstreamHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    const upstream = this.#upstream!;
    const now = this.nowMs();
    const code = statusOf(headers);
    this.#upstreamInfo.firstRxByteMs = now;
    this.streamInfo.responseCode = code;
    this.#responseStarted = true;
    this.disarmPerTryTimeout();
    if (headers.getId(HeaderId.XEnvoyUpstreamCanary) === "true") upstream.canary = true;
    this.#chargeCode(code, upstream);
    if (code < 500) this.#chargeSuccess(headers, upstream, endStream);
    if (this.requestCompleteMs > 0 && !this.#shared.config.suppressEnvoyHeaders) {
      const serviceMs = Math.floor(now - this.requestCompleteMs);
      headers.setId(HeaderId.XEnvoyUpstreamServiceTime, String(serviceMs));
    }
    if (this.#entry.includeAttemptCountInResponse) {
      headers.setId(HeaderId.XEnvoyAttemptCount, "1");
    }
    this.#route.finalizeResponseHeaders(headers, this.streamInfo);
    // The client waits for another protocol, not for the body of a refusal.
    const refused = this.#isUpgrade && code !== 101 && !isConnect(this.#headers);
    if (refused) headers.removeId(HeaderId.ContentLength);
    if (this.#isUpgrade) this.disarmTimeout();
    if (endStream || refused) this.#onUpstreamComplete(upstream);
    const details = refused ? Details.WebsocketHandshakeUnsuccessful : Details.ViaUpstream;
    this.callbacks.encodeHeaders(headers, endStream || refused, details);
  }

  onUpstreamData(data: DataBuffer, endStream: boolean): void {
    if (endStream) {
      const upstream = this.#upstream!;
      this.#chargeMissingTrailers(upstream);
      this.#onUpstreamComplete(upstream);
    }
    this.callbacks.encodeData(data, endStream);
  }

  onUpstreamTrailers(trailers: TrailerMap): void {
    const upstream = this.#upstream!;
    if (this.#grpcOutcomePending) {
      this.#grpcOutcomePending = false;
      const { stats } = upstream.host!;
      (isGrpcSuccess(trailers) ? stats.rqSuccess : stats.rqError).inc();
    }
    this.#onUpstreamComplete(upstream);
    this.callbacks.encodeTrailers(trailers);
  }

  onUpstreamMetadata(metadata: MetadataMap): void {
    this.callbacks.encodeMetadata(metadata);
  }

  #onUpstreamComplete(upstream: UpstreamAttempt): void {
    const now = this.nowMs();
    this.#upstreamInfo.lastRxByteMs = now;
    if (this.requestCompleteMs === 0 || this.#isUpgrade) {
      // The answer came before the question was finished: the rest of it is not sent.
      upstream.reset();
    } else {
      upstream.finish();
      if (this.#shared.config.dynamicStats) {
        const ms = Math.floor(now - this.requestCompleteMs);
        this.cluster.codeStats.chargeResponseTime(ms, upstream);
        this.#altStats?.chargeResponseTime(ms, upstream);
      }
    }
    this.#upstream = undefined;
    this.#stop();
  }

  onUpstreamReset(reason: StreamResetReason, what: string): void {
    const upstream = this.#upstream!;
    const reply = resetReply(reason, what, this.#responseStarted);
    this.#chargeAbort(reply.code, upstream);
    this.#upstream = undefined;
    this.#flag(resetFlag(reason));
    this.#abort(reply);
  }

  onFilterReply(reply: LocalReply): void {
    this.#upstream = undefined;
    this.#stop();
    this.callbacks.sendLocalReply(reply);
  }

  onFilterReset(reason: StreamResetReason, details: string): void {
    this.#upstream = undefined;
    this.#stop();
    this.callbacks.resetStream(reason, details);
  }

  onInvalidHead(problem: string): void {
    this.#upstream = undefined;
    this.#stop();
    this.#flag(ResponseFlag.DownstreamProtocolError);
    const what = problem.replaceAll(/\s/g, "_");
    const details = `${Details.FilterRemovedRequiredRequestHeaders}{${what}}`;
    this.callbacks.sendLocalReply({ code: 503, body: problem, details });
  }

  // The client's side.

  onAboveWriteBufferHighWatermark(): void {
    this.#upstream?.pauseResponse(true);
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#upstream?.pauseResponse(false);
  }

  // Counting.

  #chargeCode(code: number, upstream: UpstreamAttempt): void {
    if (!this.#shared.config.dynamicStats) return;
    this.cluster.codeStats.chargeResponse(code, upstream);
    this.#altStats?.chargeResponse(code, upstream);
    if (code >= 500) upstream.host?.stats.rqError.inc();
  }

  #chargeSuccess(headers: ResponseHeaderMap, upstream: UpstreamAttempt, endStream: boolean): void {
    const { stats } = upstream.host!;
    if (!this.#isGrpc) stats.rqSuccess.inc();
    else if (!endStream) this.#grpcOutcomePending = true;
    else (isGrpcSuccess(headers) ? stats.rqSuccess : stats.rqError).inc();
  }

  /** A response that the upstream did not give, or not whole. */
  #chargeAbort(code: number, upstream: UpstreamAttempt): void {
    if (this.#responseStarted) {
      this.#chargeMissingTrailers(upstream);
      return;
    }
    this.#chargeCode(code, upstream);
    if (code < 500) upstream.host?.stats.rqError.inc();
  }

  /** A gRPC response that ends without the trailers that tell its outcome. */
  #chargeMissingTrailers(upstream: UpstreamAttempt): void {
    if (!this.#grpcOutcomePending) return;
    this.#grpcOutcomePending = false;
    upstream.host?.stats.rqError.inc();
    this.#shared.stats.rqResetAfterDownstreamResponseStarted.inc();
  }

  // The end.

  #abort(reply: AbortReply): void {
    this.#stop();
    const { code, body, details, dropped } = reply;
    // A response whose head a filter still holds is replaced; one whose head has left is reset.
    const modifyHeaders = (headers: ResponseHeaderMap): void => this.#modifyReply(headers, dropped);
    this.callbacks.sendLocalReply({ code, body, modifyHeaders, details });
  }

  #modifyReply(headers: ResponseHeaderMap, dropped: boolean): void {
    if (dropped && !this.#shared.config.suppressEnvoyHeaders) {
      headers.setId(HeaderId.XEnvoyOverloaded, "true");
    }
    if (this.#entry.includeAttemptCountInResponse) {
      headers.setId(HeaderId.XEnvoyAttemptCount, "1");
    }
  }

  /** Ends the attempt and the timers. */
  #stop(): void {
    this.disarmTimeout();
    this.disarmPerTryTimeout();
    const upstream = this.#upstream;
    this.#upstream = undefined;
    upstream?.reset();
  }

  #flag(flag: ResponseFlag): void {
    this.streamInfo.responseFlags |= flag;
  }
}
