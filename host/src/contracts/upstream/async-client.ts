import type { DataBuffer } from "../buffer.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../headers.ts";

/** A request that the proxy itself makes. */
export interface AsyncClientRequest {
  /** `:method`, `:path` and `:authority` must be there. The client owns the map from now on and adds to it. */
  readonly headers: RequestHeaderMap;
  /** Undefined: none. `content-length` is the caller's business. */
  readonly body: Buffer | undefined;
  readonly trailers: TrailerMap | undefined;
  /** From the sent request to the whole response; 0 = no limit. */
  readonly timeoutMs: number;
  /** Append this host's address to `x-forwarded-for`. */
  readonly sendXff: boolean;
}

/** What came back, from the upstream or made in its place. */
export interface AsyncClientResponse {
  readonly headers: ResponseHeaderMap;
  /** The whole body; empty when there is none. */
  readonly body: DataBuffer;
  readonly trailers: TrailerMap | undefined;
}

/** Why there is no response: the stream ended within it, or it does not fit. */
export type AsyncClientFailure = "reset" | "exceed_response_buffer_limit";

/** Exactly one of these is called, unless the call was cancelled. */
export interface AsyncClientCallbacks {
  /**
   * Also for what is answered instead of the upstream, with the router's texts: no healthy host and failed
   * connections (503), the timeout (504), a head that cannot be sent (503).
   */
  onSuccess(response: AsyncClientResponse): void;
  onFailure(reason: AsyncClientFailure): void;
}

/** A call under way. */
export interface AsyncClientCall {
  /** Ends it; no callback follows. */
  cancel(): void;
}

/** How a stream is opened. */
export interface AsyncClientStreamOptions {
  /** From the sent request to the whole response; 0 = no limit. */
  readonly timeoutMs: number;
  /** Append this host's address to `x-forwarded-for`. */
  readonly sendXff: boolean;
  /** Leave out `x-envoy-internal` and `x-forwarded-for`; default: false. */
  readonly skipEnvoyHeaders?: boolean;
}

/**
 * What comes back on a stream, as it comes, also what is answered instead of the upstream. The last of these calls says
 * so (`endStream`, trailers, reset); what was not sent by then is not sent any more.
 */
export interface AsyncClientStreamCallbacks {
  onHeaders(headers: ResponseHeaderMap, endStream: boolean): void;
  /** The callee takes all of `data`. */
  onData(data: DataBuffer, endStream: boolean): void;
  onTrailers(trailers: TrailerMap): void;
  /** After the response has begun: it will not be whole. */
  onReset(): void;
  /** The upstream takes the request more slowly than it is sent. Nested. */
  onAboveWriteBufferHighWatermark(): void;
  onBelowWriteBufferLowWatermark(): void;
}

/** A request whose parts are sent, and whose response comes, one by one. The callbacks may be called within each call. */
export interface AsyncClientStream {
  /** Why the response is what it is: `via_upstream`, or the details of an answer in its place; empty before it. */
  readonly responseDetails: string;
  /** Called first, and once. The stream owns the map from now on and adds to it. */
  sendHeaders(headers: RequestHeaderMap, endStream: boolean): void;
  /** Takes all of `data`. */
  sendData(data: DataBuffer, endStream: boolean): void;
  sendTrailers(trailers: TrailerMap): void;
  /** Ends it; no callback follows. */
  reset(): void;
}

/** Makes requests to one cluster (Envoy: `Http::AsyncClient`). No retries, no redirects, no route. */
export interface AsyncClient {
  /** Opens a stream; nothing is sent, and nothing is called, before its headers. */
  start(
    options: AsyncClientStreamOptions,
    callbacks: AsyncClientStreamCallbacks,
  ): AsyncClientStream;
  /** The callbacks may be called before this returns; the result is undefined then. */
  send(request: AsyncClientRequest, callbacks: AsyncClientCallbacks): AsyncClientCall | undefined;
}
