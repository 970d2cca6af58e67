import { headerIdOf, headerName, wellKnownCount } from "./header-id.ts";
import { tokenLower } from "./validation.ts";

/** A field name as parsers meet it: one object per name, so that the usual names are never built again. */
export class HeaderName {
  /** In lower case. */
  readonly text: string;
  /** The well-known number; 0 when it has none. */
  readonly id: number;
  readonly hasUnderscore: boolean;
  readonly hash: number;
  /** Stays in the table for good. */
  readonly fixed: boolean;

  constructor(text: string, hash: number, fixed: boolean) {
    this.text = text;
    this.id = headerIdOf(text);
    this.hasUnderscore = text.includes("_");
    this.hash = hash;
    this.fixed = fixed;
  }
}

/** One step of the hash that `internHeaderName` wants, over lower-case bytes, beginning with 0. */
export function nextNameHash(hash: number, lowerByte: number): number {
  return (Math.imul(hash, 31) + lowerByte) | 0;
}

// One slot per hash value modulo the size. A stranger's names may push each other out, which costs them a
// string each; they cannot push out the fixed ones, and long names are not kept, so memory is bounded.
const slots = 2048;
const longestKept = 64;
const table: (HeaderName | undefined)[] = Array.from({ length: slots }, () => undefined);

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 11)) & (slots - 1);
}

function fix(text: string): HeaderName {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = nextNameHash(hash, text.charCodeAt(i));
  const name = new HeaderName(text, hash, true);
  table[slotOf(hash)] ??= name;
  return name;
}

for (let id = 1; id < wellKnownCount; id += 1) {
  if (!headerName(id).startsWith(":")) fix(headerName(id));
}
/** `Host`, which maps hold as `:authority`. */
export const hostHeaderName = fix("host");

/**
 * The name at `[start, end)`, all of whose bytes are token bytes; `hash` is that of its lower-case form.
 */
export function internHeaderName(
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
): HeaderName {
  const slot = slotOf(hash);
  const known = table[slot];
  if (known !== undefined && known.hash === hash && equals(known.text, bytes, start, end)) {
    return known;
  }
  const name = new HeaderName(lowerCase(bytes, start, end), hash, false);
  if (known?.fixed !== true && end - start <= longestKept) table[slot] = name;
  return name;
}

function equals(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (text.length !== length) return false;
  for (let i = 0; i < length; i += 1) {
    if (text.charCodeAt(i) !== tokenLower[bytes[start + i]!]) return false;
  }
  return true;
}

function lowerCase(bytes: Uint8Array, start: number, end: number): string {
  const lower = Buffer.allocUnsafe(end - start);
  for (let i = start; i < end; i += 1) lower[i - start] = tokenLower[bytes[i]!]!;
  return lower.latin1Slice(0, lower.length);
}
