/** The serialized form of header maps and other lists of pairs. Strings have one character per byte. */

/** Entries by index, as header maps have them. */
export interface PairSource {
  readonly size: number;
  nameAt(index: number): string;
  valueAt(index: number): string;
}

/** How much of a list of pairs is read. */
export interface PairLimits {
  readonly count: number;
  readonly bytes: number;
}

/** The reference host's limits. */
export const pairLimits: PairLimits = { count: 1024, bytes: 1_048_576 };

/** Bytes that `writePairs` will write. */
export function pairsByteLength(source: PairSource): number {
  let bytes = 4;
  for (let i = 0; i < source.size; i += 1) {
    bytes += 8 + source.nameAt(i).length + 1 + source.valueAt(i).length + 1;
  }
  return bytes;
}

/** Writes: the count; each pair's lengths; each pair's name and value, both ended by a zero byte. */
export function writePairs(source: PairSource, target: Uint8Array, offset: number): void {
  const size = source.size;
  let at = writeU32(target, offset, size);
  for (let i = 0; i < size; i += 1) {
    at = writeU32(target, at, source.nameAt(i).length);
    at = writeU32(target, at, source.valueAt(i).length);
  }
  for (let i = 0; i < size; i += 1) {
    at = writeText(target, at, source.nameAt(i));
    at = writeText(target, at, source.valueAt(i));
  }
}

function writeU32(target: Uint8Array, at: number, value: number): number {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
  return at + 4;
}

function writeText(target: Uint8Array, at: number, text: string): number {
  const length = text.length;
  for (let i = 0; i < length; i += 1) target[at + i] = text.charCodeAt(i);
  target[at + length] = 0;
  return at + length + 1;
}

/** The pairs in `bytes`; none when they are malformed or beyond the limits (as the reference host reads them). */
export function readPairs(
  bytes: Uint8Array,
  limits: PairLimits = pairLimits,
): [name: string, value: string][] {
  if (bytes.length < 4 || bytes.length > limits.bytes) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(0, true);
  if (count > limits.count || 4 + count * 8 > bytes.length) return [];
  const pairs: [string, string][] = [];
  let at = 4 + count * 8;
  for (let i = 0; i < count; i += 1) {
    const nameEnd = at + view.getUint32(4 + i * 8, true);
    const valueEnd = nameEnd + 1 + view.getUint32(8 + i * 8, true);
    if (valueEnd >= bytes.length || bytes[nameEnd] !== 0 || bytes[valueEnd] !== 0) return [];
    pairs.push([latin1(bytes, at, nameEnd), latin1(bytes, nameEnd + 1, valueEnd)]);
    at = valueEnd + 1;
  }
  return at === bytes.length ? pairs : [];
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i += 1) text += String.fromCharCode(bytes[i]!);
  return text;
}
