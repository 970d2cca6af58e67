import { isText, longestKept, newRecentTexts, slotOf } from "../recent-texts.ts";
import { HeaderId, headerIdOfBytes, headerName } from "./header-id.ts";
import { HeaderName, internHeaderName, isLowerCaseOf, nextNameHash } from "./header-name.ts";
import { tokenLower, valueByte } from "./validation.ts";

/*
 * Names and values of header fields out of a guest's memory. A guest says the same few again and again, so what was read
 * a moment ago is compared with the bytes that are there and given again: no text is made, and texts that are the same
 * are one.
 */

/** For what cannot be a header name. No map has it. */
export const invalidName = new HeaderName("", 0, false);

const pseudoNames: HeaderName[] = [];
for (let id: number = HeaderId.Method; id <= HeaderId.Protocol; id += 1) {
  pseudoNames[id] = new HeaderName(headerName(id), 0, false);
}

/** The name of a pseudo header. */
export function pseudoHeaderName(id: number): HeaderName {
  return pseudoNames[id]!;
}

/** The header name in `[start, end)`, any case of letters; `invalidName` when it is none. */
export function readFieldName(bytes: Uint8Array, start: number, end: number): HeaderName {
  const slot = slotOf(bytes, start, end);
  const known = names[slot]!;
  if (isLowerCaseOf(known.text, bytes, start, end)) return known;
  let hash = 0;
  for (let i = start; i < end; i += 1) {
    const lower = tokenLower[bytes[i]!]!;
    if (lower === 0) return pseudoNames[headerIdOfBytes(bytes, start, end)] ?? invalidName;
    hash = nextNameHash(hash, lower);
  }
  if (start === end) return invalidName;
  const name = internHeaderName(bytes, start, end, hash);
  if (end - start <= longestKept) names[slot] = name;
  return name;
}

// In front of the table that all names of the wire pass through, so that they cannot push out the few that guests use.
const names: HeaderName[] = newRecentTexts().map(() => invalidName);

/** The field value in `[start, end)`, one character per byte; undefined when it may not stand in a message. */
export function readFieldValue(bytes: Buffer, start: number, end: number): string | undefined {
  const slot = slotOf(bytes, start, end);
  const known = values[slot]!;
  if (isText(known, bytes, start, end)) return known;
  for (let i = start; i < end; i += 1) if (valueByte[bytes[i]!] === 0) return undefined;
  const value = bytes.latin1Slice(start, end);
  if (end - start <= longestKept) values[slot] = value;
  return value;
}

const values = newRecentTexts();
