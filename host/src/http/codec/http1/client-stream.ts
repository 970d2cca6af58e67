import { HeaderId } from "../../../common/headers/header-id.ts";
import { isToken, isValidRequestTarget } from "../../../common/headers/validation.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { RequestHeaderMap, TrailerMap } from "../../../contracts/headers.ts";
import {
  StreamResetReason,
  type RequestEncoder,
  type ResponseDecoder,
} from "../../../contracts/http/codec.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import { BodyEncoder, BodyResult } from "./body-encoder.ts";
import { BodyKind, ConnectionOption, connectionOptions, parseContentLength } from "./framing.ts";
import { encodeConnection, encodeFields, unsafeField, type HeaderFormat } from "./head-encoder.ts";
import { Http1Stream, type StreamOwner } from "./stream.ts";

/** What a stream of the client side asks of its codec. */
export interface ClientStreamOwner extends StreamOwner<ClientStream> {
  /** The connection is not used again after this exchange. */
  closeAfterResponse(): void;
  readonly headerFormat: HeaderFormat;
  readonly enableTrailers: boolean;
}

/** One request and its response. */
export class ClientStream extends Http1Stream implements RequestEncoder {
  readonly decoder: ResponseDecoder;
  headRequest = false;
  requestStarted = false;
  requestComplete = false;
  /** The request asks for another protocol, or for a tunnel. */
  upgrade = false;
  isConnect = false;
  /** 1xx responses so far. */
  interim = 0;
  readonly #owner: ClientStreamOwner;
  readonly #body = new BodyEncoder();

  constructor(connection: Connection, owner: ClientStreamOwner, decoder: ResponseDecoder) {
    super(connection);
    this.#owner = owner;
    this.decoder = decoder;
  }

  resetStream(reason: StreamResetReason): void {
    this.#owner.onStreamReset(this, reason, this.responseDetails);
  }

  encodeHeaders(headers: RequestHeaderMap, endStream: boolean): string | undefined {
    if (this.ended) return undefined;
    if (this.requestStarted) throw new Error("encodeHeaders() was called twice");
    const method = headers.getId(HeaderId.Method) ?? "";
    this.isConnect = method === "CONNECT";
    const target = this.isConnect ? HeaderId.Authority : HeaderId.Path;
    const path = headers.getId(target) ?? "";
    const problem = requestProblem(headers, method, path);
    if (problem !== undefined) return problem;
    this.requestStarted = true;
    this.headRequest = method === "HEAD";
    this.upgrade = this.isConnect || asksForUpgrade(headers);
    const fields = this.#startBody(headers, method, endStream);
    const head = `${method} ${path} HTTP/1.1${fields}${this.#connectionField(headers)}\r\n\r\n`;
    this.bytesMeter.headerBytesSent += head.length;
    this.bytesMeter.wireBytesSent += head.length;
    this.connection.writeLatin1(head);
    if (endStream && !this.ended) this.requestComplete = true;
    return undefined;
  }

  encodeData(data: DataBuffer, endStream: boolean): void {
    if (this.ended) {
      data.drain(data.length);
      return;
    }
    const result = this.#body.write(this.connection, this.bytesMeter, data, endStream);
    if (result === BodyResult.LengthMismatch) this.#mismatch();
    else if (endStream) this.requestComplete = true;
  }

  encodeTrailers(trailers: TrailerMap): void {
    if (this.ended) return;
    const { connection, bytesMeter } = this;
    const result = this.#owner.enableTrailers
      ? this.#body.endWithTrailers(connection, bytesMeter, trailers, this.#owner.headerFormat)
      : this.#body.end(connection, bytesMeter);
    if (result === BodyResult.LengthMismatch) this.#mismatch();
    else this.requestComplete = true;
  }

  encodeMetadata(): void {
    this.#owner.stats.metadataNotSupportedError.inc();
  }

  #mismatch(): void {
    this.responseDetails = "http1.content_length_mismatch";
    this.resetStream(StreamResetReason.LocalReset);
  }

  /** Decides the framing (RFC 9112 section 6); returns the field lines, with the one that says so. */
  #startBody(headers: RequestHeaderMap, method: string, endStream: boolean): string {
    const format = this.#owner.headerFormat;
    const text = headers.getId(HeaderId.ContentLength) ?? "";
    if (this.upgrade && !endStream) {
      // No body, and behind the head the other protocol.
      this.#body.start(BodyKind.UntilClose, 0);
      return encodeFields(headers, "", format);
    }
    if (endStream) {
      const fields = encodeFields(headers, "0", format);
      // RFC 9110 section 8.6: methods that expect a body say that there is none.
      return headers.hasId(HeaderId.ContentLength) || isBodiless(method)
        ? fields
        : fields + format.noContent;
    }
    const length = parseContentLength(text);
    if (length >= 0) {
      this.#body.start(BodyKind.Length, length);
      return encodeFields(headers, text, format);
    }
    this.#body.start(BodyKind.Chunked, 0);
    return encodeFields(headers, "", format) + format.chunked;
  }

  #connectionField(headers: RequestHeaderMap): string {
    if (!headers.hasId(HeaderId.Connection)) return "";
    const options = connectionOptions(headers.getJoined("connection")!);
    if ((options & ConnectionOption.Close) !== 0) this.#owner.closeAfterResponse();
    return encodeConnection(headers, this.#owner.headerFormat);
  }
}

function asksForUpgrade(headers: RequestHeaderMap): boolean {
  if (!headers.hasId(HeaderId.Upgrade) || !headers.hasId(HeaderId.Connection)) return false;
  return (connectionOptions(headers.getJoined("connection")!) & ConnectionOption.Upgrade) !== 0;
}

function isBodiless(method: string): boolean {
  switch (method) {
    case "GET":
    case "HEAD":
    case "DELETE":
    case "TRACE":
    case "CONNECT":
      return true;
    default:
      return false;
  }
}

/** Why the head cannot be written; undefined when it can. */
function requestProblem(
  headers: RequestHeaderMap,
  method: string,
  path: string,
): string | undefined {
  if (method === "") return "missing required header: :method";
  if (path === "") {
    return `missing required header: ${method === "CONNECT" ? ":authority" : ":path"}`;
  }
  if (!isToken(method)) return "value of :method is not a token";
  const unsafe = unsafeField(headers);
  if (unsafe !== undefined) return unsafe;
  return isValidRequestTarget(path) ? undefined : "value of :path cannot stand in a request line";
}
