import { MAP_HTTP_REQUEST_HEADERS, MAP_HTTP_RESPONSE_HEADERS } from "@sluice/abi";
import { HeaderId, idMask } from "../../../common/headers/header-id.ts";
import { type HeaderName, hostHeaderName } from "../../../common/headers/header-name.ts";
import {
  invalidName,
  pseudoHeaderName,
  readFieldName,
} from "../../../common/headers/read-field.ts";
import {
  isToken,
  isValidAuthority,
  isValidHeaderValue,
  isValidRequestTarget,
} from "../../../common/headers/validation.ts";
import type { GuestMemory } from "../engine/guest-memory.ts";

/** Bytes of the longest name that guests may give to anything; longer ones are none. */
export const nameMax = 65_536;

/** The name there; undefined when it lies outside the memory. Of one that is too long, more than is allowed. */
export function nameAt(
  memory: GuestMemory,
  pointer: number,
  size: number,
  encoding: "latin1" | "utf8",
): string | undefined {
  if (!memory.contains(pointer, size)) return undefined;
  return memory[encoding](pointer, Math.min(size >>> 0, nameMax + 1));
}

const authority = pseudoHeaderName(HeaderId.Authority);

/** The header name that a text is, any case of letters; `invalidName` when it is none. */
export function headerNameOf(text: string): HeaderName {
  const bytes = Buffer.from(text, "latin1");
  return readFieldName(bytes, 0, bytes.length);
}

/** The name under which a map holds `name`: `host` is `:authority` in requests. */
export function nameInMap(mapType: number, name: HeaderName): HeaderName {
  return name === hostHeaderName && mapType === MAP_HTTP_REQUEST_HEADERS ? authority : name;
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
