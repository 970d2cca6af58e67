import { HeaderId, headerName, wellKnownCount } from "../../../common/headers/header-id.ts";
import { isValidHeaderName, isValidHeaderValue } from "../../../common/headers/validation.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";

/**
 * How field names are written. A line is a line end, the name, a colon and a blank, then the value: with the line
 * end in front, a well-known name costs one concatenation (test/bench/micro/http1-codec.bench.ts).
 */
export interface HeaderFormat {
  /** Beginnings of lines by well-known number; that of `:authority` is Host's. */
  readonly lines: readonly string[];
  readonly properCase: boolean;
  readonly noContent: string;
  readonly chunked: string;
  readonly close: string;
  readonly keepAlive: string;
}

function headerFormat(properCase: boolean): HeaderFormat {
  const lines = [""];
  for (let id = 1; id < wellKnownCount; id += 1) {
    const name = id === HeaderId.Authority ? "host" : headerName(id);
    lines.push(lineStart(name, properCase));
  }
  return {
    lines,
    properCase,
    noContent: `${lines[HeaderId.ContentLength]!}0`,
    chunked: `${lines[HeaderId.TransferEncoding]!}chunked`,
    close: `${lines[HeaderId.Connection]!}close`,
    keepAlive: `${lines[HeaderId.Connection]!}keep-alive`,
  };
}

function lineStart(name: string, properCase: boolean): string {
  return `\r\n${properCase ? toProperCase(name) : name}: `;
}

/** `content-type` becomes `Content-Type` (Envoy: `proper_case_words`). */
function toProperCase(name: string): string {
  let proper = "";
  for (let i = 0; i < name.length; i += 1) {
    const before = i === 0 ? 0 : name.charCodeAt(i - 1);
    // Words begin at the start and after anything that is neither letter nor digit.
    proper += isAlphanumeric(before) ? name[i]! : name[i]!.toUpperCase();
  }
  return proper;
}

function isAlphanumeric(c: number): boolean {
  return (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 122);
}

const asTheyAre = headerFormat(false);
const properCaseWords = headerFormat(true);

/** The format of a setting. */
export function headerFormatOf(setting: "default" | "proper-case"): HeaderFormat {
  return setting === "proper-case" ? properCaseWords : asTheyAre;
}

/** RFC 9110 section 5.5: what cannot stand in a value may be replaced by a blank. */
function sanitizedValue(value: string): string {
  if (isValidHeaderValue(value)) return value;
  let clean = "";
  for (let i = 0; i < value.length; i += 1) {
    const character = value[i]!;
    clean += isValidHeaderValue(character) ? character : " ";
  }
  return clean;
}

/** The first name or value that cannot stand on the wire, as a text about it; undefined when all can. */
export function unsafeField(headers: HeaderMap): string | undefined {
  if (headers.wireSafe) return undefined;
  for (let i = 0; i < headers.size; i += 1) {
    const name = headers.nameAt(i);
    if (name.charCodeAt(0) !== 58 && !isValidHeaderName(name)) {
      return `field name ${JSON.stringify(name)} is not a lower-case token`;
    }
    if (!isValidHeaderValue(headers.valueAt(i))) {
      return `value of ${name} holds a character that cannot stand in a field`;
    }
  }
  return undefined;
}

/**
 * The field lines of a head or of trailers, each with its line end in front. `contentLength` is written in the
 * place of the map's entry of that name; when it is empty, or already written, such entries are left out. Also
 * left out, because the caller decides about them: `transfer-encoding`, `connection`, and pseudo headers (but
 * `:authority`, which is written as Host).
 *
 * A name that cannot stand on the wire is left out, in a value such characters become blanks: whatever a filter
 * has put into the map, the peer sees exactly one message.
 */
export function encodeFields(
  headers: HeaderMap,
  contentLength: string,
  format: HeaderFormat,
): string {
  if (!headers.wireSafe) return encodeFieldsSafely(headers, contentLength, format);
  let length = contentLength;
  let lines = "";
  const size = headers.size;
  for (let i = 0; i < size; i += 1) {
    const id = headers.idAt(i);
    if (isFramingOrPseudo(id)) {
      if (id === HeaderId.ContentLength && length !== "") {
        lines = lines + format.lines[id]! + length;
        length = "";
      }
    } else if (id !== 0) {
      lines = lines + format.lines[id]! + headers.valueAt(i);
    } else {
      lines = lines + lineStart(headers.nameAt(i), format.properCase) + headers.valueAt(i);
    }
  }
  return lines;
}

function encodeFieldsSafely(
  headers: HeaderMap,
  contentLength: string,
  format: HeaderFormat,
): string {
  let length = contentLength;
  let lines = "";
  for (let i = 0; i < headers.size; i += 1) {
    const id = headers.idAt(i);
    const name = id === HeaderId.Authority ? "host" : headers.nameAt(i);
    if (id === HeaderId.ContentLength && length !== "") {
      lines += format.lines[id]! + length;
      length = "";
    } else if (!isFramingOrPseudo(id) && isValidHeaderName(name)) {
      lines += lineStart(name, format.properCase) + sanitizedValue(headers.valueAt(i));
    }
  }
  return lines;
}

function isFramingOrPseudo(id: number): boolean {
  switch (id) {
    case HeaderId.Method:
    case HeaderId.Path:
    case HeaderId.Scheme:
    case HeaderId.Status:
    case HeaderId.Protocol:
    case HeaderId.Connection:
    case HeaderId.ContentLength:
    case HeaderId.TransferEncoding:
      return true;
    default:
      return false;
  }
}

/** A `connection` line as the map says. */
export function encodeConnection(headers: HeaderMap, format: HeaderFormat): string {
  return format.lines[HeaderId.Connection]! + sanitizedValue(headers.getJoined("connection")!);
}
