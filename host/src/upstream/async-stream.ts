import { OwnedBuffer } from "../common/data-buffer.ts";
import { HeaderId } from "../common/headers/header-id.ts";
import { newUpstreamInfo } from "../common/stream-info.ts";
import type { DataBuffer } from "../contracts/buffer.ts";
import type { Dispatcher, Timer } from "../contracts/event.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../contracts/headers.ts";
import { StreamResetReason } from "../contracts/http/codec.ts";
import type { LocalReply } from "../contracts/http/filter.ts";
import type {
  AsyncClientStream,
  AsyncClientStreamCallbacks,
  AsyncClientStreamOptions,
} from "../contracts/upstream/async-client.ts";
import type {
  ClusterInfo,
  LoadBalancerContext,
  ResponseOrigin,
  ThreadLocalCluster,
} from "../contracts/upstream/cluster.ts";
import { isGrpcRequest, prepareLocalReply } from "../http/filter-manager/local-reply.ts";
import { resetDetails } from "../http/upstream-request/reset-reason.ts";
import {
  createAttempt,
  type FilteredRequestOwner,
  type UpstreamAttempt,
} from "../http/upstream-request/upstream-attempt.ts";
import { AsyncCallbacks, type RequestSource } from "./async-callbacks.ts";

/** What a client needs of its worker. */
export interface AsyncClientEnvironment {
  readonly dispatcher: Dispatcher;
  /** This host's address, for `x-forwarded-for`. */
  readonly localAddress: string;
}

/** One request of the proxy itself, and its response, part by part. */
export class AsyncStream
  implements AsyncClientStream, FilteredRequestOwner, LoadBalancerContext, RequestSource
{
  readonly callbacks: AsyncCallbacks;
  readonly cluster: ClusterInfo;
  readonly downstreamConnection = undefined;
  readonly streamInfo = undefined;
  requestHeaders: RequestHeaderMap | undefined = undefined;
  responseDetails = "";
  /** The last callback was called, or the stream was reset. */
  over = false;
  readonly #cluster: ThreadLocalCluster;
  readonly #environment: AsyncClientEnvironment;
  readonly #options: AsyncClientStreamOptions;
  readonly #callbacks: AsyncClientStreamCallbacks;
  #attempt: UpstreamAttempt | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #sentMs = 0;
  #requestEnded = false;
  #responseBegun = false;

  constructor(
    cluster: ThreadLocalCluster,
    environment: AsyncClientEnvironment,
    options: AsyncClientStreamOptions,
    callbacks: AsyncClientStreamCallbacks,
  ) {
    const { perConnectionBufferLimitBytes } = cluster.info;
    this.callbacks = new AsyncCallbacks(
      environment.dispatcher,
      perConnectionBufferLimitBytes,
      this,
    );
    this.cluster = cluster.info;
    this.#cluster = cluster;
    this.#environment = environment;
    this.#options = options;
    this.#callbacks = callbacks;
  }

  sendHeaders(headers: RequestHeaderMap, endStream: boolean): void {
    this.#finishHeaders(headers);
    this.requestHeaders = headers;
    const pool = this.#cluster.httpConnPool("default", this);
    if (pool === undefined) {
      this.#answer({ code: 503, body: "no healthy upstream", details: "no_healthy_upstream" });
      return;
    }
    this.#sentMs = this.#nowMs();
    if (endStream) this.#requestEnds();
    const { httpFilters } = this.#cluster;
    const info = newUpstreamInfo();
    if (httpFilters !== undefined) this.callbacks.streamInfo.upstreamInfo = info;
    this.#attempt = createAttempt(this, info, headers, true, httpFilters);
    this.#attempt.start(pool, endStream);
  }

  sendData(data: DataBuffer, endStream: boolean): void {
    if (this.over) {
      data.drain(data.length);
      return;
    }
    if (endStream) this.#requestEnds();
    this.#attempt?.acceptData(data, endStream);
  }

  sendTrailers(trailers: TrailerMap): void {
    if (this.over) return;
    this.#requestEnds();
    this.#attempt?.acceptTrailers(trailers);
  }

  reset(): void {
    if (!this.over) this.#stop();
  }

  #finishHeaders(headers: RequestHeaderMap): void {
    const { timeoutMs, sendXff, skipEnvoyHeaders = false } = this.#options;
    setScheme(headers);
    if (!skipEnvoyHeaders) headers.setId(HeaderId.XEnvoyInternal, "true");
    if (sendXff && !skipEnvoyHeaders)
      headers.append("x-forwarded-for", this.#environment.localAddress);
    if (timeoutMs > 0) headers.setId(HeaderId.XEnvoyExpectedRqTimeoutMs, String(timeoutMs));
  }

  #requestEnds(): void {
    this.#requestEnded = true;
    this.#sentMs = this.#nowMs();
    if (this.#options.timeoutMs === 0) return;
    this.#timer = this.#environment.dispatcher.createTimer(() => this.#onTimeout());
    this.#timer.enable(this.#options.timeoutMs);
  }

  // The attempt.

  onUpstreamReady(): void {
    // The request is on its way already.
  }

  onUpstream1xxHeaders(): void {
    // Nobody asks for them.
  }

  onUpstreamHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.#responseBegun = true;
    this.responseDetails = "via_upstream";
    const code = Number(headers.getId(HeaderId.Status));
    this.#charge(code);
    if (code < 500) this.#attempt?.host?.stats.rqSuccess.inc();
    headers.setId(HeaderId.XEnvoyUpstreamServiceTime, this.#msSinceSent().toString());
    if (endStream) this.#complete();
    this.#callbacks.onHeaders(headers, endStream);
  }

  onUpstreamData(data: DataBuffer, endStream: boolean): void {
    if (endStream) this.#complete();
    this.#callbacks.onData(data, endStream);
  }

  onUpstreamTrailers(trailers: TrailerMap): void {
    this.#complete();
    this.#callbacks.onTrailers(trailers);
  }

  onUpstreamMetadata(): void {
    // Callouts have no use for it.
  }

  onUpstreamReset(reason: StreamResetReason, details: string): void {
    if (this.#responseBegun) {
      this.#break();
      return;
    }
    const overloaded = reason === StreamResetReason.Overflow;
    this.#answer({
      code: reason === StreamResetReason.ProtocolError ? 502 : 503,
      body: `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`,
      details: resetDetails(reason, details, false),
      modifyHeaders: (headers) => {
        if (overloaded) headers.addId(HeaderId.XEnvoyOverloaded, "true");
      },
    });
  }

  onInvalidHead(problem: string): void {
    this.#answer({ code: 503, body: problem, details: `invalid_header_in_request{${problem}}` });
  }

  /** Told to whoever calls as if the upstream had said it. */
  onFilterReply(reply: LocalReply): void {
    if (this.#responseBegun) this.#break();
    else this.#reply(reply);
  }

  onFilterReset(): void {
    this.#break();
  }

  // Back-pressure. The attempt hears of a slow client in the first two, the client of a slow upstream in the others.

  onAboveWriteBufferHighWatermark(): void {
    this.#attempt?.pauseResponse(true);
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#attempt?.pauseResponse(false);
  }

  onDecoderFilterAboveWriteBufferHighWatermark(): void {
    this.#callbacks.onAboveWriteBufferHighWatermark();
  }

  onDecoderFilterBelowWriteBufferLowWatermark(): void {
    this.#callbacks.onBelowWriteBufferLowWatermark();
  }

  #onTimeout(): void {
    this.cluster.stats.upstreamRqTimeout.inc();
    this.#attempt?.host?.stats.rqTimeout.inc();
    const body = "upstream request timeout";
    if (this.#responseBegun) this.#break();
    else this.#answer({ code: 504, body, details: "response_timeout" });
  }

  /** The response is whole. */
  #complete(): void {
    this.cluster.codeStats.chargeResponseTime(this.#msSinceSent(), this.#origin);
    this.over = true;
    this.#timer?.disable();
    if (this.#requestEnded) this.#attempt?.finish();
    else this.#attempt?.reset();
  }

  /** Answers instead of the upstream. */
  #answer(reply: LocalReply): void {
    this.#charge(reply.code);
    this.#reply(reply);
  }

  #reply(reply: LocalReply): void {
    this.#stop();
    this.responseDetails = reply.details;
    const isGrpc = this.requestHeaders !== undefined && isGrpcRequest(this.requestHeaders);
    const { headers, body } = prepareLocalReply(reply, { isHead: false, isGrpc }, undefined);
    this.#callbacks.onHeaders(headers, body === "");
    if (body !== "") this.#callbacks.onData(OwnedBuffer.latin1(body), true);
  }

  #break(): void {
    this.#stop();
    this.#callbacks.onReset();
  }

  #charge(code: number): void {
    this.cluster.codeStats.chargeResponse(code, this.#origin);
    if (code >= 500) this.#attempt?.host?.stats.rqError.inc();
  }

  get #origin(): ResponseOrigin {
    return this.#attempt ?? noAttempt;
  }

  #stop(): void {
    this.over = true;
    this.#timer?.disable();
    this.#attempt?.reset();
  }

  #msSinceSent(): number {
    return Math.floor(this.#nowMs() - this.#sentMs);
  }

  #nowMs(): number {
    return this.#environment.dispatcher.time.monotonicMs();
  }
}

const noAttempt: ResponseOrigin = { internal: true, canary: false, host: undefined };

/** As Envoy's router does for a request that has no usable one: over HTTP/2 there must be one. */
function setScheme(headers: RequestHeaderMap): void {
  if (isScheme(headers.getId(HeaderId.Scheme))) return;
  const forwarded = headers.getId(HeaderId.XForwardedProto);
  headers.setId(HeaderId.Scheme, isScheme(forwarded) ? forwarded : "http");
}

function isScheme(text: string | undefined): text is string {
  const lower = text?.toLowerCase();
  return lower === "http" || lower === "https";
}
