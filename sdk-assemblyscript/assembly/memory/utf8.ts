// Strings are UTF-16 inside and UTF-8 outside. What is no text on one side is U+FFFD on the other.

const replacement: u32 = 0xfffd;

/** How far before its units a string's size in bytes stands. */
const sizeBefore: usize = 4;

/** The string in `[pointer, pointer + size)`. */
export function decode(pointer: usize, size: usize): string {
  if (size == 0) return "";
  const text = changetype<string>(__new(size << 1, idof<string>()));
  const start = changetype<usize>(text);
  const end = pointer + size;
  let target = start;
  while (pointer < end) {
    const byte: u32 = load<u8>(pointer);
    pointer += 1;
    if (byte < 0x80) {
      store<u16>(target, byte);
      target += 2;
      continue;
    }
    let missing = byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    let point = missing == 0 ? replacement : byte & (0x3f >> missing);
    // No longer form than needed, no surrogate, nothing beyond U+10FFFF: the second byte tells.
    let least: u32 = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
    let most: u32 = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
    for (; missing > 0; missing--) {
      const next: u32 = pointer < end ? load<u8>(pointer) : 0;
      if (next < least || next > most) {
        point = replacement;
        break;
      }
      point = (point << 6) | (next & 0x3f);
      pointer += 1;
      least = 0x80;
      most = 0xbf;
    }
    if (point > 0xffff) {
      store<u16>(target, 0xd7c0 + (point >> 10));
      target += 2;
      point = 0xdc00 | (point & 0x3ff);
    }
    store<u16>(target, point);
    target += 2;
  }
  // Fewer units than there was room for.
  store<u32>(start - sizeBefore, <u32>(target - start));
  return text;
}

// Strings to be encoded come as addresses: what is passed as an object costs a frame of the collector's stack.

/** Writes the string at `text` from `pointer` on; returns how many bytes. There must be `roomFor(text)`. */
export function encode(text: usize, pointer: usize): usize {
  const end = text + load<u32>(text - sizeBefore);
  let target = pointer;
  let at = text;
  // Four at once, as long as they are ASCII.
  for (; at + 8 <= end; at += 8) {
    const units = load<u64>(at);
    if ((units & 0xff80ff80ff80ff80) != 0) break;
    const pairs = units | (units >> 8);
    store<u16>(target, pairs);
    store<u16>(target, pairs >> 32, 2);
    target += 4;
  }
  for (; at < end; at += 2) {
    let point: u32 = load<u16>(at);
    if (point < 0x80) {
      store<u8>(target, point);
      target += 1;
      continue;
    }
    if ((point & 0xf800) == 0xd800) {
      if (isPair(at, end)) {
        at += 2;
        point = ((point - 0xd7c0) << 10) | (load<u16>(at) & 0x3ff);
      } else point = replacement;
    }
    const shifts = point < 0x800 ? 6 : point < 0x10000 ? 12 : 18;
    store<u8>(target, <u32>(-0x80 >> (shifts / 6)) | (point >> shifts));
    target += 1;
    for (let shift = shifts - 6; shift >= 0; shift -= 6) {
      store<u8>(target, 0x80 | ((point >> shift) & 0x3f));
      target += 1;
    }
  }
  return target - pointer;
}

/** The most that `encode` writes: three bytes for each unit. */
export function roomFor(text: usize): usize {
  return (load<u32>(text - sizeBefore) >> 1) * 3;
}

/** How many bytes `encode` writes. */
export function encodedSize(text: usize): usize {
  const end = text + load<u32>(text - sizeBefore);
  let size: usize = 0;
  for (let at = text; at < end; at += 2) {
    const unit: u32 = load<u16>(at);
    size += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    if (!isPair(at, end)) continue;
    size += 1;
    at += 2;
  }
  return size;
}

/** `text` as bytes of its own. */
export function bytesOf(text: string): ArrayBuffer {
  const bytes = new ArrayBuffer(<i32>encodedSize(changetype<usize>(text)));
  encode(changetype<usize>(text), changetype<usize>(bytes));
  return bytes;
}

/** Whether the units at `at` are the two halves of one character. */
function isPair(at: usize, end: usize): bool {
  return at + 2 < end && (load<u32>(at) & 0xfc00fc00) == 0xdc00d800;
}
