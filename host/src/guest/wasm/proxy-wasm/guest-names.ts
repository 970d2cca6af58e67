import { MAP_HTTP_REQUEST_HEADERS, MAP_HTTP_RESPONSE_HEADERS } from "@sluice/abi";
import {
  HeaderId,
  headerIdOfBytes,
  headerName,
  idMask,
} from "../../../common/headers/header-id.ts";
import {
  HeaderName,
  hostHeaderName,
  internHeaderName,
  nextNameHash,
} from "../../../common/headers/header-name.ts";
import {
  isToken,
  isValidAuthority,
  isValidHeaderValue,
  isValidRequestTarget,
  tokenLower,
  valueByte,
} from "../../../common/headers/validation.ts";

/** For what cannot be a header name. No map has it. */
export const invalidName = new HeaderName("", 0, false);

const pseudoNames: HeaderName[] = [];
for (let id: number = HeaderId.Method; id <= HeaderId.Protocol; id += 1) {
  pseudoNames[id] = new HeaderName(headerName(id), 0, false);
}
const authority = pseudoNames[HeaderId.Authority]!;

/** The header name in `[start, end)`, any case of letters; `invalidName` when it is none. */
export function readHeaderName(bytes: Uint8Array, start: number, end: number): HeaderName {
  let hash = 0;
  for (let i = start; i < end; i += 1) {
    const lower = tokenLower[bytes[i]!]!;
    if (lower === 0) return readPseudoName(bytes, start, end);
    hash = nextNameHash(hash, lower);
  }
  return start === end ? invalidName : remembered(bytes, start, end, hash);
}

// In front of the table that all names of the wire pass through, so that they cannot push out the few that guests use.
const slots = 256;
const recent: HeaderName[] = Array.from({ length: slots }, () => invalidName);

function remembered(bytes: Uint8Array, start: number, end: number, hash: number): HeaderName {
  const slot = (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (slots - 1);
  const known = recent[slot]!;
  if (known.hash === hash && sameText(known.text, bytes, start, end)) return known;
  const name = internHeaderName(bytes, start, end, hash);
  if (end - start <= longestRemembered) recent[slot] = name;
  return name;
}

const longestRemembered = 64;

function sameText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) !== tokenLower[bytes[start + i]!]) return false;
  }
  return true;
}

function readPseudoName(bytes: Uint8Array, start: number, end: number): HeaderName {
  return pseudoNames[headerIdOfBytes(bytes, start, end)] ?? invalidName;
}

/** The same for a string. */
export function headerNameOf(text: string): HeaderName {
  const bytes = Buffer.from(text, "latin1");
  return readHeaderName(bytes, 0, bytes.length);
}

/** The name under which a map holds `name`: `host` is `:authority` in requests. */
export function nameInMap(mapType: number, name: HeaderName): HeaderName {
  return name === hostHeaderName && mapType === MAP_HTTP_REQUEST_HEADERS ? authority : name;
}

/** True when all bytes in `[start, end)` may stand in a header value. */
export function areValueBytes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) if (valueByte[bytes[i]!] === 0) return false;
  return true;
}

/** True when `name: value` may stand in this map; what would break a message is refused. */
export function mayStand(mapType: number, name: HeaderName, value: string): boolean {
  return isValidHeaderValue(value) && mayStandThere(mapType, name, value);
}

/** The same for a value whose bytes have been looked at. */
export function mayStandThere(mapType: number, name: HeaderName, value: string): boolean {
  if (name === invalidName) return false;
  const { id } = name;
  if (id === 0 || id > HeaderId.Protocol) return true;
  if (mapType === MAP_HTTP_RESPONSE_HEADERS) {
    return id === HeaderId.Status && /^[2-5]\d\d$/.test(value);
  }
  return mapType === MAP_HTTP_REQUEST_HEADERS && mayStandInRequest(id, value);
}

function mayStandInRequest(pseudoId: number, value: string): boolean {
  switch (pseudoId) {
    case HeaderId.Authority:
      return value === "" || isValidAuthority(value);
    case HeaderId.Path:
      return isValidRequestTarget(value);
    case HeaderId.Method:
    case HeaderId.Scheme:
    case HeaderId.Protocol:
      return isToken(value);
    default:
      return false;
  }
}

// Names whose values Envoy keeps in one entry: a second one is joined to the first with a comma.
const separate = idMask(
  HeaderId.Cookie,
  HeaderId.Referer,
  HeaderId.Trailer,
  HeaderId.XEnvoyOriginalHost,
  HeaderId.XEnvoyOverloaded,
  HeaderId.XEnvoyNotForwarded,
  HeaderId.XEnvoyIsTimeoutRetry,
);

/** True when adding a second value of this name joins it to the first. */
export function joinsValues(name: HeaderName): boolean {
  const { id } = name;
  if (id === 0) return false;
  return id < 32 ? (separate.low & (1 << id)) === 0 : (separate.high & (1 << (id - 32))) === 0;
}
