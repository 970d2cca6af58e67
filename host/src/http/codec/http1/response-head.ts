import { HeaderId } from "../../../common/headers/header-id.ts";
import { HeaderMapImpl } from "../../../common/headers/header-map.ts";
import type { CodecError, Http1Settings } from "../../../contracts/http/codec.ts";
import { http1Errors } from "./errors.ts";
import { BodyKind, FramingFields } from "./framing.ts";
import type { HeadScanner } from "./head-scanner.ts";

const statusTexts: string[] = [];
for (let status = 100; status < 600; status += 1) statusTexts[status] = String(status);

/** What the head of a response means. One object per connection, reused. */
export class ResponseHead {
  headers = new HeaderMapImpl();
  status = 0;
  body: BodyKind = BodyKind.None;
  contentLength = 0;
  /** The server lets the connection be used again. */
  keepAlive = true;
  readonly #settings: Http1Settings;
  readonly #framing = new FramingFields();

  constructor(settings: Http1Settings) {
    this.#settings = settings;
  }

  /** Reads `head`, in which `scanner` found the parts. `bodiless`: it answers a HEAD. */
  read(scanner: HeadScanner, head: string, bodiless: boolean): CodecError | undefined {
    const headers = new HeaderMapImpl();
    this.headers = headers;
    this.status = scanner.status;
    this.body = BodyKind.None;
    this.contentLength = 0;
    this.#framing.reset();
    headers.addParsed(HeaderId.Status, ":status", statusTexts[scanner.status]!);
    const { names, values, count } = scanner;
    for (let i = 0; i < count; i += 1) {
      const name = names[i]!;
      const value = head.substring(values[2 * i]!, values[2 * i + 1]!);
      if (name.id !== 0) this.#framing.note(name.id, value);
      headers.addParsed(name.id, name.text, value);
    }
    const http10 = scanner.minorVersion === 0;
    const error = this.#bodyFraming(http10, bodiless);
    this.keepAlive = this.#framing.keepsAlive(http10) && !this.#endsWithConnection();
    return error;
  }

  #endsWithConnection(): boolean {
    return this.body === BodyKind.UntilClose;
  }

  /** RFC 9112 section 6.3, where every doubt is an error. */
  #bodyFraming(http10: boolean, bodiless: boolean): CodecError | undefined {
    const { lengths, encodings } = this.#framing;
    if (lengths > 0) {
      this.contentLength = this.#framing.contentLength();
      if (this.contentLength < 0) return http1Errors.contentLength;
    }
    if (encodings > 0) {
      const error = this.#transferEncoding(http10);
      if (error !== undefined) return error;
    }
    if (this.status < 200 || this.status === 204) return this.#withoutContent();
    if (bodiless || this.status === 304) return undefined;
    if (encodings > 0) this.body = BodyKind.Chunked;
    else if (lengths === 0) this.body = BodyKind.UntilClose;
    else if (this.contentLength > 0) this.body = BodyKind.Length;
    return undefined;
  }

  #transferEncoding(http10: boolean): CodecError | undefined {
    if (http10) return http1Errors.transferEncodingNotAllowed;
    if (this.#framing.lengths > 0) {
      if (!this.#settings.allowChunkedLength) return http1Errors.bothLengths;
      this.headers.removeId(HeaderId.ContentLength);
    }
    return this.#framing.isChunked() ? undefined : http1Errors.transferEncoding;
  }

  /** 1xx and 204 have neither field (RFC 9110 section 8.6, RFC 9112 section 6.1); a length of 0 is put up with. */
  #withoutContent(): CodecError | undefined {
    if (this.#framing.encodings > 0) return http1Errors.transferEncodingNotAllowed;
    if (this.#framing.lengths === 0) return undefined;
    if (this.contentLength > 0) return http1Errors.contentLengthNotAllowed;
    this.headers.removeId(HeaderId.ContentLength);
    return undefined;
  }
}
