import { codeLengths } from "./huffman-lengths.ts";

/**
 * The Huffman code of HPACK (RFC 7541 section 5.2 and appendix B). The code is canonical: the lengths give the
 * codes, in the order of length and then of value.
 */
const longest = 30;
const rootBits = 8;
const endOfString = 256;

const codes = new Int32Array(257);
/** By length: the first code, how many there are, and where their symbols begin in `symbols`. */
const firstCode = new Int32Array(longest + 1);
const codeCount = new Int32Array(longest + 1);
const firstSymbol = new Int32Array(longest + 1);
const symbols = new Int32Array(257);
/** By the next eight bits: `length << 8 | symbol`; 0 where the code is longer. */
const root = new Uint16Array(1 << rootBits);
const lengths = Uint8Array.from(codeLengths);

function buildTables(): void {
  let code = 0;
  let sorted = 0;
  for (let length = 1; length <= longest; length += 1) {
    code <<= 1;
    firstCode[length] = code;
    firstSymbol[length] = sorted;
    for (let symbol = 0; symbol <= endOfString; symbol += 1) {
      if (lengths[symbol] !== length) continue;
      codes[symbol] = code;
      symbols[sorted] = symbol;
      if (length <= rootBits) fillRoot(code, length, symbol);
      code += 1;
      sorted += 1;
    }
    codeCount[length] = sorted - firstSymbol[length]!;
  }
}

function fillRoot(code: number, length: number, symbol: number): void {
  const spare = rootBits - length;
  const first = code << spare;
  for (let i = 0; i < 1 << spare; i += 1) root[first + i] = (length << 8) | symbol;
}

buildTables();

/** Bytes that `text` (one byte per character) takes when coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i += 1) bits += lengths[text.charCodeAt(i)]!;
  return (bits + 7) >>> 3;
}

/** Writes the code of `text` to `out` at `at`; gives the position behind it. */
export function huffmanEncode(text: string, out: Uint8Array, at: number): number {
  let position = at;
  let pending = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    const code = codes[c]!;
    let length = lengths[c]!;
    if (length > 16) {
      // In two steps, so that never more than 23 bits are pending.
      length -= 16;
      pending = (pending << length) | (code >>> 16);
      bits += length;
      while (bits >= 8) {
        bits -= 8;
        out[position] = pending >>> bits;
        position += 1;
      }
      length = 16;
    }
    pending = (pending << length) | (code & ((1 << length) - 1));
    bits += length;
    while (bits >= 8) {
      bits -= 8;
      out[position] = pending >>> bits;
      position += 1;
    }
  }
  if (bits > 0) {
    // The rest of the last byte is the beginning of the end-of-string code: ones.
    out[position] = (pending << (8 - bits)) | (0xff >>> bits);
    position += 1;
  }
  return position;
}

/**
 * Decodes `[start, end)` of `bytes` into `out`, which must have room for 8/5 of it; gives the number of bytes, -1
 * when the code is broken or its padding is not the shortest one of ones.
 */
export function huffmanDecode(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
): number {
  let at = start;
  let acc = 0;
  let count = 0;
  let written = 0;
  for (;;) {
    while (count <= 24 && at < end) {
      acc = (acc << 8) | bytes[at]!;
      at += 1;
      count += 8;
    }
    const next = count >= 8 ? acc >>> (count - 8) : (acc << (8 - count)) | (0xff >>> count);
    const entry = root[next & 0xff]!;
    const length = entry >>> 8;
    if (length > count) return isPadding(acc, count) ? written : -1;
    if (length > 0) {
      out[written] = entry;
      count -= length;
    } else {
      let window = acc & (count === 32 ? -1 : (1 << count) - 1);
      window = window >>> 0;
      if (count < longest && at < end) {
        // Up to 33 bits: more than the operators take, exact all the same.
        window = window * 256 + bytes[at]!;
        acc = (acc << 8) | bytes[at]!;
        at += 1;
        count += 8;
      }
      const found = longSymbol(window, count);
      if (found < 0) return isPadding(acc, count) ? written : -1;
      out[written] = found & 0xff;
      count -= found >>> 8;
    }
    written += 1;
  }
}

/** The code of more than eight bits at the top of `count` bits, as `length << 8 | symbol`; -1 when there is none. */
function longSymbol(window: number, count: number): number {
  for (let length = rootBits + 1; length <= longest && length <= count; length += 1) {
    const offset = Math.floor(window / 2 ** (count - length)) - firstCode[length]!;
    if (offset < 0 || offset >= codeCount[length]!) continue;
    const symbol = symbols[firstSymbol[length]! + offset]!;
    return symbol === endOfString ? -1 : (length << 8) | symbol;
  }
  return -1;
}

function isPadding(acc: number, count: number): boolean {
  const ones = (1 << count) - 1;
  return count < 8 && (acc & ones) === ones;
}
