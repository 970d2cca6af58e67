import { HeaderId } from "../../../common/headers/header-id.ts";
import { isValidHeaderName, isValidHeaderValue } from "../../../common/headers/validation.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";

const crlf = "\r\n";

/** Writes field names as configured: as they are, or with a capital after each hyphen. */
export type NameFormat = (name: string) => string;

const properNames = new Map<string, string>();
const mostProperNames = 1024;

/** `content-type` becomes `Content-Type` (Envoy: `proper_case_words`). */
export function properCase(name: string): string {
  let proper = properNames.get(name);
  if (proper === undefined) {
    proper = "";
    for (let i = 0; i < name.length; i += 1) {
      const before = i === 0 ? 45 : name.charCodeAt(i - 1);
      // Words begin at the start and after anything that is neither letter nor digit.
      proper += isAlphanumeric(before) ? name[i]! : name[i]!.toUpperCase();
    }
    if (properNames.size >= mostProperNames) properNames.clear();
    properNames.set(name, proper);
  }
  return proper;
}

function isAlphanumeric(c: number): boolean {
  return (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 122);
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
 * The field lines of a head or of trailers, without the empty line. `contentLength` is written in the place of the
 * map's entry of that name; when it is empty, or already written, such entries are left out. Also left out, because
 * the caller decides about them: `transfer-encoding`, `connection`, and pseudo headers (but `:authority`, which is
 * written as Host).
 *
 * A name that cannot stand on the wire is left out, in a value such characters become blanks: whatever a filter
 * has put into the map, the peer sees exactly one message.
 */
export function encodeFields(
  headers: HeaderMap,
  contentLength: string,
  format: NameFormat | undefined,
): string {
  const safe = headers.wireSafe;
  let length = contentLength;
  let lines = "";
  const size = headers.size;
  for (let i = 0; i < size; i += 1) {
    let name = headers.nameAt(i);
    let value = headers.valueAt(i);
    switch (headers.idAt(i)) {
      case HeaderId.Method:
      case HeaderId.Path:
      case HeaderId.Scheme:
      case HeaderId.Status:
      case HeaderId.Protocol:
      case HeaderId.Connection:
      case HeaderId.TransferEncoding:
        continue;
      case HeaderId.ContentLength:
        if (length === "") continue;
        value = length;
        length = "";
        break;
      case HeaderId.Authority:
        name = "host";
        break;
      default:
    }
    if (!safe) {
      if (!isValidHeaderName(name)) continue;
      value = sanitizedValue(value);
    }
    lines += `${format === undefined ? name : format(name)}: ${value}${crlf}`;
  }
  return lines;
}

/** One line. */
export function encodeField(name: string, value: string, format: NameFormat | undefined): string {
  return `${format === undefined ? name : format(name)}: ${sanitizedValue(value)}${crlf}`;
}
