import { HeaderId } from "../../../common/headers/header-id.ts";
import { HeaderName, internHeaderName, nextNameHash } from "../../../common/headers/header-name.ts";
import { targetByte, tokenLower, valueByte } from "../../../common/headers/validation.ts";
import type { CodecError } from "../../../contracts/http/codec.ts";
import { http1Errors } from "./errors.ts";
import { HeadWords } from "./head-words.ts";

const tab = 9;
const lf = 10;
const cr = 13;
const space = 32;
const hash = 35;
const colon = 58;

/** What a head begins with. Trailers have fields only. */
export const HeadKind = { Request: 0, Response: 1, Trailers: 2 } as const;
export type HeadKind = (typeof HeadKind)[keyof typeof HeadKind];

export const ScanResult = {
  /** The empty line was reached; `length` says where. */
  Complete: 0,
  NeedMore: 1,
  /** `error` says why. */
  Error: 2,
} as const;
export type ScanResult = (typeof ScanResult)[keyof typeof ScanResult];

// Returned instead of an offset.
const needMore = -1;
const failed = -2;

// "HTTP/1." and the longest method there is (UNSUBSCRIBE).
const version = Buffer.from("HTTP/1.", "latin1");
// "HTTP" and "/1.1" as little-endian numbers.
const http = 0x50545448;
const slash11 = 0x312e312f;
const longestMethod = 11;

/**
 * Finds the parts of a head and checks its syntax, byte for byte, in the order in which they came: a head gives
 * the same outcome however it was cut into pieces. Strings are left to whoever reads the result.
 *
 * `scan` may be called again with more bytes behind the same beginning: whole lines are not looked at twice.
 */
export class HeadScanner {
  /** Fields found. */
  count = 0;
  /** Name of each field. */
  names: HeaderName[] = [];
  /** Start and end of the value of each field, blanks trimmed. */
  values = new Int32Array(2 * 32);
  /** Bytes of the head with its empty line, once complete. */
  length = 0;
  error: CodecError | undefined = undefined;

  // Request line.
  methodEnd = 0;
  targetEnd = 0;
  /** 0 or 1: the digit behind `HTTP/1.`. */
  minorVersion = 1;
  // Status line.
  status = 0;

  #kind: HeadKind = HeadKind.Request;
  #maxBytes = 0;
  #maxCount = 0;
  /** Start of the first line that is not done. */
  #line = 0;
  #nameHash = 0;
  readonly #words = new HeadWords();

  /** Begins a new head. `maxBytes` counts the start line and of fields name and value, as Envoy does. */
  reset(kind: HeadKind, maxBytes: number, maxCount: number): void {
    this.#kind = kind;
    this.#maxBytes = maxBytes;
    this.#maxCount = maxCount;
    this.#line = 0;
    this.count = 0;
    this.length = 0;
    this.error = undefined;
  }

  /** Bytes of which a head may not have more; what comes behind need not be kept for `scan`. */
  get longest(): number {
    return this.#maxBytes + 4 * (this.#maxCount + 2);
  }

  /** Looks at `bytes[0, end)`, which begin with the first byte of the head. */
  scan(bytes: Buffer, end: number): ScanResult {
    const words = this.#words;
    words.pointTo(bytes);
    let at = this.#line;
    if (at === 0 && this.#kind !== HeadKind.Trailers) {
      at = this.#startLine(bytes, words, end);
      if (at < 0) return at === needMore ? ScanResult.NeedMore : ScanResult.Error;
      this.#line = at;
    }
    for (;;) {
      const limit = this.#limit();
      const stop = end < limit ? end : limit;
      if (at < stop && bytes[at] === cr) return this.#emptyLine(bytes, at, stop);
      at = this.#field(bytes, words, at, stop);
      if (at < 0) return at === needMore ? ScanResult.NeedMore : ScanResult.Error;
      this.#line = at;
    }
  }

  /** Where the line that is being looked at must have ended. A field's colon, blank and CR LF are free. */
  #limit(): number {
    return this.#maxBytes + 4 * (this.count + 1);
  }

  #fail(error: CodecError): number {
    this.error = error;
    return failed;
  }

  /** The bytes ended at `stop`, in the middle of a line. */
  #outOfBytes(stop: number): number {
    return stop < this.#limit() ? needMore : this.#fail(http1Errors.headersTooLarge);
  }

  #emptyLine(bytes: Buffer, at: number, stop: number): ScanResult {
    const after = this.#lineFeed(bytes, at, stop);
    if (after < 0) return after === needMore ? ScanResult.NeedMore : ScanResult.Error;
    this.length = after;
    return ScanResult.Complete;
  }

  /** The offset behind the CR at `at` and its LF. */
  #lineFeed(bytes: Buffer, at: number, stop: number): number {
    if (at + 1 >= stop) return this.#outOfBytes(stop);
    return bytes[at + 1] === lf ? at + 2 : this.#fail(http1Errors.lineEnd);
  }

  /** One field line; returns the offset behind it. */
  #field(bytes: Buffer, words: HeadWords, start: number, stop: number): number {
    const previous = this.count === 0 ? firstNames[this.#kind]! : this.names[this.count - 1]!;
    let name = previous.next;
    let at: number;
    if (name !== undefined && isNameAt(name, bytes, words, start, stop)) {
      at = start + name.text.length;
    } else {
      at = this.#name(bytes, start, stop);
      if (at < 0) return at;
      name = internHeaderName(bytes, start, at, this.#nameHash);
      name.remember(words.view, words.base + start, previous);
    }
    at += 1;
    while (at < stop && isBlank(bytes[at]!)) at += 1;
    const valueStart = at;
    at = endOfValue(bytes, words, at, stop);
    if (at >= stop) return this.#outOfBytes(stop);
    if (bytes[at] !== cr) {
      return this.#fail(bytes[at] === lf ? http1Errors.lineEnd : http1Errors.fieldValue);
    }
    const next = this.#lineFeed(bytes, at, stop);
    if (next < 0) return next;
    const lineEnd = at;
    while (at > valueStart && isBlank(bytes[at - 1]!)) at -= 1;
    if (at < lineEnd && name.id === HeaderId.TransferEncoding && hasTab(bytes, at, lineEnd)) {
      // Parsers do not agree on whether `chunked` with a tab behind it is still that.
      return this.#fail(http1Errors.transferEncoding);
    }
    return this.#record(name, valueStart, at, next);
  }

  /** A token with a colon directly behind it; returns the offset of the colon. */
  #name(bytes: Buffer, start: number, stop: number): number {
    let at = start;
    let nameHash = 0;
    for (; at < stop; at += 1) {
      const lower = tokenLower[bytes[at]!]!;
      if (lower === 0) break;
      nameHash = nextNameHash(nameHash, lower);
    }
    if (at >= stop) return this.#outOfBytes(stop);
    if (bytes[at] !== colon || at === start) return this.#fail(http1Errors.fieldName);
    this.#nameHash = nameHash;
    return at;
  }

  #record(name: HeaderName, valueStart: number, valueEnd: number, next: number): number {
    const index = this.count;
    if (index === this.#maxCount) return this.#fail(http1Errors.tooManyHeaders);
    if (2 * index === this.values.length) this.#grow();
    this.names[index] = name;
    this.values[2 * index] = valueStart;
    this.values[2 * index + 1] = valueEnd;
    this.count = index + 1;
    return next;
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.values.length);
    larger.set(this.values);
    this.values = larger;
  }

  #startLine(bytes: Buffer, words: HeadWords, end: number): number {
    const limit = this.#limit();
    const stop = end < limit ? end : limit;
    return this.#kind === HeadKind.Request
      ? this.#requestLine(bytes, words, stop)
      : this.#statusLine(bytes, words, stop);
  }

  /** RFC 9112 section 3, with exactly one blank between the parts. */
  #requestLine(bytes: Buffer, words: HeadWords, stop: number): number {
    let at = 0;
    while (at < stop && at <= longestMethod && tokenLower[bytes[at]!] !== 0) at += 1;
    if (at >= stop) return this.#outOfBytes(stop);
    if (bytes[at] !== space || at === 0) return this.#fail(http1Errors.startLine);
    this.methodEnd = at;
    at += 1;
    while (at < stop && targetByte[bytes[at]!] !== 0) at += 1;
    if (at >= stop) return this.#outOfBytes(stop);
    if (bytes[at] !== space || at === this.methodEnd + 1) {
      return this.#fail(badTarget(bytes[at]!));
    }
    this.targetEnd = at;
    at = this.#version(bytes, words, at + 1, stop);
    if (at < 0) return at;
    if (at >= stop) return this.#outOfBytes(stop);
    return bytes[at] === cr ? this.#lineFeed(bytes, at, stop) : this.#fail(http1Errors.startLine);
  }

  /** `HTTP/1.0` or `HTTP/1.1` at `start`; returns the offset behind it. */
  #version(bytes: Buffer, words: HeadWords, start: number, stop: number): number {
    if (start + 8 <= stop && words.at(start) === http && words.at(start + 4) === slash11) {
      this.minorVersion = 1;
      return start + 8;
    }
    for (let i = 0; i < version.length; i += 1) {
      if (start + i >= stop) return this.#outOfBytes(stop);
      if (bytes[start + i] !== version[i]) return this.#fail(http1Errors.version);
    }
    const at = start + version.length;
    if (at >= stop) return this.#outOfBytes(stop);
    const minor = bytes[at]! - 48;
    if (minor !== 0 && minor !== 1) return this.#fail(http1Errors.version);
    this.minorVersion = minor;
    return at + 1;
  }

  /** RFC 9112 section 4. The reason phrase, and the blank before it, may be missing. */
  #statusLine(bytes: Buffer, words: HeadWords, stop: number): number {
    let at = this.#version(bytes, words, 0, stop);
    if (at < 0) return at;
    if (at >= stop) return this.#outOfBytes(stop);
    if (bytes[at] !== space) return this.#fail(http1Errors.statusLine);
    at += 1;
    let status = 0;
    for (const end = at + 3; at < end; at += 1) {
      if (at >= stop) return this.#outOfBytes(stop);
      const digit = bytes[at]! - 48;
      if (digit < 0 || digit > 9) return this.#fail(http1Errors.statusLine);
      status = status * 10 + digit;
    }
    if (status < 100 || status > 599) return this.#fail(http1Errors.statusLine);
    this.status = status;
    if (at < stop && bytes[at] === space) {
      at += 1;
      while (at < stop && valueByte[bytes[at]!] !== 0) at += 1;
    }
    if (at >= stop) return this.#outOfBytes(stop);
    return bytes[at] === cr ? this.#lineFeed(bytes, at, stop) : this.#fail(http1Errors.statusLine);
  }
}

/** By kind of head: the name that stands for "before the first field". */
const firstNames = [
  new HeaderName("", 0, true),
  new HeaderName("", 0, true),
  new HeaderName("", 0, true),
];

/** True when `name` and its colon stand at `start`, before `stop`. */
function isNameAt(
  name: HeaderName,
  bytes: Buffer,
  words: HeadWords,
  start: number,
  stop: number,
): boolean {
  const end = start + name.text.length;
  return end < stop && bytes[end] === colon && name.isSpelledAt(words.view, words.base + start);
}

function hasTab(bytes: Buffer, from: number, to: number): boolean {
  return bytes.subarray(from, to).includes(tab);
}

function isBlank(byte: number): boolean {
  return byte === space || byte === tab;
}

/** What to say of the first byte that cannot stand in a target. */
function badTarget(byte: number): CodecError {
  if (byte === hash) return http1Errors.url;
  if (byte === cr || byte === lf || valueByte[byte] !== 0) return http1Errors.startLine;
  return http1Errors.targetCharacter;
}

/**
 * The first byte from `start` that cannot stand in a field value. Four at a time: a quarter of the cost of a
 * table look-up per byte (test/bench/micro/http1-codec.bench.ts).
 */
function endOfValue(bytes: Buffer, words: HeadWords, start: number, stop: number): number {
  let at = start;
  for (const last = stop - 4; at <= last; at += 4) {
    const word = words.at(at);
    // A byte below 32 borrows, and so does a 127 after the exclusive or; HTAB is sorted out below.
    const delete_ = word ^ 0x7f7f7f7f;
    const low = (word - 0x20202020) & ~word;
    if (((low | ((delete_ - 0x01010101) & ~delete_)) & 0x80808080) !== 0) break;
  }
  while (at < stop && valueByte[bytes[at]!] !== 0) at += 1;
  return at;
}
