import { OwnedBuffer } from "../common/data-buffer.ts";
import { HeaderId } from "../common/headers/header-id.ts";
import { headerMapOf } from "../common/headers/header-map.ts";
import { newUpstreamInfo } from "../common/stream-info.ts";
import type { DataBuffer } from "../contracts/buffer.ts";
import type { Dispatcher, Timer } from "../contracts/event.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../contracts/headers.ts";
import { StreamResetReason } from "../contracts/http/codec.ts";
import type { LocalReply } from "../contracts/http/filter.ts";
import type {
  AsyncClient,
  AsyncClientCall,
  AsyncClientCallbacks,
  AsyncClientFailure,
  AsyncClientRequest,
} from "../contracts/upstream/async-client.ts";
import type {
  ClusterInfo,
  LoadBalancerContext,
  ResponseOrigin,
  ThreadLocalCluster,
} from "../contracts/upstream/cluster.ts";
import { prepareLocalReply } from "../http/filter-manager/local-reply.ts";
import {
  createAttempt,
  type FilteredRequestOwner,
  type UpstreamAttempt,
} from "../http/upstream-request/upstream-attempt.ts";
import { AsyncCallbacks } from "./async-callbacks.ts";

/** Longest response body that is kept (Envoy: `http.async_response_buffer_limit`). */
const responseLimit = 32 * 1_048_576;

/** What a client needs of its worker. */
export interface AsyncClientEnvironment {
  readonly dispatcher: Dispatcher;
  /** This host's address, for `x-forwarded-for`. */
  readonly localAddress: string;
}

/** The requests of the proxy itself to one cluster. */
export class AsyncClientImpl implements AsyncClient {
  readonly #cluster: ThreadLocalCluster;
  readonly #environment: AsyncClientEnvironment;

  constructor(cluster: ThreadLocalCluster, environment: AsyncClientEnvironment) {
    this.#cluster = cluster;
    this.#environment = environment;
  }

  send(request: AsyncClientRequest, callbacks: AsyncClientCallbacks): AsyncClientCall | undefined {
    this.#finishHeaders(request);
    const call = new AsyncCall(this.#cluster, this.#environment.dispatcher, request, callbacks);
    call.start();
    return call.over ? undefined : call;
  }

  #finishHeaders({ headers, timeoutMs, sendXff }: AsyncClientRequest): void {
    headers.setId(HeaderId.XEnvoyInternal, "true");
    if (sendXff) headers.append("x-forwarded-for", this.#environment.localAddress);
    if (timeoutMs > 0) headers.setId(HeaderId.XEnvoyExpectedRqTimeoutMs, String(timeoutMs));
  }
}

/** One request and its response. */
class AsyncCall implements AsyncClientCall, FilteredRequestOwner, LoadBalancerContext {
  readonly callbacks: AsyncCallbacks;
  readonly cluster: ClusterInfo;
  readonly downstreamConnection = undefined;
  readonly streamInfo = undefined;
  /** A callback was called, or the call was cancelled. */
  over = false;
  readonly #cluster: ThreadLocalCluster;
  readonly #dispatcher: Dispatcher;
  readonly #request: AsyncClientRequest;
  readonly #callbacks: AsyncClientCallbacks;
  #attempt: UpstreamAttempt | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #sentMs = 0;
  #headers: ResponseHeaderMap | undefined = undefined;
  readonly #body = new OwnedBuffer();

  constructor(
    cluster: ThreadLocalCluster,
    dispatcher: Dispatcher,
    request: AsyncClientRequest,
    callbacks: AsyncClientCallbacks,
  ) {
    this.callbacks = new AsyncCallbacks(dispatcher);
    this.cluster = cluster.info;
    this.#cluster = cluster;
    this.#dispatcher = dispatcher;
    this.#request = request;
    this.#callbacks = callbacks;
  }

  get requestHeaders(): RequestHeaderMap {
    return this.#request.headers;
  }

  start(): void {
    const pool = this.#cluster.httpConnPool("default", this);
    if (pool === undefined) {
      this.#answer(503, "no healthy upstream");
      return;
    }
    this.#sentMs = this.#dispatcher.time.monotonicMs();
    const { headers, body, trailers, timeoutMs } = this.#request;
    if (timeoutMs > 0) {
      this.#timer = this.#dispatcher.createTimer(() => this.#onTimeout());
      this.#timer.enable(timeoutMs);
    }
    const attempt = this.#createAttempt(headers);
    this.#attempt = attempt;
    const hasBody = body !== undefined && body.length > 0;
    attempt.start(pool, !hasBody && trailers === undefined);
    if (hasBody && !this.over) {
      const data = new OwnedBuffer();
      data.append(body);
      attempt.acceptData(data, trailers === undefined);
    }
    if (trailers !== undefined && !this.over) attempt.acceptTrailers(trailers);
  }

  #createAttempt(headers: RequestHeaderMap): UpstreamAttempt {
    const { httpFilters } = this.#cluster;
    const info = newUpstreamInfo();
    if (httpFilters !== undefined) this.callbacks.streamInfo.upstreamInfo = info;
    return createAttempt(this, info, headers, true, httpFilters);
  }

  cancel(): void {
    if (!this.over) this.#stop();
  }

  // The attempt.

  onUpstreamReady(): void {
    // The request is on its way already.
  }

  onUpstream1xxHeaders(): void {
    // Nobody asks for them.
  }

  onUpstreamHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.#headers = headers;
    const code = Number(headers.getId(HeaderId.Status));
    this.#charge(code);
    if (code < 500) this.#attempt?.host?.stats.rqSuccess.inc();
    const ms = Math.floor(this.#dispatcher.time.monotonicMs() - this.#sentMs);
    headers.setId(HeaderId.XEnvoyUpstreamServiceTime, String(ms));
    if (endStream) this.#complete(undefined);
  }

  onUpstreamData(data: DataBuffer, endStream: boolean): void {
    this.#body.move(data);
    if (this.#body.length > responseLimit) this.#fail("exceed_response_buffer_limit");
    else if (endStream) this.#complete(undefined);
  }

  onUpstreamTrailers(trailers: TrailerMap): void {
    this.#complete(trailers);
  }

  onUpstreamReset(reason: StreamResetReason): void {
    if (this.#headers !== undefined) this.#fail("reset");
    else this.#answerReset(reason);
  }

  onInvalidHead(problem: string): void {
    this.#answer(503, problem);
  }

  /** Told to whoever calls as if the upstream had said it. */
  onFilterReply(reply: LocalReply): void {
    if (this.#headers !== undefined) {
      this.#fail("reset");
      return;
    }
    this.#stop();
    const request = { isHead: false, isGrpc: false };
    const { headers, body } = prepareLocalReply(reply, request, undefined);
    const data = OwnedBuffer.latin1(body);
    this.#callbacks.onSuccess({ headers, body: data, trailers: undefined });
  }

  onFilterReset(): void {
    this.#fail("reset");
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#attempt?.pauseResponse(true);
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#attempt?.pauseResponse(false);
  }

  #onTimeout(): void {
    this.cluster.stats.upstreamRqTimeout.inc();
    this.#attempt?.host?.stats.rqTimeout.inc();
    if (this.#headers === undefined) this.#answer(504, "upstream request timeout");
    else this.#fail("reset");
  }

  #complete(trailers: TrailerMap | undefined): void {
    const ms = Math.floor(this.#dispatcher.time.monotonicMs() - this.#sentMs);
    this.cluster.codeStats.chargeResponseTime(ms, this.#origin);
    this.over = true;
    this.#timer?.disable();
    this.#attempt?.finish();
    this.#callbacks.onSuccess({ headers: this.#headers!, body: this.#body, trailers });
  }

  #answerReset(reason: StreamResetReason): void {
    const code = reason === StreamResetReason.ProtocolError ? 502 : 503;
    this.#answer(
      code,
      `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`,
      reason === StreamResetReason.Overflow,
    );
  }

  /** Answers instead of the upstream. */
  #answer(code: number, text: string, overloaded = false): void {
    this.#charge(code);
    this.#stop();
    const headers = headerMapOf([
      [":status", String(code)],
      ["content-length", String(text.length)],
      ["content-type", "text/plain"],
    ]);
    if (overloaded) headers.addId(HeaderId.XEnvoyOverloaded, "true");
    const body = OwnedBuffer.latin1(text);
    this.#callbacks.onSuccess({ headers, body, trailers: undefined });
  }

  #fail(reason: AsyncClientFailure): void {
    this.#stop();
    this.#callbacks.onFailure(reason);
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
}

const noAttempt: ResponseOrigin = { internal: true, canary: false, host: undefined };
