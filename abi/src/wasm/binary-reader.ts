/** Thrown by everything here that reads a module: the text says what is wrong with the bytes. */
export class WasmFormatError extends Error {
  override readonly name = "WasmFormatError";
}

/** A cursor over `[position, end)` of a module's bytes. Reading past the end throws `WasmFormatError`. */
export class BinaryReader {
  readonly bytes: Uint8Array;
  position: number;
  readonly end: number;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  u8(): number {
    if (this.position >= this.end) throw new WasmFormatError("the module ends too early");
    const value = this.bytes[this.position]!;
    this.position += 1;
    return value;
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  u32(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 15) break;
      result += (byte & 127) * 2 ** shift;
      if (byte < 128) return result;
    }
    throw new WasmFormatError(`a number at offset ${hex(this.position)} is too long`);
  }

  /** Skips a LEB128 number of at most `maxBytes` bytes. */
  skipLeb(maxBytes: number): void {
    for (let i = 0; i < maxBytes; i += 1) if (this.u8() < 128) return;
    throw new WasmFormatError(`a number at offset ${hex(this.position)} is too long`);
  }

  skip(length: number): void {
    if (length > this.end - this.position) throw new WasmFormatError("the module ends too early");
    this.position += length;
  }

  /** A name: its length, then UTF-8. */
  text(): string {
    const length = this.u32();
    const start = this.position;
    this.skip(length);
    return decodeUtf8(this.bytes, start, this.position);
  }
}

const decoder = new TextDecoder("utf-8", { fatal: false });

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

/** `0x1f`, as V8 prints offsets. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
