import { HeaderId } from "../../../common/headers/header-id.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../../../contracts/headers.ts";
import {
  StreamResetReason,
  type RequestDecoder,
  type ResponseEncoder,
} from "../../../contracts/http/codec.ts";
import type { MetadataMap } from "../../../contracts/http/metadata.ts";
import { parseContentLength } from "../http1/framing.ts";
import { Http2Details } from "./errors.ts";
import type { SendSide } from "./send-side.ts";
import { Http2Stream, type Http2StreamOwner } from "./stream.ts";
import { toConnectResponse, toUpgradeRequest } from "./upgrade.ts";

/** What a stream of the server side asks of its connection. */
export interface ServerStreamOwner extends Http2StreamOwner {
  readonly send: SendSide;
}

/** One request and its response. */
export class ServerStream extends Http2Stream implements ResponseEncoder {
  decoder: RequestDecoder | undefined = undefined;
  /** The head of the request is complete; a stream begins with the first part of it. */
  headReceived = false;
  readonly #send: SendSide;
  #isHead = false;
  /** The protocol of an extended CONNECT; empty: none. */
  #upgrade = "";
  #started = false;
  /** HEAD, 204, 304: what a filter makes up as a body goes nowhere. */
  #bodiless = false;

  constructor(owner: ServerStreamOwner) {
    super(owner);
    this.#send = owner.send;
  }

  /** `headers`: of the request; an extended CONNECT becomes what HTTP/1 has for it. */
  begin(headers: RequestHeaderMap): void {
    this.#isHead = headers.getId(HeaderId.Method) === "HEAD";
    if (headers.hasId(HeaderId.Protocol)) this.#upgrade = toUpgradeRequest(headers);
  }

  protected override decodeData(data: DataBuffer, endStream: boolean): void {
    this.decoder!.decodeData(data, endStream);
  }

  protected override decodeTrailers(trailers: TrailerMap): void {
    this.decoder!.decodeTrailers(trailers);
  }

  protected override decodeMetadata(metadata: MetadataMap): void {
    this.decoder!.decodeMetadata?.(metadata);
  }

  encode1xxHeaders(headers: ResponseHeaderMap): void {
    if (this.ended || this.#started) return;
    this.#send.headers(this, headers, false);
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.ended) return;
    if (this.#started) throw new Error("encodeHeaders() was called twice");
    this.#started = true;
    if (this.#upgrade !== "") toConnectResponse(headers);
    const status = headers.getId(HeaderId.Status);
    this.#bodiless = this.#isHead || status === "204" || status === "304";
    if (!this.#bodiless) {
      const length = headers.getId(HeaderId.ContentLength);
      if (length !== undefined) this.bodyToSend = parseContentLength(length);
    }
    if (endStream && this.bodyToSend > 0) this.#mismatch();
    else this.#send.headers(this, headers, endStream);
  }

  encodeData(data: DataBuffer, endStream: boolean): void {
    if (this.ended) {
      data.drain(data.length);
      return;
    }
    if (this.#bodiless) data.drain(data.length);
    else if (this.bodyToSend >= 0) {
      this.bodyToSend -= data.length;
      if (this.bodyToSend < 0 || (endStream && this.bodyToSend > 0)) {
        data.drain(data.length);
        this.#mismatch();
        return;
      }
    }
    if (data.length > 0 || endStream) this.#send.data(this, data, endStream);
  }

  encodeTrailers(trailers: TrailerMap): void {
    if (this.ended) return;
    if (this.bodyToSend > 0) this.#mismatch();
    else this.#send.trailers(this, trailers);
  }

  #mismatch(): void {
    this.responseDetails = Http2Details.ContentLength;
    this.resetStream(StreamResetReason.LocalReset);
  }
}
