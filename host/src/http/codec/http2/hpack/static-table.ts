import {
  HeaderName,
  nextNameHash,
  internHeaderName,
} from "../../../../common/headers/header-name.ts";
import { FieldFault, HpackField } from "./field.ts";

/** RFC 7541 appendix A, from index 1 on. */
const entries: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** Indexes run from 1 to this. */
export const staticCount = entries.length;

const pseudoNames = new Map<string, HeaderName>();
for (const text of [":method", ":authority", ":path", ":scheme", ":status", ":protocol"]) {
  pseudoNames.set(text, new HeaderName(text, 0, true));
}

/** The name object of a pseudo header; undefined when there is no such one. */
export function pseudoName(text: string): HeaderName | undefined {
  return pseudoNames.get(text);
}

function nameOf(text: string): HeaderName {
  const pseudo = pseudoNames.get(text);
  if (pseudo !== undefined) return pseudo;
  const bytes = Buffer.from(text, "latin1");
  let hash = 0;
  for (let i = 0; i < bytes.length; i += 1) hash = nextNameHash(hash, bytes[i]!);
  return internHeaderName(bytes, 0, bytes.length, hash);
}

/** By index; index 0 is not used. */
export const staticFields: readonly (HpackField | undefined)[] = [
  undefined,
  ...entries.map(([name, value]) => new HpackField(nameOf(name), value, FieldFault.None, false)),
];
