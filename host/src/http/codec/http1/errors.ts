import type { CodecError } from "../../../contracts/http/codec.ts";

function codecError(code: number, details: string, message: string): CodecError {
  return Object.freeze({ code, details, message: `HTTP/1: ${message}` });
}

const malformed = "http1.codec_error";

/**
 * All that can be wrong with a message, once. `details` are Envoy's names, so that logs and dashboards keep
 * their meaning; codes are those of RFC 9112 and Envoy (host/docs/decisions/0001-http1-codec.md).
 */
export const http1Errors = {
  startLine: codecError(400, malformed, "malformed request line"),
  statusLine: codecError(400, malformed, "malformed status line"),
  leadingEmptyLines: codecError(400, malformed, "more than one empty line before a message"),
  unknownMethod: codecError(400, malformed, "unknown request method"),
  version: codecError(400, malformed, "protocol version is neither HTTP/1.1 nor HTTP/1.0"),
  lowVersion: codecError(426, "low_version", "HTTP/1.0 is not accepted (accept_http_10)"),
  url: codecError(400, "http1.invalid_url", "request target has no valid form"),
  targetCharacter: codecError(
    400,
    "http1.invalid_characters",
    "control character in the request target",
  ),
  scheme: codecError(400, "http1.invalid_scheme", "scheme of the target is neither http nor https"),
  fieldName: codecError(400, malformed, "field name is not a token directly before a colon"),
  fieldValue: codecError(400, "http1.invalid_characters", "control character in a field value"),
  lineEnd: codecError(400, malformed, "line does not end in CR LF"),
  underscore: codecError(400, "http1.unexpected_underscore", "underscore in a field name"),
  headersTooLarge: codecError(431, "http1.headers_too_large", "fields are above the size limit"),
  tooManyHeaders: codecError(431, "http1.too_many_headers", "fields are above the count limit"),
  duplicateHost: codecError(400, malformed, "more than one Host"),
  authority: codecError(400, "http.invalid_authority", "Host is not a host with an optional port"),
  contentLength: codecError(400, malformed, "Content-Length is not one decimal number"),
  bothLengths: codecError(
    400,
    "http1.content_length_and_chunked_not_allowed",
    "Content-Length and Transfer-Encoding in one message",
  ),
  transferEncoding: codecError(
    501,
    "http1.invalid_transfer_encoding",
    "Transfer-Encoding is not exactly chunked",
  ),
  transferEncodingNotAllowed: codecError(
    400,
    "http1.transfer_encoding_not_allowed",
    "Transfer-Encoding in HTTP/1.0 or in a response without body",
  ),
  contentLengthNotAllowed: codecError(
    400,
    "http1.content_length_not_allowed",
    "Content-Length in a 1xx or 204 response",
  ),
  bodyDisallowed: codecError(400, "http1.body_disallowed", "CONNECT with a body"),
  connectionOption: codecError(
    400,
    "http1.connection_header_rejected",
    "Connection names a field that must not be removed, or too many",
  ),
  chunkSize: codecError(400, malformed, "malformed chunk size"),
  chunkExtension: codecError(400, malformed, "chunk extensions are malformed or too long"),
  chunkEnd: codecError(400, malformed, "chunk data does not end in CR LF"),
  trailerField: codecError(400, malformed, "trailers hold a framing or routing field"),
  truncated: codecError(400, malformed, "connection closed inside a message"),
  unsolicited: codecError(400, malformed, "bytes that belong to no request"),
  switchingProtocols: codecError(400, malformed, "101 although no upgrade was asked for"),
  tooManyInterim: codecError(400, malformed, "too many 1xx responses to one request"),
} as const;
