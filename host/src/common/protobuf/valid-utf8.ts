import { isUtf8 } from "node:buffer";

// oxlint-disable-next-line no-control-regex -- all that is ASCII
const ascii = /^[\x00-\x7f]*$/;
const replacement = 33;

/** Byte text (one character per byte) that is UTF-8: each byte that belongs to no character becomes `!`. */
export function validUtf8(byteText: string): string {
  if (ascii.test(byteText)) return byteText;
  const bytes = Buffer.from(byteText, "latin1");
  return isUtf8(bytes) ? byteText : replaceInvalid(bytes).latin1Slice();
}

/** The same for bytes, which are changed in place. */
export function validUtf8Bytes(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : replaceInvalid(bytes);
}

function replaceInvalid(bytes: Buffer): Buffer {
  let at = 0;
  while (at < bytes.length) {
    const length = lengthOfCharacter(bytes, at);
    if (length === 0) bytes[at] = replacement;
    at += Math.max(length, 1);
  }
  return bytes;
}

/** The bytes of the character that begins at `at`; 0 when none does. */
function lengthOfCharacter(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  return isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
