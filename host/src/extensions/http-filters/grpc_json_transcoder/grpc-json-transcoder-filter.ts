import { OwnedBuffer } from "../../../common/data-buffer.ts";
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
import { httpStatusOf, isGrpcRequest, isGrpcResponse } from "../../../grpc/messages.ts";
import { PassThroughFilter } from "../common/pass-through-filter.ts";
import { bindingsOf, type RequestBindings } from "./bindings.ts";
import type { TranscoderConfig } from "./config.ts";
import { JsonPrinter } from "./json-printer.ts";
import { createRequestTranslator, type RequestTranslator } from "./request-translator.ts";
import {
  createResponseTranslator,
  MessageTooLong,
  type ResponseTranslator,
} from "./response-translator.ts";
import { rpcStatusOf, statusDetailsName } from "./rpc-status.ts";
import { asTranscodeError, TranscodeError } from "./transcode-error.ts";
import type { TranscodedMethod, Transcoding, Transcodings } from "./transcoding.ts";

const json = "application/json";
const events = "text/event-stream";
const requestTooLarge =
  "Request rejected because the transcoder's internal buffer size exceeds the configured limit.";
const responseTooLarge =
  "Response not transcoded because the transcoder's internal buffer size exceeds the configured limit.";
const details = (why: string): string => `grpc_json_transcode_failure{${why}}`;

/** Makes a gRPC call of one HTTP request, and an HTTP response of its outcome. */
export class GrpcJsonTranscoderFilter extends PassThroughFilter {
  readonly #transcodings: Transcodings;
  #transcoding!: Transcoding;
  /** The three are undefined for what is passed through. */
  #method: TranscodedMethod | undefined = undefined;
  #request: RequestTranslator | undefined = undefined;
  #response: ResponseTranslator | undefined = undefined;
  #printer!: JsonPrinter;
  /** The response's head; undefined for a response that is not a gRPC call's. */
  #head: ResponseHeaderMap | undefined = undefined;
  #headSent = false;
  #sawBody = false;
  /** Bytes of the client's body that wait for the status. */
  #bodyHeld = 0;
  #failed = false;

  constructor(transcodings: Transcodings) {
    super();
    this.#transcodings = transcodings;
  }

  // The request.

  override decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const route = this.decoderCallbacks.mostSpecificPerFilterConfig() as
      | TranscoderConfig
      | undefined;
    this.#transcoding = this.#transcodings.of(route);
    const off = this.#transcoding.config.services.length === 0;
    if (off || isGrpcRequest(headers) || !headers.hasId(HeaderId.Path)) {
      return FilterHeadersStatus.Continue;
    }
    try {
      const bindings = this.#match(headers);
      if (bindings === undefined) return FilterHeadersStatus.Continue;
      this.#begin(bindings, headers);
      if (endStream) this.#addWholeRequest();
    } catch (error) {
      return this.#refuseEarly(asTranscodeError(error));
    }
    return FilterHeadersStatus.Continue;
  }

  override decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    if (this.#failed) return FilterDataStatus.StopIterationNoBuffer;
    if (this.#request === undefined) return FilterDataStatus.Continue;
    if (this.#request.held + data.length > this.#requestLimit) {
      this.#refuse(413, requestTooLarge, details("request_buffer_size_limit_reached"));
      return FilterDataStatus.StopIterationNoBuffer;
    }
    try {
      this.#request.translate(data, endStream);
    } catch (error) {
      const { message, failure } = asTranscodeError(error);
      this.#refuse(400, message, details(failure));
      return FilterDataStatus.StopIterationNoBuffer;
    }
    return FilterDataStatus.Continue;
  }

  override decodeTrailers(): FilterTrailersStatus {
    if (this.#failed) return FilterTrailersStatus.StopIteration;
    if (this.#request === undefined) return FilterTrailersStatus.Continue;
    try {
      this.#addWholeRequest();
    } catch (error) {
      const { message, failure } = asTranscodeError(error);
      this.#refuse(400, message, details(failure));
      return FilterTrailersStatus.StopIteration;
    }
    return FilterTrailersStatus.Continue;
  }

  /** Undefined: the request is for somebody else. */
  #match(headers: RequestHeaderMap): RequestBindings | undefined {
    const { config } = this.#transcoding;
    const target = headers.getId(HeaderId.Path)!;
    const query = target.indexOf("?");
    const path = query < 0 ? target : target.slice(0, query);
    const match = this.#transcoding.match(headers.getId(HeaderId.Method) ?? "", path);
    if (match === undefined) {
      if (!config.rejectUnknownMethod) return undefined;
      throw new TranscodeError(`Could not resolve ${path} to a method.`, "NOT_FOUND");
    }
    try {
      return bindingsOf(this.#transcoding, match, query < 0 ? "" : target.slice(query + 1));
    } catch (error) {
      if (config.rejectUnknownQueryParameters) throw error;
      return undefined;
    }
  }

  #begin(bindings: RequestBindings, headers: RequestHeaderMap): void {
    const { config, registry } = this.#transcoding;
    const { method } = bindings;
    this.#method = method;
    const contentType = headers.getId(HeaderId.ContentType) ?? "";
    this.#request = createRequestTranslator(this.#transcoding, bindings, contentType);
    this.#printer = new JsonPrinter(registry, config.print);
    this.#expandLimits(config);
    headers.removeId(HeaderId.ContentLength);
    headers.setId(HeaderId.ContentType, "application/grpc");
    headers.setId(HeaderId.XEnvoyOriginalPath, headers.getId(HeaderId.Path)!);
    headers.set("x-envoy-original-method", headers.getId(HeaderId.Method)!);
    headers.setId(HeaderId.Path, method.path);
    headers.setId(HeaderId.Method, "POST");
    headers.setId(HeaderId.Te, "trailers");
    if (!config.matchIncomingRequestRoute) this.decoderCallbacks.clearRouteCache();
  }

  /** Bodies that are allowed must also have room. */
  #expandLimits({ maxRequestBytes = 0, maxResponseBytes = 0 }: TranscoderConfig): void {
    if (maxRequestBytes > this.decoderCallbacks.decoderBufferLimit) {
      this.decoderCallbacks.setDecoderBufferLimit(maxRequestBytes);
    }
    if (maxResponseBytes > this.encoderCallbacks.encoderBufferLimit) {
      this.encoderCallbacks.setEncoderBufferLimit(maxResponseBytes);
    }
  }

  get #requestLimit(): number {
    return this.#transcoding.config.maxRequestBytes ?? this.decoderCallbacks.decoderBufferLimit;
  }

  get #responseLimit(): number {
    const { maxResponseBytes } = this.#transcoding.config;
    const limit = this.encoderCallbacks.encoderBufferLimit;
    return this.#method!.httpBodyFields === undefined ? (maxResponseBytes ?? limit) : limit;
  }

  #addWholeRequest(): void {
    const data = new OwnedBuffer();
    this.#request!.translate(data, true);
    this.#request = undefined;
    if (data.length > 0) this.decoderCallbacks.addDecodedData(data, true);
  }

  #refuseEarly(error: TranscodeError): FilterHeadersStatus {
    const code = error.failure === "NOT_FOUND" ? 404 : 400;
    this.#refuse(code, error.message, `early_${details(error.failure)}`);
    return FilterHeadersStatus.StopIteration;
  }

  #refuse(code: number, text: string, why: string): void {
    this.#failed = true;
    const body = Buffer.from(text).toString("latin1");
    this.decoderCallbacks.sendLocalReply({ code, body, details: why });
  }

  // The response.

  override encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    const method = this.#method;
    if (method === undefined || this.#failed || !isGrpcResponse(headers, endStream)) {
      return FilterHeadersStatus.Continue;
    }
    const { stream } = this.#transcoding.config.print;
    this.#head = headers;
    this.#response = createResponseTranslator(method, this.#printer, stream, this.#responseLimit);
    const isPlainStream = method.serverStreaming && method.httpBodyFields === undefined;
    const contentType = isPlainStream && stream === "events" ? events : json;
    if (endStream) {
      if (method.serverStreaming) headers.setId(HeaderId.ContentType, contentType);
      this.#end(headers, true);
      return FilterHeadersStatus.Continue;
    }
    headers.setId(HeaderId.ContentType, contentType);
    if (!isPlainStream) return FilterHeadersStatus.StopIteration;
    this.#headSent = true;
    return FilterHeadersStatus.Continue;
  }

  override encodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    const response = this.#response;
    if (response === undefined || this.#failed) return FilterDataStatus.Continue;
    this.#sawBody = true;
    try {
      response.translate(data);
      if (endStream) data.append(Buffer.from(response.finish()));
    } catch (error) {
      this.#fail(error);
      return FilterDataStatus.StopIterationNoBuffer;
    }
    this.#takeContentType(response);
    if (this.#headSent || endStream) return FilterDataStatus.Continue;
    if (this.#method!.serverStreaming) {
      if (response.contentType === undefined) return FilterDataStatus.StopIterationNoBuffer;
      this.#headSent = true;
      return FilterDataStatus.Continue;
    }
    this.#bodyHeld += data.length;
    return FilterDataStatus.StopIterationAndBuffer;
  }

  override encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    if (this.#response === undefined || this.#failed) return FilterTrailersStatus.Continue;
    return this.#end(trailers, false)
      ? FilterTrailersStatus.Continue
      : FilterTrailersStatus.StopIteration;
  }

  #takeContentType({ contentType }: ResponseTranslator): void {
    if (contentType === undefined || this.#headSent) return;
    this.#head!.setId(HeaderId.ContentType, contentType);
  }

  /** `map`: where the status stands, trailers or the only headers. False: the response has been given up. */
  #end(map: HeaderMap, isTrailersOnly: boolean): boolean {
    const status = grpcStatusOf(map);
    if (status !== undefined && this.#describeFailure(status, map, isTrailersOnly)) return true;
    try {
      this.#addBody(this.#response!.finish());
    } catch (error) {
      this.#fail(error);
      return false;
    }
    if (this.#headSent) return true;
    const head = this.#head!;
    const { serverStreaming } = this.#method!;
    if (serverStreaming && !isTrailersOnly) return true;
    const isKnown = status !== undefined && status >= 0;
    head.setId(HeaderId.Status, String(isKnown ? httpStatusOf(status) : 503));
    if (!isTrailersOnly) {
      if (isKnown) head.setId(HeaderId.GrpcStatus, String(status));
      const message = map.getId(HeaderId.GrpcMessage);
      if (message !== undefined) head.setId(HeaderId.GrpcMessage, message);
    }
    this.#removeTrailerHeader(head);
    if (!serverStreaming) head.setId(HeaderId.ContentLength, String(this.#bodyHeld));
    return true;
  }

  /** `convert_grpc_status`: the status as the body, when there is none. */
  #describeFailure(status: number, map: HeaderMap, isTrailersOnly: boolean): boolean {
    const { config } = this.#transcoding;
    if (!config.convertGrpcStatus || this.#sawBody || status <= 0) return false;
    const { code, message, details: more } = rpcStatusOf(status, map);
    let body: string;
    try {
      body = this.#printer.printStatus(code, message, more);
    } catch {
      // Of a type that the descriptors lack: the status stays where it is.
      return false;
    }
    this.#addBody(body);
    if (this.#headSent) return true;
    const head = this.#head!;
    head.setId(HeaderId.Status, String(httpStatusOf(status)));
    if (isTrailersOnly) {
      head.removeId(HeaderId.GrpcStatus);
      head.removeId(HeaderId.GrpcMessage);
      head.remove(statusDetailsName);
    }
    this.#removeTrailerHeader(head);
    head.setId(HeaderId.ContentType, json);
    head.setId(HeaderId.ContentLength, String(Buffer.byteLength(body)));
    return true;
  }

  #addBody(text: string): void {
    if (text === "") return;
    const bytes = Buffer.from(text);
    this.#bodyHeld += bytes.length;
    this.encoderCallbacks.addEncodedData(OwnedBuffer.of(bytes), this.#method!.serverStreaming);
  }

  /** HTTP/1.1 clients get no trailers. */
  #removeTrailerHeader(head: ResponseHeaderMap): void {
    const { protocol } = this.encoderCallbacks.streamInfo;
    if (protocol.startsWith("HTTP/1")) head.removeId(HeaderId.Trailer);
  }

  #fail(error: unknown): void {
    this.#failed = true;
    if (error instanceof MessageTooLong) {
      const why = details("response_buffer_size_limit_reached");
      this.encoderCallbacks.sendLocalReply({ code: 500, body: responseTooLarge, details: why });
      return;
    }
    const { message, failure } = asTranscodeError(error);
    const body = Buffer.from(message).toString("latin1");
    this.encoderCallbacks.sendLocalReply({ code: 502, body, details: details(failure) });
  }
}

/** -1: it is no number. */
function grpcStatusOf(map: HeaderMap): number | undefined {
  const text = map.getId(HeaderId.GrpcStatus);
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? Number(text) : -1;
}
