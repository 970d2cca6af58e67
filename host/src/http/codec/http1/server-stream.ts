import { HeaderId } from "../../../common/headers/header-id.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { ResponseHeaderMap, TrailerMap } from "../../../contracts/headers.ts";
import {
  StreamResetReason,
  type RequestDecoder,
  type ResponseEncoder,
} from "../../../contracts/http/codec.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import { BodyEncoder, BodyResult } from "./body-encoder.ts";
import { BodyKind, ConnectionOption, connectionOptions, parseContentLength } from "./framing.ts";
import { encodeConnection, encodeFields, type HeaderFormat } from "./head-encoder.ts";
import { statusLineEnd } from "./status-text.ts";
import { Http1Stream, type StreamOwner } from "./stream.ts";

/** What a stream of the server side asks of its codec. */
export interface ServerStreamOwner extends StreamOwner<ServerStream> {
  /** 101 is written: what the client sends next is the other protocol. */
  onUpgraded(): void;
  /** The last byte of the response has been written. */
  onResponseComplete(stream: ServerStream): void;
  /** The connection is not used again after this exchange. */
  closeAfterResponse(): void;
  /** True when the response must say `connection: close`. */
  readonly closesAfterResponse: boolean;
  readonly headerFormat: HeaderFormat;
  readonly enableTrailers: boolean;
}

/** One request and its response. */
export class ServerStream extends Http1Stream implements ResponseEncoder {
  decoder: RequestDecoder | undefined = undefined;
  /** What is known of the request once its head has been read. */
  headRequest = false;
  http10 = false;
  requestComplete = false;
  /** Nothing is read until the client's wish for another protocol has been answered. */
  awaitsUpgrade = false;
  isConnect = false;
  responseStarted = false;
  readonly #owner: ServerStreamOwner;
  readonly #body = new BodyEncoder();
  /** The line about the framing that the response's own fields do not have; empty when there is none. */
  #framingField = "";

  constructor(connection: Connection, owner: ServerStreamOwner) {
    super(connection);
    this.#owner = owner;
  }

  /** True when only the end of the connection ends the response: then a close must not look like one. */
  get endsWithConnection(): boolean {
    return this.responseStarted && this.#body.kind === BodyKind.UntilClose;
  }

  resetStream(reason: StreamResetReason): void {
    this.#owner.onStreamReset(this, reason, this.responseDetails);
  }

  encode1xxHeaders(headers: ResponseHeaderMap): void {
    // RFC 9110 section 15.2: HTTP/1.0 does not know them.
    if (this.ended || this.responseStarted || this.http10) return;
    const fields = encodeFields(headers, "", this.#owner.headerFormat);
    this.#writeHead(`HTTP/1.1${statusLineEnd(statusOf(headers))}${fields}\r\n\r\n`);
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.ended) return;
    if (this.responseStarted) throw new Error("encodeHeaders() was called twice");
    this.responseStarted = true;
    const status = statusOf(headers);
    if (this.awaitsUpgrade && !endStream && this.#agrees(status)) {
      this.#switchProtocols(headers, status);
      return;
    }
    // The client may still be sending, and nobody would read it to its end: no other request can follow.
    if (!this.requestComplete) this.#owner.closeAfterResponse();
    const fields = this.#startBody(headers, status, endStream);
    // Envoy writes what it adds about the framing last.
    const framing = this.#framingField;
    const connection = this.#connectionField(headers);
    const version = this.http10 ? "HTTP/1.0" : "HTTP/1.1";
    const { reasonPhrase } = headers;
    const line = reasonPhrase === "" ? statusLineEnd(status) : ` ${status} ${reasonPhrase}`;
    this.#writeHead(`${version}${line}${fields}${connection}${framing}\r\n\r\n`);
    if (!endStream) return;
    if (this.#body.end(this.connection, this.bytesMeter) === BodyResult.Written) this.#complete();
    else this.#mismatch();
  }

  /** The status says that the other protocol follows (RFC 9110 sections 7.8 and 9.3.6). */
  #agrees(status: number): boolean {
    return this.isConnect ? status >= 200 && status < 300 : status === 101;
  }

  #switchProtocols(headers: ResponseHeaderMap, status: number): void {
    const format = this.#owner.headerFormat;
    this.awaitsUpgrade = false;
    this.#owner.closeAfterResponse();
    this.#body.start(BodyKind.UntilClose, 0);
    const connection = this.isConnect ? "" : encodeConnection(headers, format);
    const fields = encodeFields(headers, "", format) + connection;
    this.#writeHead(`HTTP/1.1${statusLineEnd(status)}${fields}\r\n\r\n`);
    this.#owner.onUpgraded();
  }

  encodeData(data: DataBuffer, endStream: boolean): void {
    if (this.ended) {
      data.drain(data.length);
      return;
    }
    const result = this.#body.write(this.connection, this.bytesMeter, data, endStream);
    if (result === BodyResult.LengthMismatch) this.#mismatch();
    else if (endStream) this.#complete();
  }

  encodeTrailers(trailers: TrailerMap): void {
    if (this.ended) return;
    const { connection, bytesMeter } = this;
    const result = this.#owner.enableTrailers
      ? this.#body.endWithTrailers(connection, bytesMeter, trailers, this.#owner.headerFormat)
      : this.#body.end(connection, bytesMeter);
    if (result === BodyResult.LengthMismatch) this.#mismatch();
    else this.#complete();
  }

  #writeHead(text: string): void {
    this.bytesMeter.headerBytesSent += text.length;
    this.bytesMeter.wireBytesSent += text.length;
    this.connection.writeLatin1(text);
  }

  #complete(): void {
    // A callback of the write may have reset the stream.
    if (!this.ended) this.#owner.onResponseComplete(this);
  }

  encodeMetadata(): void {
    this.#owner.stats.metadataNotSupportedError.inc();
  }

  #mismatch(): void {
    this.responseDetails = "http1.content_length_mismatch";
    this.resetStream(StreamResetReason.LocalReset);
  }

  /** Decides the framing (RFC 9112 section 6); returns the field lines, but not one that it adds about it. */
  #startBody(headers: ResponseHeaderMap, status: number, endStream: boolean): string {
    const format = this.#owner.headerFormat;
    const text = headers.getId(HeaderId.ContentLength) ?? "";
    const length = parseContentLength(text);
    this.#body.start(BodyKind.None, 0);
    this.#framingField = "";
    if (status < 200 || status === 204) return encodeFields(headers, "", format);
    if (this.headRequest || status === 304) {
      if (length >= 0) return encodeFields(headers, text, format);
      // What the answer to a GET would have: Envoy says so too.
      const chunked = status !== 304 && !this.http10;
      if (chunked) this.#framingField = format.chunked;
      return encodeFields(headers, "", format);
    }
    if (endStream) {
      if (!headers.hasId(HeaderId.ContentLength)) this.#framingField = format.noContent;
      return encodeFields(headers, "0", format);
    }
    if (length >= 0) {
      this.#body.start(BodyKind.Length, length);
      return encodeFields(headers, text, format);
    }
    if (this.http10) {
      this.#body.start(BodyKind.UntilClose, 0);
      this.#owner.closeAfterResponse();
      return encodeFields(headers, "", format);
    }
    this.#body.start(BodyKind.Chunked, 0);
    this.#framingField = format.chunked;
    return encodeFields(headers, "", format);
  }

  /** The `connection` line: what the map says, unless the connection closes. */
  #connectionField(headers: ResponseHeaderMap): string {
    const format = this.#owner.headerFormat;
    const given = headers.hasId(HeaderId.Connection);
    if (given) {
      const options = connectionOptions(headers.getJoined("connection")!);
      if ((options & ConnectionOption.Close) !== 0) this.#owner.closeAfterResponse();
    }
    if (this.#owner.closesAfterResponse) return format.close;
    if (this.http10) return format.keepAlive;
    return given ? encodeConnection(headers, format) : "";
  }
}

/** The `:status`; 500 when a filter has made something of it that is none. */
function statusOf(headers: ResponseHeaderMap): number {
  const text = headers.getId(HeaderId.Status);
  if (text === undefined) throw new Error("response headers without :status");
  const status = text.length === 3 ? Number(text) : 0;
  return status >= 100 && status <= 999 ? status : 500;
}
