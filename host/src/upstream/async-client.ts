import { OwnedBuffer } from "../common/data-buffer.ts";
import type { DataBuffer } from "../contracts/buffer.ts";
import type { ResponseHeaderMap, TrailerMap } from "../contracts/headers.ts";
import type {
  AsyncClient,
  AsyncClientCall,
  AsyncClientCallbacks,
  AsyncClientFailure,
  AsyncClientRequest,
  AsyncClientStream,
  AsyncClientStreamCallbacks,
  AsyncClientStreamOptions,
} from "../contracts/upstream/async-client.ts";
import type { ThreadLocalCluster } from "../contracts/upstream/cluster.ts";
import { type AsyncClientEnvironment, AsyncStream } from "./async-stream.ts";

/** Longest response body that is kept (Envoy: `http.async_response_buffer_limit`). */
const responseLimit = 32 * 1_048_576;

/** The requests of the proxy itself to one cluster. */
export class AsyncClientImpl implements AsyncClient {
  readonly #cluster: ThreadLocalCluster;
  readonly #environment: AsyncClientEnvironment;

  constructor(cluster: ThreadLocalCluster, environment: AsyncClientEnvironment) {
    this.#cluster = cluster;
    this.#environment = environment;
  }

  start(
    options: AsyncClientStreamOptions,
    callbacks: AsyncClientStreamCallbacks,
  ): AsyncClientStream {
    return new AsyncStream(this.#cluster, this.#environment, options, callbacks);
  }

  send(request: AsyncClientRequest, callbacks: AsyncClientCallbacks): AsyncClientCall | undefined {
    const call = new AsyncCall(callbacks);
    call.start(request, this.start(request, call));
    return call.over ? undefined : call;
  }
}

/** One request and its response, each as a whole. */
class AsyncCall implements AsyncClientCall, AsyncClientStreamCallbacks {
  /** A callback was called, or the call was cancelled. */
  over = false;
  readonly #callbacks: AsyncClientCallbacks;
  #stream: AsyncClientStream | undefined = undefined;
  #headers: ResponseHeaderMap | undefined = undefined;
  readonly #body = new OwnedBuffer();

  constructor(callbacks: AsyncClientCallbacks) {
    this.#callbacks = callbacks;
  }

  start({ headers, body, trailers }: AsyncClientRequest, stream: AsyncClientStream): void {
    this.#stream = stream;
    const hasBody = body !== undefined && body.length > 0;
    stream.sendHeaders(headers, !hasBody && trailers === undefined);
    if (hasBody && !this.over) stream.sendData(OwnedBuffer.of(body), trailers === undefined);
    if (trailers !== undefined && !this.over) stream.sendTrailers(trailers);
  }

  cancel(): void {
    this.over = true;
    this.#stream?.reset();
  }

  onHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.#headers = headers;
    if (endStream) this.#complete(undefined);
  }

  onData(data: DataBuffer, endStream: boolean): void {
    this.#body.move(data);
    if (this.#body.length > responseLimit) this.#fail("exceed_response_buffer_limit");
    else if (endStream) this.#complete(undefined);
  }

  onTrailers(trailers: TrailerMap): void {
    this.#complete(trailers);
  }

  onReset(): void {
    this.#fail("reset");
  }

  onAboveWriteBufferHighWatermark(): void {
    // All of the request is there already.
  }

  onBelowWriteBufferLowWatermark(): void {
    // As above.
  }

  #complete(trailers: TrailerMap | undefined): void {
    this.over = true;
    this.#callbacks.onSuccess({ headers: this.#headers!, body: this.#body, trailers });
  }

  #fail(reason: AsyncClientFailure): void {
    this.over = true;
    this.#stream?.reset();
    this.#callbacks.onFailure(reason);
  }
}
