// Strings at the border: UTF-8 outside, UTF-16 inside. Nearly all are ASCII, which needs no decoder.

/** The UTF-8 text in `[pointer, pointer + size)`. Wrong sequences become U+FFFD. */
export function readText(pointer: usize, size: usize): string {
  if (size == 0) return "";
  const text = changetype<string>(__new(size << 1, idof<string>()));
  const target = changetype<usize>(text);
  for (let i: usize = 0; i < size; i++) {
    const byte = load<u8>(pointer + i);
    if (byte >= 0x80) return String.UTF8.decodeUnsafe(pointer, size);
    store<u16>(target + (i << 1), byte);
  }
  return text;
}

const argumentArea: usize = 2048;
const arguments: usize = heap.alloc(argumentArea);
let argumentsUsed: usize = 0;

/**
 * A string on its way to the host. `EncodedText.of` for each argument, the call, then `EncodedText.done` once: texts
 * of up to 2 KiB together live in a fixed area.
 */
export class EncodedText {
  pointer: usize = 0;
  size: u32 = 0;

  /** Puts `text` into `into`. */
  static of(text: string, into: EncodedText): void {
    const length: usize = text.length;
    // At most three bytes of UTF-8 per UTF-16 unit.
    const most = length * 3;
    const fits = argumentsUsed + most < argumentArea;
    const pointer = fits ? arguments + argumentsUsed : heap.alloc(most);
    const size = encode(text, length, pointer);
    if (fits) argumentsUsed += size;
    into.pointer = pointer;
    into.size = <u32>size;
  }

  /** The host call has returned: nothing of `into` is needed any more. */
  static done(into: EncodedText): void {
    const pointer = into.pointer;
    if (pointer - arguments >= argumentArea) heap.free(pointer);
    argumentsUsed = 0;
  }
}

function encode(text: string, length: usize, pointer: usize): usize {
  const source = changetype<usize>(text);
  for (let i: usize = 0; i < length; i++) {
    const unit = load<u16>(source + (i << 1));
    if (unit >= 0x80) return String.UTF8.encodeUnsafe(source, <i32>length, pointer);
    store<u8>(pointer + i, unit);
  }
  return length;
}

/** Arguments of the call that is being made. No host call is made inside another. */
export const firstArgument = new EncodedText();
export const secondArgument = new EncodedText();
