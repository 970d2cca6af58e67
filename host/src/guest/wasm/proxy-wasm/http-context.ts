import {
  BUFFER_GRPC_RECEIVE,
  BUFFER_HTTP_CALL_RESPONSE_BODY,
  BUFFER_HTTP_REQUEST_BODY,
  BUFFER_HTTP_RESPONSE_BODY,
  MAP_HTTP_REQUEST_HEADERS,
  MAP_HTTP_REQUEST_TRAILERS,
  MAP_HTTP_RESPONSE_HEADERS,
  MAP_HTTP_RESPONSE_TRAILERS,
  STREAM_HTTP_REQUEST,
  STREAM_HTTP_RESPONSE,
} from "@sluice/abi";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { SslConnectionInfo } from "../../../contracts/network/connection.ts";
import type { Route } from "../../../contracts/router/route.ts";
import type { FilterState, StreamInfo } from "../../../contracts/stream-info.ts";
import { Context, emptyBytes, type LocalResponse } from "./context.ts";
import { loggedMap } from "./logged-map.ts";
import type { RootContext } from "./root-context.ts";

/** What an HTTP context may do to its stream. Called when no guest code is on the stack. */
export interface HttpStreamActions {
  continueDecoding(): void;
  continueEncoding(): void;
  sendLocalReply(response: LocalResponse): void;
  /** Resets the stream with these response code details. */
  resetStream(details: string): void;
  clearRouteCache(): void;
  /** Only inside a body callback with end of stream. */
  addDecodedTrailers(): HeaderMap;
  addEncodedTrailers(): HeaderMap;
  /** The VM has trapped in somebody else's call. */
  onVmFailed(): void;
  readonly streamInfo: StreamInfo;
  readonly connectionState: FilterState | undefined;
  /** Looked up if need be. */
  readonly route: Route | undefined;
  /** Of the client's connection; undefined in plain text. */
  readonly ssl: SslConnectionInfo | undefined;
}

/**
 * One HTTP stream in the guest. The filter sets what the running callback may see; host calls look here. What is
 * undefined is not available now.
 */
export class HttpContext extends Context {
  override readonly root: RootContext;
  requestHeaders: HeaderMap | undefined;
  requestTrailers: HeaderMap | undefined;
  responseHeaders: HeaderMap | undefined;
  responseTrailers: HeaderMap | undefined;
  requestBody: DataBuffer | undefined;
  responseBody: DataBuffer | undefined;
  /** In a body callback with end of stream, where trailers may be added. */
  mayAddRequestTrailers = false;
  mayAddResponseTrailers = false;
  /** In `on_log`: what the stream was. */
  logged: StreamInfo | undefined;
  readonly #actions: HttpStreamActions;

  constructor(root: RootContext, id: number, actions: HttpStreamActions) {
    super(root.vm, id, root.streamLogPrefix);
    this.root = root;
    this.requestHeaders = undefined;
    this.requestTrailers = undefined;
    this.responseHeaders = undefined;
    this.responseTrailers = undefined;
    this.requestBody = undefined;
    this.responseBody = undefined;
    this.logged = undefined;
    this.#actions = actions;
  }

  override readableMap(type: number): HeaderMap | undefined {
    if (this.logged !== undefined) return loggedMap(this.logged, type);
    switch (type) {
      case MAP_HTTP_REQUEST_HEADERS:
        return this.requestHeaders;
      case MAP_HTTP_REQUEST_TRAILERS:
        return this.requestTrailers;
      case MAP_HTTP_RESPONSE_HEADERS:
        return this.responseHeaders;
      case MAP_HTTP_RESPONSE_TRAILERS:
        return this.responseTrailers;
      default:
        return this.root.readableMap(type);
    }
  }

  override writableMap(type: number): HeaderMap | undefined {
    if (this.logged !== undefined || type > MAP_HTTP_RESPONSE_TRAILERS) return undefined;
    if (type === MAP_HTTP_REQUEST_TRAILERS && this.mayAddRequestTrailers) {
      this.requestTrailers ??= this.#actions.addDecodedTrailers();
    } else if (type === MAP_HTTP_RESPONSE_TRAILERS && this.mayAddResponseTrailers) {
      this.responseTrailers ??= this.#actions.addEncodedTrailers();
    }
    return this.readableMap(type);
  }

  override mapChanged(type: number): void {
    if (type === MAP_HTTP_REQUEST_HEADERS) this.#actions.clearRouteCache();
  }

  override get logging(): boolean {
    return this.logged !== undefined;
  }

  override buffer(type: number): DataBuffer | Uint8Array | undefined {
    switch (type) {
      case BUFFER_HTTP_REQUEST_BODY:
        return this.requestBody ?? emptyBytes;
      case BUFFER_HTTP_RESPONSE_BODY:
        return this.responseBody ?? emptyBytes;
      case BUFFER_HTTP_CALL_RESPONSE_BODY:
      case BUFFER_GRPC_RECEIVE:
        return this.root.buffer(type);
      default:
        return super.buffer(type);
    }
  }

  override continueStream(type: number): void {
    if (type === STREAM_HTTP_REQUEST) this.vm.defer(() => this.#actions.continueDecoding());
    else if (type === STREAM_HTTP_RESPONSE) this.vm.defer(() => this.#actions.continueEncoding());
    else return;
    this.watch?.continued(type);
    // As Envoy does it, for both directions: what was held for the guest is the next filter's now.
    this.requestHeaders = undefined;
    this.requestBody = undefined;
    this.requestTrailers = undefined;
  }

  override closeStream(type: number): void {
    if (type !== STREAM_HTTP_REQUEST && type !== STREAM_HTTP_RESPONSE) return;
    this.vm.defer(() => this.#actions.resetStream("wasm_close_stream"));
  }

  override clearRouteCache(): void {
    this.#actions.clearRouteCache();
  }

  override sendLocalResponse(response: LocalResponse): void {
    this.watch?.resumeAll();
    this.vm.defer(() => this.#actions.sendLocalReply(response));
  }

  override get streamInfo(): StreamInfo {
    return this.logged ?? this.#actions.streamInfo;
  }

  override get route(): Route | undefined {
    return this.logged === undefined ? this.#actions.route : this.logged.route;
  }

  override get ssl(): SslConnectionInfo | undefined {
    return this.#actions.ssl;
  }

  override get connectionState(): FilterState | undefined {
    return this.#actions.connectionState;
  }

  override onVmFailed(): void {
    this.#actions.onVmFailed();
  }
}
