import { outPointer, outSize, release } from "./allocator";
import { decode } from "./utf8";

// What the last host call returned by way of `outPointer` and `outSize`. Each may be read once.

/** As text. */
export function takeText(): string {
  const pointer = load<usize>(outPointer);
  const text = decode(pointer, load<u32>(outSize));
  release(pointer);
  return text;
}

/** A copy that is the filter's own. */
export function takeBytes(): ArrayBuffer {
  const pointer = load<usize>(outPointer);
  const size = load<u32>(outSize);
  const bytes = new ArrayBuffer(size);
  memory.copy(changetype<usize>(bytes), pointer, size);
  release(pointer);
  return bytes;
}
