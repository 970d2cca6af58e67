import { HeaderId } from "../../../common/headers/header-id.ts";
import { HeaderMapImpl } from "../../../common/headers/header-map.ts";
import { hostHeaderName } from "../../../common/headers/header-name.ts";
import type { CodecError, Http1Settings } from "../../../contracts/http/codec.ts";
import { isGoodAuthority } from "../authority.ts";
import { removeH2cUpgrade, removeNominatedFields } from "./connection-field.ts";
import { http1Errors } from "./errors.ts";
import { BodyKind, ConnectionOption, FramingFields } from "./framing.ts";
import type { HeadScanner } from "./head-scanner.ts";
import type { Http1CodecStats } from "./stats.ts";

/** The methods that llhttp and Envoy know. Others are refused: nobody downstream agrees on their framing. */
const methods = new Set(
  (
    "GET POST HEAD PUT DELETE OPTIONS PATCH CONNECT TRACE ACL BIND CHECKOUT COPY LINK LOCK M-SEARCH MERGE " +
    "MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY PROPFIND PROPPATCH PURGE QUERY REBIND REPORT SEARCH SOURCE " +
    "SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE"
  ).split(" "),
);

/** The method of `end` characters at the start of `head`; empty when it is not known. */
function methodOf(head: string, end: number): string {
  // Most requests, without a string for it.
  if (end === 3 && head.startsWith("GET")) return "GET";
  const method = head.substring(0, end);
  return methods.has(method) ? method : "";
}

/** What the head of a request means: pseudo headers, framing, persistence. One object per connection, reused. */
export class RequestHead {
  headers = new HeaderMapImpl();
  method = "";
  body: BodyKind = BodyKind.None;
  contentLength = 0;
  http10 = false;
  /** The client lets the connection be used again. */
  keepAlive = true;
  /** The request asks for another protocol, which may follow. */
  upgrade = false;
  readonly #settings: Http1Settings;
  readonly #framing = new FramingFields();
  readonly #stats: Http1CodecStats;

  #host: string | undefined = undefined;
  #scheme = "";
  #path = "";

  constructor(settings: Http1Settings, stats: Http1CodecStats) {
    this.#settings = settings;
    this.#stats = stats;
  }

  /** Reads `head`, in which `scanner` found the parts. */
  read(scanner: HeadScanner, head: string): CodecError | undefined {
    this.#begin(scanner, head);
    if (this.method === "") return http1Errors.unknownMethod;
    if (this.http10 && !this.#settings.acceptHttp10) return http1Errors.lowVersion;
    const error =
      this.#target(head.substring(scanner.methodEnd + 1, scanner.targetEnd)) ??
      this.#authority(scanner, head);
    if (error !== undefined) return error;
    this.#pseudoHeaders();
    return this.#fields(scanner, head) ?? this.#bodyFraming() ?? this.#persistence();
  }

  #begin(scanner: HeadScanner, head: string): void {
    this.headers = new HeaderMapImpl();
    this.method = methodOf(head, scanner.methodEnd);
    this.http10 = scanner.minorVersion === 0;
    this.upgrade = false;
    this.body = BodyKind.None;
    this.contentLength = 0;
    this.#host = undefined;
    this.#scheme = "";
    this.#framing.reset();
  }

  /** RFC 9112 section 3.2: origin, asterisk, authority or absolute form. */
  #target(target: string): CodecError | undefined {
    this.#path = target;
    if (this.method === "CONNECT") {
      this.#path = "";
      this.#host = target;
      return isGoodAuthority(target) ? undefined : http1Errors.url;
    }
    if (target.charCodeAt(0) === 47) return undefined;
    if (target === "*") return this.method === "OPTIONS" ? undefined : http1Errors.url;
    const colon = target.indexOf("://");
    if (colon <= 0) return http1Errors.startLine;
    return this.#settings.allowAbsoluteUrl ? this.#absoluteForm(target, colon) : undefined;
  }

  #absoluteForm(target: string, colon: number): CodecError | undefined {
    this.#scheme = target.substring(0, colon).toLowerCase();
    if (this.#scheme !== "http" && this.#scheme !== "https") return http1Errors.scheme;
    let end = colon + 3;
    while (end < target.length && target[end] !== "/" && target[end] !== "?") end += 1;
    this.#host = target.substring(colon + 3, end);
    this.#path =
      target.charCodeAt(end) === 47 ? target.substring(end) : `/${target.substring(end)}`;
    return isGoodAuthority(this.#host) ? undefined : http1Errors.url;
  }

  /** The authority of the target wins over Host (RFC 9112 section 3.2.2), but Host must be sound all the same. */
  #authority(scanner: HeadScanner, head: string): CodecError | undefined {
    let seen = false;
    for (let i = 0; i < scanner.count; i += 1) {
      if (scanner.names[i] !== hostHeaderName) continue;
      if (seen) return http1Errors.duplicateHost;
      seen = true;
      const host = head.substring(scanner.values[2 * i]!, scanner.values[2 * i + 1]!);
      if (host !== "" && !isGoodAuthority(host)) return http1Errors.authority;
      this.#host ??= host;
    }
    if (this.#host === undefined && this.http10 && this.#settings.defaultHostForHttp10 !== "") {
      this.#host = this.#settings.defaultHostForHttp10;
    }
    return undefined;
  }

  /** In the order in which Envoy's maps have them. */
  #pseudoHeaders(): void {
    const headers = this.headers;
    if (this.#host !== undefined) {
      headers.addParsed(HeaderId.Authority, ":authority", this.#host);
    }
    if (this.#path !== "") headers.addParsed(HeaderId.Path, ":path", this.#path);
    headers.addParsed(HeaderId.Method, ":method", this.method);
    if (this.#scheme !== "") headers.addParsed(HeaderId.Scheme, ":scheme", this.#scheme);
  }

  #fields(scanner: HeadScanner, head: string): CodecError | undefined {
    const headers = this.headers;
    const { names, values, count } = scanner;
    const anyName = this.#settings.underscoresInHeaders === "allow";
    for (let i = 0; i < count; i += 1) {
      const name = names[i]!;
      const value = head.substring(values[2 * i]!, values[2 * i + 1]!);
      const id = name.id;
      if (id !== 0) {
        this.#framing.note(id, value);
      } else if (name === hostHeaderName) {
        continue;
      } else if (!anyName && name.hasUnderscore) {
        if (this.#settings.underscoresInHeaders === "drop") {
          this.#stats.droppedHeadersWithUnderscores.inc();
          continue;
        }
        this.#stats.requestsRejectedWithUnderscoresInHeaders.inc();
        return http1Errors.underscore;
      }
      headers.addParsed(id, name.text, value);
    }
    return undefined;
  }

  /** RFC 9112 section 6.3, where every doubt is an error: nobody may read the message in another way. */
  #bodyFraming(): CodecError | undefined {
    const framing = this.#framing;
    if (framing.encodings > 0) return this.#transferEncoding();
    if (framing.lengths > 0) {
      this.contentLength = framing.contentLength();
      if (this.contentLength < 0) return http1Errors.contentLength;
      if (this.contentLength > 0) this.body = BodyKind.Length;
    }
    if (this.method !== "CONNECT") return undefined;
    if (this.contentLength > 0) return http1Errors.bodyDisallowed;
    this.headers.removeId(HeaderId.ContentLength);
    this.body = BodyKind.Tunnel;
    return undefined;
  }

  #transferEncoding(): CodecError | undefined {
    if (this.http10) return http1Errors.transferEncodingNotAllowed;
    if (this.#framing.lengths > 0) {
      if (!this.#settings.allowChunkedLength) return http1Errors.bothLengths;
      this.headers.removeId(HeaderId.ContentLength);
    }
    if (!this.#framing.isChunked() || this.method === "CONNECT") {
      return http1Errors.transferEncoding;
    }
    this.body = BodyKind.Chunked;
    return undefined;
  }

  /** RFC 9110 section 7.8: a request without a body, followed by another protocol once it has been answered 101. */
  #upgradeOffer(): void {
    removeH2cUpgrade(this.headers);
    const asks = (this.#framing.options & ConnectionOption.Upgrade) !== 0;
    if (this.#settings.upgrades !== true || !asks || this.http10) return;
    if (this.body !== BodyKind.None || !this.headers.hasId(HeaderId.Upgrade)) return;
    this.upgrade = true;
    this.body = BodyKind.UntilClose;
  }

  #persistence(): CodecError | undefined {
    this.keepAlive = this.#framing.keepsAlive(this.http10);
    if (this.headers.hasId(HeaderId.Upgrade)) this.#upgradeOffer();
    if (this.body === BodyKind.Tunnel && this.#settings.upgrades === true) {
      this.upgrade = true;
      this.body = BodyKind.UntilClose;
    }
    if ((this.#framing.options & ConnectionOption.Other) === 0) return undefined;
    return removeNominatedFields(this.headers) ? undefined : http1Errors.connectionOption;
  }
}
