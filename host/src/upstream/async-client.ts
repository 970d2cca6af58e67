import { OwnedBuffer } from "../common/data-buffer.ts";
import { HeaderId } from "../common/headers/header-id.ts";
import { headerMapOf } from "../common/headers/header-map.ts";
import type { DataBuffer } from "../contracts/buffer.ts";
import type { Dispatcher, Timer } from "../contracts/event.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../contracts/headers.ts";
import {
  type RequestEncoder,
  type ResponseDecoder,
  type StreamCallbacks,
  StreamResetReason,
} from "../contracts/http/codec.ts";
import type {
  AsyncClient,
  AsyncClientCall,
  AsyncClientCallbacks,
  AsyncClientFailure,
  AsyncClientRequest,
} from "../contracts/upstream/async-client.ts";
import type {
  HttpPoolCallbacks,
  LoadBalancerContext,
  PoolCancellable,
  PoolFailureReason,
  PoolReady,
  ResponseOrigin,
  ThreadLocalCluster,
} from "../contracts/upstream/cluster.ts";
import type { HostDescription } from "../contracts/upstream/host.ts";

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
class AsyncCall
  implements
    AsyncClientCall,
    ResponseDecoder,
    HttpPoolCallbacks,
    StreamCallbacks,
    LoadBalancerContext,
    ResponseOrigin
{
  readonly downstreamConnection = undefined;
  readonly streamInfo = undefined;
  readonly internal = true;
  canary = false;
  host: HostDescription | undefined = undefined;
  /** A callback was called, or the call was cancelled. */
  over = false;
  readonly #cluster: ThreadLocalCluster;
  readonly #dispatcher: Dispatcher;
  readonly #request: AsyncClientRequest;
  readonly #callbacks: AsyncClientCallbacks;
  #cancellable: PoolCancellable | undefined = undefined;
  #encoder: RequestEncoder | undefined = undefined;
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
    const { timeoutMs } = this.#request;
    if (timeoutMs > 0) {
      this.#timer = this.#dispatcher.createTimer(() => this.#onTimeout());
      this.#timer.enable(timeoutMs);
    }
    const cancellable = pool.newStream(this, this);
    if (!this.over && this.#encoder === undefined) this.#cancellable = cancellable;
  }

  cancel(): void {
    if (!this.over) this.#stop();
  }

  // The pool.

  onPoolReady(ready: PoolReady): void {
    const { headers, body, trailers } = this.#request;
    this.#cancellable = undefined;
    this.host = ready.host;
    this.canary = ready.host.canary;
    const { encoder } = ready;
    this.#encoder = encoder;
    encoder.stream.addCallbacks(this);
    const hasBody = body !== undefined && body.length > 0;
    const problem = encoder.encodeHeaders(headers, !hasBody && trailers === undefined);
    if (problem !== undefined) {
      this.#answer(503, problem);
      return;
    }
    if (hasBody) {
      const data = new OwnedBuffer();
      data.append(body);
      encoder.encodeData(data, trailers === undefined);
    }
    if (trailers !== undefined) encoder.encodeTrailers(trailers);
  }

  onPoolFailure(
    reason: PoolFailureReason,
    _transportFailureReason: string,
    host: HostDescription | undefined,
  ): void {
    this.#cancellable = undefined;
    this.host = host;
    this.#answerReset(poolResets[reason]);
  }

  // The response.

  decode1xxHeaders(): void {
    // Nobody asks for them.
  }

  decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.#headers = headers;
    const code = Number(headers.getId(HeaderId.Status));
    this.#charge(code);
    const { stats } = this.host!;
    if (code < 500) stats.rqSuccess.inc();
    const ms = Math.floor(this.#dispatcher.time.monotonicMs() - this.#sentMs);
    headers.setId(HeaderId.XEnvoyUpstreamServiceTime, String(ms));
    if (endStream) this.#complete(undefined);
  }

  decodeData(data: DataBuffer, endStream: boolean): void {
    this.#body.move(data);
    if (this.#body.length > responseLimit) this.#fail("exceed_response_buffer_limit");
    else if (endStream) this.#complete(undefined);
  }

  decodeTrailers(trailers: TrailerMap): void {
    this.#complete(trailers);
  }

  onResetStream(reason: StreamResetReason): void {
    if (this.over) return;
    this.#encoder = undefined;
    if (this.#headers === undefined) this.#answerReset(reason);
    else this.#fail("reset");
  }

  onAboveWriteBufferHighWatermark(): void {
    // The whole request is in memory already.
  }

  onBelowWriteBufferLowWatermark(): void {
    // The same.
  }

  #onTimeout(): void {
    this.#cluster.info.stats.upstreamRqTimeout.inc();
    this.host?.stats.rqTimeout.inc();
    if (this.#headers === undefined) this.#answer(504, "upstream request timeout");
    else this.#fail("reset");
  }

  #complete(trailers: TrailerMap | undefined): void {
    const ms = Math.floor(this.#dispatcher.time.monotonicMs() - this.#sentMs);
    this.#cluster.info.codeStats.chargeResponseTime(ms, this);
    this.over = true;
    this.#timer?.disable();
    this.#encoder?.stream.removeCallbacks(this);
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
    this.#cluster.info.codeStats.chargeResponse(code, this);
    if (code >= 500) this.host?.stats.rqError.inc();
  }

  #stop(): void {
    this.over = true;
    this.#timer?.disable();
    this.#cancellable?.cancel();
    const stream = this.#encoder?.stream;
    stream?.removeCallbacks(this);
    stream?.resetStream(StreamResetReason.LocalReset);
  }
}

const poolResets: { readonly [reason in PoolFailureReason]: StreamResetReason } = {
  overflow: StreamResetReason.Overflow,
  local_connection_failure: StreamResetReason.LocalConnectionFailure,
  remote_connection_failure: StreamResetReason.RemoteConnectionFailure,
  timeout: StreamResetReason.ConnectionTimeout,
};
