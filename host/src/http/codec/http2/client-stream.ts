import { HeaderId } from "../../../common/headers/header-id.ts";
import { isToken, isValidRequestTarget } from "../../../common/headers/validation.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  HeaderMap,
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../../../contracts/headers.ts";
import {
  StreamResetReason,
  type RequestEncoder,
  type ResponseDecoder,
} from "../../../contracts/http/codec.ts";
import type { MetadataMap } from "../../../contracts/http/metadata.ts";
import { parseContentLength } from "../http1/framing.ts";
import { Http2Details } from "./errors.ts";
import type { SendSide } from "./send-side.ts";
import { Http2Stream, type Http2StreamOwner } from "./stream.ts";
import { toConnectRequest, toUpgradeResponse } from "./upgrade.ts";

/** What a stream of the client side asks of its connection. */
export interface ClientStreamOwner extends Http2StreamOwner {
  readonly send: SendSide;
  /** The stream gets its number: its head is about to be sent. */
  beginStream(stream: ClientStream): void;
}

/** One request and its response. */
export class ClientStream extends Http2Stream implements RequestEncoder {
  readonly decoder: ResponseDecoder;
  /** The head of the response (not a 1xx) has come. */
  headReceived = false;
  headRequest = false;
  /** Among the connection's streams without a number; -1: it has one, or is over. */
  place = -1;
  /** 1xx responses so far. */
  interim = 0;
  readonly #owner: ClientStreamOwner;
  #upgrade = "";

  constructor(owner: ClientStreamOwner, decoder: ResponseDecoder) {
    super(owner);
    this.#owner = owner;
    this.decoder = decoder;
  }

  protected override decodeData(data: DataBuffer, endStream: boolean): void {
    this.decoder.decodeData(data, endStream);
  }

  protected override decodeTrailers(trailers: TrailerMap): void {
    this.decoder.decodeTrailers(trailers);
  }

  protected override decodeMetadata(metadata: MetadataMap): void {
    this.decoder.decodeMetadata?.(metadata);
  }

  decodeHead(headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.#upgrade !== "") toUpgradeResponse(headers, this.#upgrade);
    this.decoder.decodeHeaders(headers, endStream);
  }

  encodeHeaders(headers: RequestHeaderMap, endStream: boolean): string | undefined {
    if (this.ended) return undefined;
    if (this.id !== 0) throw new Error("encodeHeaders() was called twice");
    const method = headers.getId(HeaderId.Method) ?? "";
    const problem = requestProblem(headers, method);
    if (problem !== undefined) return problem;
    this.headRequest = method === "HEAD";
    const sent = this.#forWire(headers);
    const length = sent.getId(HeaderId.ContentLength);
    if (length !== undefined) this.bodyToSend = parseContentLength(length);
    this.#owner.beginStream(this);
    if (endStream && this.bodyToSend > 0) this.#mismatch();
    else this.#owner.send.headers(this, sent, endStream);
    return undefined;
  }

  encodeData(data: DataBuffer, endStream: boolean): void {
    if (this.ended) {
      data.drain(data.length);
      return;
    }
    if (this.bodyToSend >= 0) {
      this.bodyToSend -= data.length;
      if (this.bodyToSend < 0 || (endStream && this.bodyToSend > 0)) {
        data.drain(data.length);
        this.#mismatch();
        return;
      }
    }
    if (data.length > 0 || endStream) this.#owner.send.data(this, data, endStream);
  }

  encodeTrailers(trailers: TrailerMap): void {
    if (this.ended) return;
    if (this.bodyToSend > 0) this.#mismatch();
    else this.#owner.send.trailers(this, trailers);
  }

  /** An upgrade is sent as extended CONNECT; the caller's map stays as it is. */
  #forWire(headers: RequestHeaderMap): HeaderMap {
    if (headers.getId(HeaderId.Method) === "CONNECT") return withoutTarget(headers);
    const upgrade = headers.hasId(HeaderId.Upgrade) ? headers.getId(HeaderId.Upgrade)! : "";
    if (upgrade === "" || !headers.hasId(HeaderId.Connection)) return headers;
    this.#upgrade = upgrade;
    const sent = headers.clone();
    toConnectRequest(sent);
    return sent;
  }

  #mismatch(): void {
    this.responseDetails = Http2Details.ContentLength;
    this.resetStream(StreamResetReason.LocalReset);
  }
}

/** A tunnel is asked for by authority alone (RFC 9113 section 8.5). */
function withoutTarget(headers: RequestHeaderMap): HeaderMap {
  const sent = headers.clone();
  sent.removeId(HeaderId.Scheme);
  sent.removeId(HeaderId.Path);
  return sent;
}

/** Why the head cannot be written; undefined when it can. */
function requestProblem(headers: RequestHeaderMap, method: string): string | undefined {
  if (method === "") return "missing required header: :method";
  if (!isToken(method)) return "value of :method is not a token";
  if (method === "CONNECT") {
    return headers.hasId(HeaderId.Authority) ? undefined : "missing required header: :authority";
  }
  const path = headers.getId(HeaderId.Path) ?? "";
  if (path === "") return "missing required header: :path";
  if (!headers.wireSafe && !isValidRequestTarget(path)) {
    return "value of :path cannot stand in a request";
  }
  return undefined;
}
