import { headerIdOf, headerName, wellKnownCount } from "./header-id.ts";
import { tokenLower } from "./validation.ts";

/** Longer names are met too rarely to be kept. */
const longestKept = 64;
const noWords = new Int32Array(0);

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
  /**
   * The name that followed this one last time. Clients send their fields in one order, so that it is a good
   * guess for the next field.
   */
  next: HeaderName | undefined = undefined;
  /** The name as it was last spelled on the wire, four bytes to a number, and its last four bytes. */
  #spelling: Int32Array = noWords;
  #tail = 0;

  constructor(text: string, hash: number, fixed: boolean) {
    this.text = text;
    this.id = headerIdOf(text);
    this.hasUnderscore = text.includes("_");
    this.hash = hash;
    this.fixed = fixed;
  }

  /** True when the name stands at `start` in exactly the spelling that was last remembered. */
  isSpelledAt(words: DataView, start: number): boolean {
    const spelling = this.#spelling;
    const count = spelling.length;
    if (count === 0) return false;
    for (let i = 0; i < count; i += 1) {
      if (words.getInt32(start + 4 * i, true) !== spelling[i]) return false;
    }
    return words.getInt32(start + this.text.length - 4, true) === this.#tail;
  }

  /** Remembers that the name was met at `start`, behind `previous`. */
  remember(words: DataView, start: number, previous: HeaderName): void {
    const length = this.text.length;
    if (length < 4 || length > longestKept) return;
    previous.next = this;
    const count = length >> 2;
    if (this.#spelling.length === 0) this.#spelling = new Int32Array(count);
    for (let i = 0; i < count; i += 1) this.#spelling[i] = words.getInt32(start + 4 * i, true);
    this.#tail = words.getInt32(start + length - 4, true);
  }
}

/** One step of the hash that `internHeaderName` wants, over lower-case bytes, beginning with 0. */
export function nextNameHash(hash: number, lowerByte: number): number {
  return (Math.imul(hash, 31) + lowerByte) | 0;
}

// One slot per hash value modulo the size. A stranger's names may push each other out, which costs them a
// string each; they cannot push out the fixed ones, and long names are not kept, so memory is bounded.
const slots = 2048;
const table: (HeaderName | undefined)[] = Array.from({ length: slots }, () => undefined);

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 11)) & (slots - 1);
}

function fix(text: string): HeaderName {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = nextNameHash(hash, text.charCodeAt(i));
  const slot = slotOf(hash);
  // One object per fixed name is what comparing by identity stands on.
  if (table[slot] !== undefined) throw new Error(`${text} and ${table[slot].text} share a slot`);
  table[slot] = new HeaderName(text, hash, true);
  return table[slot];
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
  if (known !== undefined && known.hash === hash && isLowerCaseOf(known.text, bytes, start, end)) {
    return known;
  }
  const name = new HeaderName(lowerCase(bytes, start, end), hash, false);
  if (known?.fixed !== true && end - start <= longestKept) table[slot] = name;
  return name;
}

/** True when `[start, end)` is the name `text`, any case of letters; bytes that no name has are never equal. */
export function isLowerCaseOf(
  text: string,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
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
