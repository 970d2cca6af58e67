/*
 * Short texts of one character per byte, as guests hand them over and over again: what was read a moment ago is compared
 * with the bytes that are there and given again. No text is made, and texts that are the same are one.
 */

const slots = 256;
/** What is longer is met too rarely to be kept. */
export const longestKept = 64;

/** The last text of each slot. */
export function newRecentTexts(): string[] {
  return Array.from({ length: slots }, () => "");
}

const texts = newRecentTexts();

/** The bytes in `[start, end)` as a text. */
export function recentText(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > longestKept) return bytes.latin1Slice(start, end);
  if (length === 0) return "";
  const slot = slotOf(bytes, start, end);
  const known = texts[slot]!;
  if (isText(known, bytes, start, end)) return known;
  const text = bytes.latin1Slice(start, end);
  texts[slot] = text;
  return text;
}

/** Of the length and three bytes, in any case of letters: what is there is compared with what is kept anyway. */
export function slotOf(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  const length = end - start;
  const first = bytes[start]! | 32;
  const middle = bytes[start + (length >> 1)]! | 32;
  const last = bytes[end - 1]! | 32;
  return (length * 31 + first * 7 + middle * 13 + last * 3) & (slots - 1);
}

/** True when the bytes in `[start, end)` are those of `text`. */
export function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (text.length !== length) return false;
  for (let i = 0; i < length; i += 1) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false;
  }
  return true;
}
