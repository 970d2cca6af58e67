import { HeaderId } from "../../../common/headers/header-id.ts";

/** How the body of a message is delimited (RFC 9112 section 6). */
export const BodyKind = {
  None: 0,
  /** `Content-Length`. */
  Length: 1,
  Chunked: 2,
  /** Responses only: ends with the connection. */
  UntilClose: 3,
  /** Behind a CONNECT: bytes that are not HTTP. */
  Tunnel: 4,
} as const;
export type BodyKind = (typeof BodyKind)[keyof typeof BodyKind];

// Stays exact in a double; 1 PB should be enough for one body.
const mostDigits = 15;

/** The value of a `Content-Length` field; -1 unless it is one plain decimal number. */
export function parseContentLength(value: string): number {
  if (value.length === 0 || value.length > mostDigits) return -1;
  let length = 0;
  for (let i = 0; i < value.length; i += 1) {
    const digit = value.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}

/** Bits of what a `Connection` (or `Proxy-Connection`) field says. */
export const ConnectionOption = { Close: 1, KeepAlive: 2, Upgrade: 4, Other: 8 } as const;

/** The options in a `Connection` field, any case. `Other` when it lists anything else. */
export function connectionOptions(value: string): number {
  // The two values that are nearly always met.
  if (value === "keep-alive") return ConnectionOption.KeepAlive;
  if (value === "close") return ConnectionOption.Close;
  let options = 0;
  for (const part of value.toLowerCase().split(",")) {
    const option = part.trim();
    if (option === "close") options |= ConnectionOption.Close;
    else if (option === "keep-alive") options |= ConnectionOption.KeepAlive;
    else if (option === "upgrade") options |= ConnectionOption.Upgrade;
    else if (option !== "") options |= ConnectionOption.Other;
  }
  return options;
}

/** True for exactly `chunked`, in any case. */
function isChunked(value: string): boolean {
  return value === "chunked" || value.toLowerCase() === "chunked";
}

/** What the fields of one head say about framing and persistence, as they are met. */
export class FramingFields {
  /** The last `Content-Length`, and how many there were. */
  length = "";
  lengths = 0;
  /** The last `Transfer-Encoding`, and how many there were. */
  encoding = "";
  encodings = 0;
  /** `ConnectionOption` bits. */
  options = 0;

  reset(): void {
    this.length = "";
    this.lengths = 0;
    this.encoding = "";
    this.encodings = 0;
    this.options = 0;
  }

  /** A field whose name is well known. */
  note(id: number, value: string): void {
    switch (id) {
      case HeaderId.ContentLength:
        this.length = value;
        this.lengths += 1;
        return;
      case HeaderId.TransferEncoding:
        this.encoding = value;
        this.encodings += 1;
        return;
      case HeaderId.Connection:
        this.options |= connectionOptions(value);
        return;
      case HeaderId.ProxyConnection:
        // Not a standard field; what Envoy reads from it is the wish to close.
        this.options |= connectionOptions(value) & ConnectionOption.Close;
        return;
      default:
    }
  }

  /** True when the peer lets the connection be used again (RFC 9112 section 9.3). */
  keepsAlive(http10: boolean): boolean {
    if ((this.options & ConnectionOption.Close) !== 0) return false;
    return !http10 || (this.options & ConnectionOption.KeepAlive) !== 0;
  }

  /** The `Content-Length`; -1 when it is malformed or there are several. */
  contentLength(): number {
    return this.lengths === 1 ? parseContentLength(this.length) : -1;
  }

  /** True when `Transfer-Encoding` is there once and is exactly `chunked`. */
  isChunked(): boolean {
    return this.encodings === 1 && isChunked(this.encoding);
  }
}
