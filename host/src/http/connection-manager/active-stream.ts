import { HeaderId } from "../../common/headers/header-id.ts";
import { HeaderMapImpl } from "../../common/headers/header-map.ts";
import { StreamInfoImpl } from "../../common/stream-info.ts";
import type { DataBuffer } from "../../contracts/buffer.ts";
import type { Dispatcher } from "../../contracts/event.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import {
  StreamResetReason,
  type RequestDecoder,
  type ResponseEncoder,
  type StreamCallbacks,
} from "../../contracts/http/codec.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import type { Connection } from "../../contracts/network/connection.ts";
import type { Route, RouteEntry, RouteTable } from "../../contracts/router/route.ts";
import { ResponseFlag, type StreamInfo } from "../../contracts/stream-info.ts";
import { FilterManager } from "../filter-manager/filter-manager.ts";
import type { FilterManagerCallbacks } from "../filter-manager/filter-manager-callbacks.ts";
import type { SharedState } from "./connection-manager-options.ts";
import { refusalOf } from "./request-checks.ts";
import { statusOf } from "./response-headers.ts";
import { streamDurationMs } from "./stream-duration.ts";
import type { StreamWithDeadlines } from "./stream-deadlines.ts";
import { agreesToUpgrade, hasOwnBody, isUpgradeAllowed, upgradeTypeOf } from "./upgrades.ts";

/** What a stream needs of the connection that it is on. */
export interface StreamOwner {
  readonly shared: SharedState;
  readonly connection: Connection;
  /** The codec's name for what is spoken: `HTTP/1.1`. */
  readonly protocol: string;
  /** Several requests at a time: HTTP/2. */
  readonly multiplexes: boolean;
  /** True when the codec cannot take another request. */
  readonly codecClosing: boolean;
  /** The peer has closed the connection. */
  readonly remoteClosed: boolean;
  /** The response's head is about to be sent: true when it must say `connection: close`. */
  onResponseHead(stream: ActiveStream): boolean;
  /** The exchange is over, or has to be ended. */
  endStream(stream: ActiveStream): void;
  /** The codec has given the stream up. */
  onStreamReset(stream: ActiveStream): void;
  watchDeadline(deadlineMs: number): void;
}

/** Of gRPC. */
const deadlineExceeded = 4;

/** `%RESPONSE_CODE_DETAILS%` of what ends streams from here. */
const Details = {
  StreamIdleTimeout: "stream_idle_timeout",
  RequestOverallTimeout: "request_overall_timeout",
  RequestHeaderTimeout: "request_header_timeout",
  MaxDurationTimeout: "max_duration_timeout",
  UpgradeFailed: "upgrade_failed",
  DownstreamRemoteDisconnect: "downstream_remote_disconnect",
} as const;

/**
 * One request and its response. Between codec and filter manager in both directions: prepares heads, keeps time,
 * counts, remembers the route, and writes the access log at the end.
 */
export class ActiveStream
  implements RequestDecoder, StreamCallbacks, FilterManagerCallbacks, StreamWithDeadlines
{
  readonly streamInfo: StreamInfo;
  readonly streamId: number;
  readonly filterManager: FilterManager;
  readonly encoder: ResponseEncoder;
  readonly #owner: StreamOwner;
  readonly #shared: SharedState;
  /** Neighbours in the connection's list; its own business. */
  next: ActiveStream | undefined = undefined;
  previous: ActiveStream | undefined = undefined;

  /** The client, or something about the request, wants the connection closed after the response. */
  sawConnectionClose = false;
  /** The codec was given the whole response. */
  codecSawLocalComplete = false;
  ended = false;
  #headersDecoded = false;
  /** The request was not refused at once: there is something to find a route for. */
  #accepted = false;
  #route: Route | undefined = undefined;
  /** The one of the first look-up: a stream keeps it, whatever comes meanwhile. */
  #routeTable: RouteTable | undefined = undefined;
  #routeCached = false;
  /** For weighted clusters and fractions: the same at every match. Drawn when first needed. */
  #random = -1;
  #readDisabled = 0;
  /** The protocol that was asked for, in lower case; empty: none. */
  #upgrade = "";
  #upgraded = false;

  /** Monotonic milliseconds; `Infinity`: no limit. */
  #lastActiveMs: number;
  #idleTimeoutMs: number;
  #requestDeadlineMs: number;
  #headersDeadlineMs: number;
  #durationDeadlineMs: number;

  constructor(owner: StreamOwner, encoder: ResponseEncoder) {
    const { connection, shared } = owner;
    const { config } = shared;
    this.#owner = owner;
    this.#shared = shared;
    this.encoder = encoder;
    this.streamInfo = new StreamInfoImpl(shared.clock, connection.streamInfo);
    this.streamInfo.downstreamRemoteAddress = connection.remoteAddress;
    this.streamInfo.protocol = owner.protocol;
    this.streamId = shared.nextStreamId();
    this.filterManager = new FilterManager(this, shared.filterChain, encoder.stream.bufferLimit);
    const now = this.streamInfo.startTimeMs;
    this.#lastActiveMs = now;
    this.#idleTimeoutMs = limit(config.streamIdleTimeoutMs);
    this.#requestDeadlineMs = now + limit(config.requestTimeoutMs);
    this.#headersDeadlineMs = now + limit(config.requestHeadersTimeoutMs);
    this.#durationDeadlineMs = now + limit(config.maxStreamDurationMs);
    owner.watchDeadline(this.#earliestDeadline());
    shared.stats.downstreamRqTotal.inc();
    if (owner.multiplexes) shared.stats.downstreamRqHttp2Total.inc();
    else shared.stats.downstreamRqHttp1Total.inc();
    encoder.stream.setFlushTimeout?.(config.streamIdleTimeoutMs);
    shared.stats.downstreamRqActive.inc();
    encoder.stream.addCallbacks(this);
  }

  get connection(): Connection {
    return this.#owner.connection;
  }

  get dispatcher(): Dispatcher {
    return this.#shared.dispatcher;
  }

  get proxy100Continue(): boolean {
    return this.#shared.config.proxy100Continue;
  }

  // ---- the request, from the codec

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): void {
    const { config } = this.#shared;
    const streamInfo = this.streamInfo;
    this.#headersDecoded = true;
    this.#headersDeadlineMs = Infinity;
    this.#lastActiveMs = this.#shared.clock.monotonicMs();
    this.filterManager.setRequestHeaders(headers);
    streamInfo.protocol = this.#owner.protocol;
    this.sawConnectionClose = this.#owner.codecClosing;
    if (endStream) this.#endDecode();
    if (headers.hasId(HeaderId.Expect) && !config.proxy100Continue) this.#answerExpect(headers);
    if (this.#refuse(headers)) return;
    this.#accepted = true;
    const upgrade = upgradeTypeOf(headers);
    if (upgrade !== "" && !hasOwnBody(headers)) this.#upgrade = upgrade;
    const { requestHeaders } = this.#shared;
    streamInfo.downstreamRemoteAddress = requestHeaders.mutate(
      headers,
      this.connection,
      upgrade !== "",
    );
    streamInfo.streamId = headers.getId(HeaderId.XRequestId) ?? "";
    const route = this.route();
    if (route?.routeEntry !== undefined) this.#takeLimits(route.routeEntry, headers);
    this.filterManager.createFilterChain();
    if (upgrade !== "" && this.#refuseUpgrade(route)) return;
    this.filterManager.decodeHeaders(endStream);
  }

  decodeData(data: DataBuffer, endStream: boolean): void {
    if (this.ended) {
      data.drain(data.length);
      return;
    }
    this.streamInfo.bytesReceived += data.length;
    if (endStream) this.#endDecode();
    this.filterManager.decodeData(data, endStream);
  }

  decodeTrailers(trailers: TrailerMap): void {
    if (this.ended) return;
    this.resetIdleTimer();
    this.#endDecode();
    this.filterManager.decodeTrailers(trailers);
  }

  decodeMetadata(metadata: MetadataMap): void {
    if (this.ended) return;
    this.resetIdleTimer();
    this.filterManager.decodeMetadata(metadata);
  }

  /** The codec refuses the request. */
  sendLocalReply(code: number, body: string, details: string): void {
    if (this.ended) return;
    this.streamInfo.responseFlags |= ResponseFlag.DownstreamProtocolError;
    this.sawConnectionClose = true;
    this.filterManager.sendLocalReply({ code, body, details });
  }

  #endDecode(): void {
    this.filterManager.remoteDecodeComplete = true;
    this.streamInfo.lastRxByteMs = this.#shared.clock.monotonicMs();
  }

  /** We answer `Expect: 100-continue` at once: there is no upstream yet that could. */
  #answerExpect(headers: RequestHeaderMap): void {
    if (headers.getId(HeaderId.Expect)!.toLowerCase() !== "100-continue") return;
    const answer = new HeaderMapImpl();
    answer.addId(HeaderId.Status, "100");
    this.#shared.stats.chargeResponse(100);
    this.encoder.encode1xxHeaders(answer);
    headers.removeId(HeaderId.Expect);
  }

  /** Answers a request that no filter and no route may see; true when it did. */
  #refuse(headers: RequestHeaderMap): boolean {
    const refusal = refusalOf(headers, this.#shared, this.connection);
    if (refusal === undefined) return false;
    this.filterManager.sendLocalReply(refusal);
    return true;
  }

  /**
   * Without an upgrade that is configured, what follows the head could be another protocol or a smuggled request:
   * nothing more is read from this connection. With one, it is read once the upstream has agreed.
   */
  #refuseUpgrade(route: Route | undefined): boolean {
    this.sawConnectionClose = true;
    if (route === undefined) return false;
    if (isUpgradeAllowed(this.#upgrade, this.#shared.config.upgrades, route)) {
      this.disarmRequestTimeout();
      this.encoder.stream.readDisable(true);
      return false;
    }
    this.#upgrade = "";
    this.#shared.stats.downstreamRqWsOnNonWsRoute.inc();
    this.filterManager.sendLocalReply({ code: 403, body: "", details: Details.UpgradeFailed });
    return true;
  }

  // ---- the route

  route(): Route | undefined {
    if (this.#routeCached || !this.#accepted) return this.#route;
    this.#routeCached = true;
    const headers = this.filterManager.requestHeaders;
    // Envoy matches nothing without x-forwarded-proto.
    if (
      headers !== undefined &&
      (headers.hasId(HeaderId.Path) || headers.getId(HeaderId.Method) === "CONNECT") &&
      (headers.getId(HeaderId.XForwardedProto) ?? "") !== ""
    ) {
      if (this.#random < 0) this.#random = this.#shared.dispatcher.random.uint32();
      this.#routeTable ??= this.#shared.routeTable;
      this.#route = this.#routeTable.route(headers, this.streamInfo, this.#random);
    } else {
      this.#route = undefined;
    }
    this.streamInfo.route = this.#route;
    this.streamInfo.routeName = this.#route?.name ?? "";
    this.streamInfo.virtualHostName = this.#route?.virtualHostName ?? "";
    return this.#route;
  }

  clearRouteCache(): void {
    this.#routeCached = false;
  }

  // ---- the response, from the encoder chain

  encode1xxHeaders(headers: ResponseHeaderMap): void {
    this.#shared.responseHeaders.mutateInformational(headers);
    this.#shared.stats.chargeResponse(statusOf(headers));
    this.encoder.encode1xxHeaders(headers);
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    const { requestHeaders } = this.filterManager;
    const code = statusOf(headers);
    this.#shared.responseHeaders.mutate(headers, requestHeaders, this.#lastActiveMs);
    if (this.streamInfo.drainConnectionUponCompletion) this.sawConnectionClose = true;
    if (this.#upgrade !== "" && agreesToUpgrade(code, this.#upgrade)) this.#onUpgraded(headers);
    else if (this.#owner.onResponseHead(this)) headers.setId(HeaderId.Connection, "close");
    this.streamInfo.responseCode = code;
    this.streamInfo.firstTxByteMs = this.#lastActiveMs;
    this.#shared.stats.chargeResponse(code);
    if (endStream) this.#endEncode();
    this.encoder.encodeHeaders(headers, endStream);
  }

  /** From here on both sides speak the other protocol, and only the idle timeout is left. */
  #onUpgraded(headers: ResponseHeaderMap): void {
    if (this.#upgrade === "connect") {
      headers.removeId(HeaderId.ContentLength);
    } else {
      headers.setId(HeaderId.Upgrade, this.#upgrade);
      headers.setId(HeaderId.Connection, "upgrade");
    }
    this.#upgraded = true;
    this.#shared.stats.downstreamCxUpgradesTotal.inc();
    this.#shared.stats.downstreamCxUpgradesActive.inc();
    this.encoder.stream.readDisable(false);
  }

  encodeData(data: DataBuffer, endStream: boolean): void {
    this.streamInfo.bytesSent += data.length;
    if (endStream) this.#endEncode();
    this.encoder.encodeData(data, endStream);
  }

  encodeTrailers(trailers: TrailerMap): void {
    this.#endEncode();
    this.encoder.encodeTrailers(trailers);
  }

  encodeMetadata(metadata: MetadataMap): void {
    this.encoder.encodeMetadata(metadata);
  }

  endStream(): void {
    if (this.ended) return;
    const { startTimeMs, lastTxByteMs } = this.streamInfo;
    this.#shared.stats.downstreamRqTime.record(lastTxByteMs - startTimeMs);
    this.#owner.endStream(this);
  }

  resetStream(_reason: StreamResetReason, details: string): void {
    if (this.ended) return;
    if (details !== "") this.streamInfo.responseCodeDetails = details;
    this.#shared.stats.downstreamRqTxReset.inc();
    this.#owner.endStream(this);
  }

  /** The filter manager has just said that the stream is active, which is when this happens. */
  #endEncode(): void {
    this.codecSawLocalComplete = true;
    this.streamInfo.lastTxByteMs = this.#lastActiveMs;
  }

  // ---- notifications of the filter manager

  onLocalReply(code: number): void {
    // A 400 says that the message made no sense; the next one on this connection may be made of its rest.
    if (code === 400) this.sawConnectionClose = true;
  }

  onRequestDataTooLarge(): void {
    this.#shared.stats.downstreamRqTooLarge.inc();
  }

  onResponseDataTooLarge(): void {
    this.#shared.stats.rsTooLarge.inc();
  }

  onDecoderFilterAboveWriteBufferHighWatermark(): void {
    if (this.ended) return;
    this.#readDisabled += 1;
    this.#shared.stats.downstreamFlowControlPausedReadingTotal.inc();
    this.encoder.stream.readDisable(true);
  }

  onDecoderFilterBelowWriteBufferLowWatermark(): void {
    if (this.ended || this.#readDisabled === 0) return;
    this.#readDisabled -= 1;
    this.#shared.stats.downstreamFlowControlResumedReadingTotal.inc();
    this.encoder.stream.readDisable(false);
  }

  // ---- notifications of the codec

  onResetStream(reason: StreamResetReason, details: string): void {
    if (this.ended) return;
    if (details !== "") this.streamInfo.responseCodeDetails = details;
    this.streamInfo.responseFlags |= downstreamResetFlag(reason);
    this.#owner.onStreamReset(this);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.filterManager.callHighWatermarkCallbacks();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.filterManager.callLowWatermarkCallbacks();
  }

  // ---- time limits

  resetIdleTimer(): void {
    this.#lastActiveMs = this.#shared.dispatcher.time.monotonicMs();
  }

  disarmRequestTimeout(): void {
    this.#requestDeadlineMs = Infinity;
  }

  checkDeadlines(nowMs: number): number {
    if (this.ended) return Infinity;
    const stats = this.#shared.stats;
    if (nowMs >= this.#headersDeadlineMs && !this.#headersDecoded) {
      stats.downstreamRqHeaderTimeout.inc();
      this.#timeOut(408, "request header timeout", Details.RequestHeaderTimeout);
    } else if (nowMs >= this.#requestDeadlineMs) {
      stats.downstreamRqTimeout.inc();
      this.#timeOut(408, "request timeout", Details.RequestOverallTimeout);
    } else if (nowMs >= this.#durationDeadlineMs) {
      stats.downstreamRqMaxDurationReached.inc();
      const text = "downstream duration timeout";
      this.#timeOut(this.#timeoutCode, text, Details.MaxDurationTimeout, deadlineExceeded);
    } else if (nowMs >= this.#lastActiveMs + this.#idleTimeoutMs) {
      stats.downstreamRqIdleTimeout.inc();
      this.streamInfo.responseFlags |= ResponseFlag.StreamIdleTimeout;
      this.#timeOut(this.#timeoutCode, "stream timeout", Details.StreamIdleTimeout);
    }
    return this.ended ? Infinity : this.#earliestDeadline();
  }

  /** The route's limits take the place of the connection manager's. */
  #takeLimits(entry: RouteEntry, headers: RequestHeaderMap): void {
    const { idleTimeoutMs, streamDuration } = entry;
    if (idleTimeoutMs === undefined && streamDuration === undefined) return;
    if (idleTimeoutMs !== undefined) this.#idleTimeoutMs = limit(idleTimeoutMs);
    if (streamDuration !== undefined) {
      const general = limit(this.#shared.config.maxStreamDurationMs);
      const most = streamDurationMs(headers, streamDuration, general);
      this.#durationDeadlineMs = this.streamInfo.startTimeMs + most;
    }
    this.#owner.watchDeadline(this.#earliestDeadline());
  }

  /** Who was too slow: the client, or what is behind us. */
  get #timeoutCode(): number {
    return this.filterManager.remoteDecodeComplete ? 504 : 408;
  }

  #timeOut(code: number, body: string, details: string, grpcStatus?: number): void {
    this.#headersDeadlineMs = Infinity;
    this.#requestDeadlineMs = Infinity;
    this.resetIdleTimer();
    this.filterManager.sendLocalReply({ code, body, details, grpcStatus });
  }

  #earliestDeadline(): number {
    return Math.min(
      this.#headersDeadlineMs,
      this.#requestDeadlineMs,
      this.#durationDeadlineMs,
      this.#lastActiveMs + this.#idleTimeoutMs,
    );
  }

  // ---- the end

  /** The last thing that happens to a stream: completes its record, logs, destroys the filters. */
  complete(): void {
    this.ended = true;
    const streamInfo = this.streamInfo;
    this.encoder.stream.removeCallbacks(this);
    const whole = this.codecSawLocalComplete && this.filterManager.remoteDecodeComplete;
    if (!whole) this.resetIdleTimer();
    streamInfo.endTimeMs = this.#lastActiveMs;
    if (this.#owner.remoteClosed) {
      streamInfo.responseCodeDetails = Details.DownstreamRemoteDisconnect;
      streamInfo.responseFlags |= ResponseFlag.DownstreamConnectionTermination;
    }
    this.#shared.stats.downstreamRqActive.dec();
    if (this.#upgraded) this.#shared.stats.downstreamCxUpgradesActive.dec();
    this.filterManager.onStreamComplete();
    const logs = this.#shared.accessLogs;
    // Filters first: what they still put into the filter state can be printed.
    this.filterManager.log();
    for (let i = 0; i < logs.length; i += 1) logs[i]!.log(streamInfo, "DownstreamEnd");
    this.filterManager.destroyFilters();
  }
}

/** Who ended the stream before its time. */
function downstreamResetFlag(reason: StreamResetReason): number {
  if (reason === StreamResetReason.ProtocolError) return ResponseFlag.DownstreamProtocolError;
  // Only the codec resets streams locally behind our back: for what the client has sent.
  const byPeer =
    reason === StreamResetReason.LocalReset ||
    reason === StreamResetReason.RemoteReset ||
    reason === StreamResetReason.RemoteRefusedStreamReset ||
    reason === StreamResetReason.ConnectError;
  return byPeer ? ResponseFlag.DownstreamRemoteReset : 0;
}

/** A configured time, where 0 means none. */
function limit(ms: number): number {
  return ms === 0 ? Infinity : ms;
}
