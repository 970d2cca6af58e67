import { OwnedBuffer } from "../../../common/data-buffer.ts";
import { percentEncode } from "../../../common/grpc-message.ts";
import { HeaderId } from "../../../common/headers/header-id.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  HeaderMap,
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../../../contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
} from "../../../contracts/http/filter.ts";
import type { ClusterManager } from "../../../contracts/upstream/cluster.ts";
import { prefixLength } from "../../../grpc/framing.ts";
import { hasGrpcContentType, methodOfPath } from "../../../grpc/messages.ts";
import type { MethodStats, MethodStatsOfClusters } from "../../../grpc/method-stats.ts";
import { statusOfHttp } from "../../../grpc/status.ts";
import { PassThroughFilter } from "../common/pass-through-filter.ts";
import { routeCluster } from "../common/route-cluster.ts";
import { Base64Decoder, FrameBase64Encoder } from "./base64.ts";

export interface GrpcWebShared {
  readonly clusterManager: ClusterManager;
  readonly stats: MethodStatsOfClusters;
}

const binaryProto = "application/grpc-web+proto";
const textProto = "application/grpc-web-text+proto";
const binaryTypes = new Set(["application/grpc-web", binaryProto]);
const textTypes = new Set(["application/grpc-web-text", textProto]);

const trailersFlag = 0x80;
/** Bytes of a body that is no message: what of it becomes `grpc-message`. */
const plainBodyMax = 16_384;

/** Turns one gRPC-Web call into a gRPC call, and its trailers into the last frame of the body. */
export class GrpcWebFilter extends PassThroughFilter {
  readonly #shared: GrpcWebShared;
  #isWeb = false;
  #request: Base64Decoder | undefined = undefined;
  #textResponse = false;
  #response: FrameBase64Encoder | undefined = undefined;
  #stats: MethodStats | undefined = undefined;
  /** Held while the body of a response that is not gRPC is collected. */
  #plainHead: ResponseHeaderMap | undefined = undefined;
  #plainBody = "";

  constructor(shared: GrpcWebShared) {
    super();
    this.#shared = shared;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const type = headers.getId(HeaderId.ContentType) ?? "";
    const isText = textTypes.has(type);
    if (!isText && !binaryTypes.has(type)) return FilterHeadersStatus.Continue;
    this.#isWeb = true;
    headers.removeId(HeaderId.ContentLength);
    this.#stats = this.#statsFor(headers);
    if (isText) this.#request = new Base64Decoder();
    this.#textResponse = textTypes.has(headers.getId(HeaderId.Accept) ?? "");
    headers.setId(HeaderId.ContentType, "application/grpc");
    headers.setId(HeaderId.Te, "trailers");
    if (!headers.has("grpc-accept-encoding")) headers.add("grpc-accept-encoding", "identity");
    return FilterHeadersStatus.Continue;
  }

  override decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    if (this.#request === undefined) return FilterDataStatus.Continue;
    if (!this.#request.decode(data)) return this.#refuse("grpc_base_64_decode_failed");
    if (endStream && !this.#request.isWhole) {
      return this.#refuse("grpc_base_64_decode_failed_bad_size");
    }
    // Less than a group has come: there is nothing to pass on.
    if (data.length === 0 && !endStream) return FilterDataStatus.StopIterationNoBuffer;
    return FilterDataStatus.Continue;
  }

  override decodeTrailers(): FilterTrailersStatus {
    if (this.#request === undefined || this.#request.isWhole) return FilterTrailersStatus.Continue;
    this.#refuse("grpc_base_64_decode_failed_bad_size");
    return FilterTrailersStatus.StopIteration;
  }

  override encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    if (!this.#isWeb) return FilterHeadersStatus.Continue;
    this.#chargeStatus(headers);
    const isPlain = !endStream && !hasMessages(headers);
    headers.setId(HeaderId.ContentType, this.#textResponse ? textProto : binaryProto);
    if (isPlain) {
      this.#plainHead = headers;
      return FilterHeadersStatus.StopIteration;
    }
    if (this.#textResponse) this.#response = new FrameBase64Encoder();
    return FilterHeadersStatus.Continue;
  }

  override encodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    if (this.#plainHead !== undefined) return this.#collectPlain(data, endStream);
    this.#response?.encode(data);
    return FilterDataStatus.Continue;
  }

  override encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    if (!this.#isWeb) return FilterTrailersStatus.Continue;
    this.#chargeStatus(trailers);
    if (this.#plainHead !== undefined) {
      this.#finishPlain(this.#plainHead);
      return FilterTrailersStatus.Continue;
    }
    let frame = trailersFrame(trailers);
    if (this.#textResponse) frame = Buffer.from(frame.toString("base64"), "latin1");
    this.encoderCallbacks.addEncodedData(OwnedBuffer.of(frame), true);
    // They stand in the body now.
    trailers.clear();
    return FilterTrailersStatus.Continue;
  }

  #statsFor(headers: RequestHeaderMap): MethodStats | undefined {
    const method = methodOfPath(headers.getId(HeaderId.Path) ?? "");
    if (method === undefined) return undefined;
    const cluster = routeCluster(this.decoderCallbacks, headers, this.#shared.clusterManager);
    return cluster && this.#shared.stats.of(cluster, method);
  }

  #chargeStatus(headers: HeaderMap): void {
    const status = headers.getId(HeaderId.GrpcStatus);
    if (status !== undefined) this.#stats?.chargeStatus(status);
  }

  #refuse(details: string): FilterDataStatus {
    const body = "Bad gRPC-web request, invalid base64 data.";
    this.decoderCallbacks.sendLocalReply({ code: 400, body, details });
    return FilterDataStatus.StopIterationNoBuffer;
  }

  #collectPlain(data: DataBuffer, endStream: boolean): FilterDataStatus {
    const taken = Math.min(data.length, plainBodyMax - this.#plainBody.length);
    this.#plainBody += data.slice(0, taken).toString("latin1");
    data.drain(data.length);
    if (!endStream) return FilterDataStatus.StopIterationNoBuffer;
    this.#finishPlain(this.#plainHead!);
    return FilterDataStatus.Continue;
  }

  /** A client that reads gRPC only is told in its words what came instead. */
  #finishPlain(headers: ResponseHeaderMap): void {
    this.#plainHead = undefined;
    const status = statusOfHttp(Number(headers.getId(HeaderId.Status)));
    headers.setId(HeaderId.GrpcStatus, String(status));
    if (this.#plainBody !== "") headers.setId(HeaderId.GrpcMessage, percentEncode(this.#plainBody));
    headers.setId(HeaderId.ContentLength, "0");
  }
}

/** Whether the body is made of messages, gRPC's or gRPC-Web's. */
function hasMessages(headers: ResponseHeaderMap): boolean {
  if (headers.getId(HeaderId.Status) !== "200") return false;
  const type = headers.getId(HeaderId.ContentType) ?? "";
  return hasGrpcContentType(headers) || type === binaryProto || type === textProto;
}

/** The names and values as lines, behind the prefix of a frame of trailers. */
function trailersFrame(trailers: TrailerMap): Buffer {
  let lines = "";
  for (let i = 0; i < trailers.size; i += 1) {
    lines += `${trailers.nameAt(i)}:${trailers.valueAt(i)}\r\n`;
  }
  const frame = Buffer.allocUnsafe(prefixLength + lines.length);
  frame[0] = trailersFlag;
  frame.writeUInt32BE(lines.length, 1);
  frame.latin1Write(lines, prefixLength);
  return frame;
}
