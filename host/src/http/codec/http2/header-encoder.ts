import { HeaderId } from "../../../common/headers/header-id.ts";
import { isValidHeaderName, isValidHeaderValue } from "../../../common/headers/validation.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { HpackEncoder } from "./hpack/encoder.ts";

/**
 * Encodes a map as one header block at `at` of `out`; gives the position behind it. Left out: what belongs to a
 * connection of HTTP/1 (RFC 9113 section 8.2.2), and a `host` beside `:authority`.
 *
 * A name that cannot stand on the wire is left out, in a value such characters become blanks: whatever a filter
 * has put into the map, the next hop sees exactly these fields.
 */
export function encodeHeaderMap(
  headers: HeaderMap,
  hpack: HpackEncoder,
  out: Uint8Array,
  at: number,
): number {
  hpack.begin(out, at);
  const safe = headers.wireSafe;
  const size = headers.size;
  for (let i = 0; i < size; i += 1) {
    const id = headers.idAt(i);
    if (id !== 0 ? isConnectionSpecific(id) : isLeftOut(headers, i)) continue;
    if (id === HeaderId.Te && headers.valueAt(i) !== "trailers") continue;
    const value = headers.valueAt(i);
    if (safe && !hasOuterBlank(value)) hpack.field(id, headers.nameAt(i), value);
    else encodeSafely(headers, i, hpack);
  }
  return hpack.end();
}

/** A blank at an end makes a message malformed (RFC 9113 section 8.2.1). */
function hasOuterBlank(value: string): boolean {
  return (
    value.length > 0 && (value.charCodeAt(0) <= 32 || value.charCodeAt(value.length - 1) <= 32)
  );
}

function encodeSafely(headers: HeaderMap, index: number, hpack: HpackEncoder): void {
  const name = headers.nameAt(index);
  const bare = name.charCodeAt(0) === 58 ? name.slice(1) : name;
  if (isValidHeaderName(bare))
    hpack.field(headers.idAt(index), name, cleanValue(headers.valueAt(index)));
}

function isConnectionSpecific(id: number): boolean {
  switch (id) {
    case HeaderId.Connection:
    case HeaderId.KeepAlive:
    case HeaderId.ProxyConnection:
    case HeaderId.TransferEncoding:
    case HeaderId.Upgrade:
      return true;
    default:
      return false;
  }
}

function isLeftOut(headers: HeaderMap, index: number): boolean {
  const name = headers.nameAt(index);
  if (name.length === 4) return name === "host" && headers.hasId(HeaderId.Authority);
  return name.length === 14 && name === "http2-settings";
}

/** No control characters, no blanks at the ends (RFC 9113 section 8.2.1). */
function cleanValue(value: string): string {
  if (isValidHeaderValue(value)) return value.trim() === value ? value : value.trim();
  let clean = "";
  for (let i = 0; i < value.length; i += 1) {
    clean += isValidHeaderValue(value[i]!) ? value[i]! : " ";
  }
  return clean.trim();
}
