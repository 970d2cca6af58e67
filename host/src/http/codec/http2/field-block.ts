import { HeaderId } from "../../../common/headers/header-id.ts";
import { HeaderMapImpl } from "../../../common/headers/header-map.ts";
import { hostHeaderName } from "../../../common/headers/header-name.ts";
import type { Http2Settings } from "../../../contracts/http/codec.ts";
import { parseContentLength } from "../http1/framing.ts";
import { Http2Details, messageError, type Http2Error } from "./errors.ts";
import type { FieldSink } from "./hpack/decoder.ts";
import type { HpackField } from "./hpack/field.ts";
import type { Http2CodecStats } from "./stats.ts";

const colon = 58;

const invalidField = messageError(Http2Details.InvalidHeader, "invalid field name or value");
const connectionField = messageError(
  Http2Details.InvalidHeader,
  "connection-specific field (RFC 9113 section 8.2.2)",
);
const invalidLength = messageError(
  Http2Details.InvalidHeader,
  "Content-Length is not one decimal number",
);
const latePseudo = messageError(
  Http2Details.MessagingViolation,
  "pseudo header behind a field, in trailers, or twice",
);
/** A name that `headers_with_underscores_action` does not let pass. */
export const underscore = messageError(Http2Details.Underscore, "underscore in a field name");
/** The fields of a message are more, or larger, than the limits allow. */
export const tooManyHeaders = messageError(
  Http2Details.TooManyHeaders,
  "fields are above the limits of size or count",
);

/** The fields of one block as a map, checked as RFC 9113 section 8 wants. One object per connection, reused. */
export abstract class FieldBlock implements FieldSink {
  headers = new HeaderMapImpl();
  /** The value of `content-length`; -1 when there is none. */
  contentLength = -1;
  /** What is wrong with the message; the rest of the block is only decoded, for the tables' sake. */
  error: Http2Error | undefined = undefined;
  protected readonly settings: Http2Settings;
  protected readonly stats: Http2CodecStats;
  /** `host`, which maps hold as `:authority`. */
  protected host: string | undefined = undefined;
  readonly #dropsUnderscores: boolean;
  readonly #anyUnderscores: boolean;
  #isTrailers = false;
  #pseudoOver = false;
  #bytes = 0;
  #count = 0;
  #cookieAt = -1;

  constructor(settings: Http2Settings, stats: Http2CodecStats) {
    this.settings = settings;
    this.stats = stats;
    this.#anyUnderscores = settings.underscoresInHeaders === "allow";
    this.#dropsUnderscores = settings.underscoresInHeaders === "drop";
  }

  begin(isTrailers: boolean): void {
    this.headers = new HeaderMapImpl();
    this.contentLength = -1;
    this.error = undefined;
    this.host = undefined;
    this.#isTrailers = isTrailers;
    this.#pseudoOver = isTrailers;
    this.#bytes = 0;
    this.#count = 0;
    this.#cookieAt = -1;
  }

  /** True for a pseudo header that this kind of message may have. */
  protected abstract isPseudo(id: number): boolean;

  onField(field: HpackField): void {
    if (this.error !== undefined) return;
    const { name, value } = field;
    this.#count += 1;
    this.#bytes += name.text.length + value.length;
    if (
      this.#count > this.settings.maxHeadersCount ||
      this.#bytes > this.settings.maxHeadersBytes
    ) {
      this.stats.headerOverflow.inc();
      this.error = tooManyHeaders;
    } else if (field.fault !== 0 || (field.obsText && this.settings.disallowObsText)) {
      this.error = invalidField;
    } else if (name.text.charCodeAt(0) === colon) {
      this.#pseudo(name.id, name.text, value);
    } else {
      this.#pseudoOver = true;
      if (name.id !== 0) this.#wellKnown(name.id, name.text, value);
      else if (name === hostHeaderName) this.#noteHost(value);
      else if (this.#anyUnderscores || !name.hasUnderscore)
        this.headers.addParsed(0, name.text, value);
      else this.#underscore();
    }
  }

  #pseudo(id: number, name: string, value: string): void {
    if (this.#pseudoOver || !this.isPseudo(id) || this.headers.hasId(id)) this.error = latePseudo;
    else this.headers.addParsed(id, name, value);
  }

  #wellKnown(id: number, name: string, value: string): void {
    switch (id) {
      case HeaderId.Connection:
      case HeaderId.KeepAlive:
      case HeaderId.ProxyConnection:
      case HeaderId.TransferEncoding:
      case HeaderId.Upgrade:
        this.error = connectionField;
        return;
      case HeaderId.Te:
        if (value !== "trailers") this.error = connectionField;
        break;
      case HeaderId.ContentLength:
        this.#noteLength(value);
        break;
      case HeaderId.Cookie:
        if (this.#joinsCookie(value)) return;
        break;
      default:
    }
    this.headers.addParsed(id, name, value);
  }

  #noteLength(value: string): void {
    const length = parseContentLength(value);
    if (length < 0 || this.contentLength >= 0 || this.#isTrailers) this.error = invalidLength;
    this.contentLength = length;
  }

  /** One field for all of them, however the client has cut it (RFC 9113 section 8.2.3). */
  #joinsCookie(value: string): boolean {
    if (this.#cookieAt < 0) {
      this.#cookieAt = this.headers.size;
      return false;
    }
    this.headers.setValueAt(this.#cookieAt, `${this.headers.valueAt(this.#cookieAt)}; ${value}`);
    return true;
  }

  #noteHost(value: string): void {
    if (this.host !== undefined || this.#isTrailers) this.error = invalidField;
    this.host = value;
  }

  #underscore(): void {
    if (this.#dropsUnderscores) {
      this.stats.droppedHeadersWithUnderscores.inc();
      return;
    }
    this.stats.requestsRejectedWithUnderscoresInHeaders.inc();
    this.error = underscore;
  }
}
