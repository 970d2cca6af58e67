import { HeaderId } from "../../../common/headers/header-id.ts";
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
} from "../../../contracts/http/filter.ts";
import { framePrefix, prefixLength } from "../../../grpc/framing.ts";
import { isGrpcRequest } from "../../../grpc/messages.ts";
import { PassThroughFilter } from "../common/pass-through-filter.ts";
import type { GrpcHttp1BridgeConfig } from "./config.ts";

/**
 * HTTP/1.1 clients do not read trailers: a call of theirs is answered when it is whole, and its status stands in the
 * headers.
 */
export class GrpcHttp1BridgeFilter extends PassThroughFilter {
  readonly #config: GrpcHttp1BridgeConfig;
  #bridging = false;
  /** The client sends and gets a bare message. */
  #framing = false;
  /** Bytes of either message that wait for its end. */
  #requestHeld = 0;
  #responseHeld = 0;
  /** Of the response's first frame: bytes that the client does not get. */
  #prefixLeft = prefixLength;
  /** While the response is held. */
  #response: ResponseHeaderMap | undefined = undefined;

  constructor(config: GrpcHttp1BridgeConfig) {
    super();
    this.#config = config;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const protobuf = headers.getId(HeaderId.ContentType) === "application/x-protobuf";
    if (this.#config.upgradeProtobuf && protobuf) {
      this.#framing = true;
      headers.setId(HeaderId.ContentType, "application/grpc");
      headers.removeId(HeaderId.ContentLength);
      this.decoderCallbacks.clearRouteCache();
    }
    this.#bridging =
      this.decoderCallbacks.streamInfo.protocol.startsWith("HTTP/1") && isGrpcRequest(headers);
    if (this.#bridging && this.#config.ignoreQuery) dropQuery(headers);
    return FilterHeadersStatus.Continue;
  }

  override decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    if (!this.#bridging || !this.#framing) return FilterDataStatus.Continue;
    const held = this.#requestHeld;
    this.#requestHeld += data.length;
    if (!endStream) return FilterDataStatus.StopIterationAndBuffer;
    if (held === 0) data.prepend(framePrefix(data.length));
    else this.#frameHeld();
    return FilterDataStatus.Continue;
  }

  override decodeTrailers(): FilterTrailersStatus {
    if (this.#requestHeld > 0) this.#frameHeld();
    return FilterTrailersStatus.Continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    if (!this.#bridging || endStream) return FilterHeadersStatus.Continue;
    this.#response = headers;
    return FilterHeadersStatus.StopIteration;
  }

  override encodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    if (this.#response === undefined) return FilterDataStatus.Continue;
    // Without trailers there is no status to wait for: what came is what the upstream says outside of gRPC.
    if (endStream) return FilterDataStatus.Continue;
    if (this.#framing && this.#prefixLeft > 0) {
      const dropped = Math.min(this.#prefixLeft, data.length);
      data.drain(dropped);
      this.#prefixLeft -= dropped;
    }
    this.#responseHeld += data.length;
    return FilterDataStatus.StopIterationAndBuffer;
  }

  override encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    const headers = this.#response;
    if (headers === undefined) return FilterTrailersStatus.Continue;
    const status = trailers.getId(HeaderId.GrpcStatus);
    if (status !== undefined) {
      if (!/^\d+$/.test(status) || Number(status) !== 0) headers.setId(HeaderId.Status, "503");
      headers.setId(HeaderId.GrpcStatus, status);
    }
    const message = trailers.getId(HeaderId.GrpcMessage);
    if (message !== undefined) headers.setId(HeaderId.GrpcMessage, message);
    headers.setId(HeaderId.ContentLength, String(this.#responseHeld));
    return FilterTrailersStatus.Continue;
  }

  #frameHeld(): void {
    const prefix = framePrefix(this.#requestHeld);
    this.decoderCallbacks.modifyDecodingBuffer((buffer) => buffer.prepend(prefix));
  }
}

function dropQuery(headers: RequestHeaderMap): void {
  const path = headers.getId(HeaderId.Path)!;
  const query = path.indexOf("?");
  if (query >= 0) headers.setId(HeaderId.Path, path.slice(0, query));
}
