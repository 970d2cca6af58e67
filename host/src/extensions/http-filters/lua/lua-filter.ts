import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../../../contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type StreamDecoderFilterCallbacks,
  type StreamEncoderFilterCallbacks,
  type StreamFilter,
} from "../../../contracts/http/filter.ts";
import type { Logger } from "../../../contracts/log.ts";
import type { Counter } from "../../../contracts/stats.ts";
import type { LuaScript } from "../../../guest/lua/lua-script.ts";
import { StreamHandle, type StreamSide } from "../../../guest/lua/stream-handle.ts";

/** What the filters of one configuration share on a worker. */
export interface LuaFilterShared {
  /** Undefined for an empty configuration: everything passes. */
  readonly script: LuaScript | undefined;
  readonly clearRouteCache: boolean;
  readonly logger: Logger;
  readonly filterName: string;
  readonly stats: { readonly errors: Counter; readonly executions: Counter };
}

/** `envoy.filters.http.lua` on one stream: a hook in each direction, independent of each other. */
export class LuaFilter implements StreamFilter {
  readonly #shared: LuaFilterShared;
  #decoder: StreamDecoderFilterCallbacks | undefined = undefined;
  #encoder: StreamEncoderFilterCallbacks | undefined = undefined;
  #request: StreamHandle | undefined = undefined;
  #response: StreamHandle | undefined = undefined;

  constructor(shared: LuaFilterShared) {
    this.#shared = shared;
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.#decoder = callbacks;
  }

  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void {
    this.#encoder = callbacks;
  }

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const { script } = this.#shared;
    if (script === undefined || this.#decoder === undefined) return FilterHeadersStatus.Continue;
    if (script.trapReason !== "") {
      this.#failStream();
      return FilterHeadersStatus.StopIteration;
    }
    if (script.requestHook === undefined) return FilterHeadersStatus.Continue;
    this.#shared.stats.executions.inc();
    const side = new RequestSide(this, this.#decoder, this.#shared.clearRouteCache);
    this.#request = new StreamHandle(script, side, headers, endStream);
    return this.#request.start(script.requestHook);
  }

  decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    return this.#request?.onData(data, endStream) ?? FilterDataStatus.Continue;
  }

  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    return this.#request?.onTrailers(trailers) ?? FilterTrailersStatus.Continue;
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    const { script } = this.#shared;
    // A state that was lost has no response hook to run; the reply that says so passes as it is.
    if (script?.responseHook === undefined || script.trapReason !== "") {
      return FilterHeadersStatus.Continue;
    }
    this.#shared.stats.executions.inc();
    this.#response = new StreamHandle(
      script,
      new ResponseSide(this, this.#encoder!),
      headers,
      endStream,
    );
    return this.#response.start(script.responseHook);
  }

  encodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    return this.#response?.onData(data, endStream) ?? FilterDataStatus.Continue;
  }

  encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    return this.#response?.onTrailers(trailers) ?? FilterTrailersStatus.Continue;
  }

  onDestroy(): void {
    this.#request?.onDestroy();
    this.#response?.onDestroy();
    this.#request = undefined;
    this.#response = undefined;
  }

  /** A Lua error: the script's part ends, the stream passes. */
  onScriptError(text: string): void {
    this.#shared.stats.errors.inc();
    this.#shared.logger.error(`script log: ${text}`);
  }

  onTrap(hook: string, reason: string): void {
    this.#shared.stats.errors.inc();
    this.#shared.logger.error(
      `lua filter "${this.#shared.filterName}", ${hook}: ${reason}; requests are answered with 503 until a new script is pushed`,
    );
    this.#failStream();
  }

  /** FAIL_CLOSED: the client is answered at once; when the response has begun, the stream is reset. */
  #failStream(): void {
    this.#decoder?.sendLocalReply({ code: 503, body: "", details: "lua_trap" });
  }
}

/** The request hook's way to the stream. */
class RequestSide implements StreamSide {
  readonly isRequest = true;
  readonly #filter: LuaFilter;
  readonly #callbacks: StreamDecoderFilterCallbacks;
  readonly #clearsRouteCache: boolean;

  constructor(
    filter: LuaFilter,
    callbacks: StreamDecoderFilterCallbacks,
    clearsRouteCache: boolean,
  ) {
    this.#filter = filter;
    this.#callbacks = callbacks;
    this.#clearsRouteCache = clearsRouteCache;
  }

  bufferedBody(): DataBuffer | undefined {
    return this.#callbacks.decodingBuffer();
  }

  modifyBody(change: (buffer: DataBuffer) => void): void {
    this.#callbacks.modifyDecodingBuffer(change);
  }

  addBody(data: DataBuffer): void {
    this.#callbacks.addDecodedData(data, false);
  }

  clearRouteCache(): void {
    if (this.#clearsRouteCache) this.#callbacks.clearRouteCache();
  }

  respond(status: number, headers: readonly (readonly [string, string])[], body: string): void {
    this.#callbacks.sendLocalReply({
      code: status,
      body,
      details: "lua_response",
      modifyHeaders: (map) => {
        for (const [name, value] of headers) {
          // A reply with a body has a content-type already; the script's own takes its place.
          if (name === "content-type") map.set(name, value);
          else map.add(name, value);
        }
      },
    });
  }

  onScriptError(text: string): void {
    this.#filter.onScriptError(text);
  }

  onTrap(reason: string): void {
    this.#filter.onTrap("envoy_on_request", reason);
  }
}

/** The response hook's way to the stream. */
class ResponseSide implements StreamSide {
  readonly isRequest = false;
  readonly #filter: LuaFilter;
  readonly #callbacks: StreamEncoderFilterCallbacks;

  constructor(filter: LuaFilter, callbacks: StreamEncoderFilterCallbacks) {
    this.#filter = filter;
    this.#callbacks = callbacks;
  }

  bufferedBody(): DataBuffer | undefined {
    return this.#callbacks.encodingBuffer();
  }

  modifyBody(change: (buffer: DataBuffer) => void): void {
    this.#callbacks.modifyEncodingBuffer(change);
  }

  addBody(data: DataBuffer): void {
    this.#callbacks.addEncodedData(data, false);
  }

  clearRouteCache(): void {
    // The response path has no route to choose any more.
  }

  respond(): void {
    throw new Error("respond() is refused on the response path");
  }

  onScriptError(text: string): void {
    this.#filter.onScriptError(text);
  }

  onTrap(reason: string): void {
    this.#filter.onTrap("envoy_on_response", reason);
  }
}
