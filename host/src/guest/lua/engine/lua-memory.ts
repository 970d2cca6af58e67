import { recentText } from "../../../common/recent-texts.ts";

/** Longest text that is written character by character; beyond it a call into Node is cheaper. */
const shortWrite = 40;

/**
 * The linear memory of one Lua state. Texts have one character per byte. A view given out is dead as soon as code of the
 * engine has run: growing the memory detaches it.
 */
export class LuaMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #onGrown: (fromBytes: number, toBytes: number) => void;
  #bytes: Buffer;
  #words: Int32Array;
  #size: number;

  /** `onGrown`: noticed when the memory is used next. */
  constructor(memory: WebAssembly.Memory, onGrown: (fromBytes: number, toBytes: number) => void) {
    this.#memory = memory;
    this.#onGrown = onGrown;
    this.#bytes = Buffer.from(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#size = this.#bytes.length;
  }

  /** Bytes of the whole memory. */
  get size(): number {
    return this.bytes.length;
  }

  /** The whole memory. A detached view has length 0, which is quicker to see than `memory.buffer` is to read. */
  get bytes(): Buffer {
    if (this.#bytes.length === 0) this.#renew();
    return this.#bytes;
  }

  /** The same as words: index is address / 4. */
  get words(): Int32Array {
    if (this.#bytes.length === 0) this.#renew();
    return this.#words;
  }

  write(pointer: number, text: string): void {
    const bytes = this.bytes;
    const length = text.length;
    if (length > shortWrite) {
      bytes.latin1Write(text, pointer, length);
      return;
    }
    for (let i = 0; i < length; i += 1) bytes[pointer + i] = text.charCodeAt(i);
  }

  /** Writes a text with a NUL behind it. */
  writeCString(pointer: number, text: string): void {
    this.write(pointer, text);
    this.#bytes[pointer + text.length] = 0;
  }

  text(start: number, end: number): string {
    return recentText(this.bytes, start, end);
  }

  /** The text up to the next NUL. */
  cString(pointer: number): string {
    const bytes = this.bytes;
    return bytes.latin1Slice(pointer, bytes.indexOf(0, pointer));
  }

  #renew(): void {
    const before = this.#size;
    this.#bytes = Buffer.from(this.#memory.buffer);
    this.#words = new Int32Array(this.#memory.buffer);
    this.#size = this.#bytes.length;
    if (this.#size !== before) this.#onGrown(before, this.#size);
  }
}
