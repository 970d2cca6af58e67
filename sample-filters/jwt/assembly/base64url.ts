/** The bytes that a text in base64url without padding stands for (RFC 4648 section 5); null when it is none. */
export function decodeBase64Url(text: string): Uint8Array | null {
  return decode(text, 0x2d, 0x5f);
}

/** The same in base64, with or without padding. */
export function decodeBase64(text: string): Uint8Array | null {
  let length = text.length;
  while (length > 0 && text.charCodeAt(length - 1) == 0x3d) length -= 1;
  return decode(text.substring(0, length), 0x2b, 0x2f);
}

function decode(text: string, digit62: i32, digit63: i32): Uint8Array | null {
  const length = text.length;
  if (length % 4 == 1) return null;
  const bytes = new Uint8Array((length * 3) / 4);
  let bits: u32 = 0;
  let count = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    const digit = unit == digit62 ? 62 : unit == digit63 ? 63 : alphanumeric(unit);
    if (digit < 0) return null;
    bits = (bits << 6) | digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[at++] = <u8>(bits >> count);
    bits &= (1 << count) - 1;
  }
  // What is left over must be 0: a text has one meaning, and bytes have one text.
  return bits == 0 ? bytes : null;
}

function alphanumeric(unit: i32): i32 {
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x41;
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61 + 26;
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30 + 52;
  return -1;
}
