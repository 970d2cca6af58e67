/** Longest texts that are built, and written, character by character; beyond it a call into Node is cheaper. */
const shortRead = 8;
const shortWrite = 48;

/**
 * The linear memory of one instance. Pointers and sizes come from the guest as signed numbers and are taken as
 * unsigned. A view given out is dead as soon as guest code has run: growing the memory detaches it.
 */
export class GuestMemory {
  /** The whole memory. Ask `refresh` first when guest code may have run. */
  bytes: Buffer = Buffer.alloc(0);
  #words = new Int32Array(0);
  #memory: WebAssembly.Memory | undefined;
  readonly #onGrown: ((fromBytes: number, toBytes: number) => void) | undefined;
  #size = 0;

  /** `onGrown`: noticed when the memory is used next. */
  constructor(onGrown?: (fromBytes: number, toBytes: number) => void) {
    this.#onGrown = onGrown;
  }

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.#renew();
  }

  /** Bytes of the whole memory. */
  get size(): number {
    this.refresh();
    return this.bytes.length;
  }

  /** A detached view has length 0, which is quicker to see than `memory.buffer` is to read. */
  refresh(): void {
    if (this.bytes.length === 0) this.#renew();
  }

  /** True when `[pointer, pointer + size)` lies inside. Any pointer that does is good for size 0. */
  contains(pointer: number, size: number): boolean {
    this.refresh();
    return (pointer >>> 0) + (size >>> 0) <= this.bytes.length;
  }

  /** A copy of the bytes there; undefined when any lies outside. */
  copy(pointer: number, size: number): Buffer | undefined {
    if (!this.contains(pointer, size)) return undefined;
    const start = pointer >>> 0;
    return Buffer.from(this.bytes.subarray(start, start + (size >>> 0)));
  }

  /** The bytes there as a string of one character per byte; undefined when any lies outside. */
  latin1(pointer: number, size: number): string | undefined {
    if (!this.contains(pointer, size)) return undefined;
    const start = pointer >>> 0;
    const end = start + (size >>> 0);
    const bytes = this.bytes;
    if (end - start > shortRead) return bytes.latin1Slice(start, end);
    let text = "";
    for (let i = start; i < end; i += 1) text += String.fromCharCode(bytes[i]!);
    return text;
  }

  /** The bytes there read as UTF-8, wrong sequences replaced; undefined when any lies outside. */
  utf8(pointer: number, size: number): string | undefined {
    if (!this.contains(pointer, size)) return undefined;
    const start = pointer >>> 0;
    return this.bytes.toString("utf8", start, start + (size >>> 0));
  }

  /** Writes one byte per character. The range has been checked. */
  writeLatin1(pointer: number, text: string): void {
    const bytes = this.bytes;
    const length = text.length;
    if (length > shortWrite) {
      bytes.latin1Write(text, pointer, length);
      return;
    }
    for (let i = 0; i < length; i += 1) bytes[pointer + i] = text.charCodeAt(i);
  }

  /** Writes a little-endian number anywhere; false when it does not lie inside. */
  setU32(pointer: number, value: number): boolean {
    if (!this.contains(pointer, 4)) return false;
    const at = pointer >>> 0;
    if ((at & 3) === 0) this.#words[at >>> 2] = value;
    else this.bytes.writeInt32LE(value | 0, at);
    return true;
  }

  /** The little-endian number at `pointer`; undefined when it does not lie inside. */
  u32(pointer: number): number | undefined {
    return this.contains(pointer, 4) ? this.bytes.readUInt32LE(pointer >>> 0) : undefined;
  }

  setU64(pointer: number, value: bigint): boolean {
    if (!this.contains(pointer, 8)) return false;
    this.bytes.writeBigUInt64LE(BigInt.asUintN(64, value), pointer >>> 0);
    return true;
  }

  #renew(): void {
    if (this.#memory === undefined) return;
    const buffer = this.#memory.buffer as ArrayBuffer;
    this.bytes = Buffer.from(buffer);
    this.#words = new Int32Array(buffer);
    if (this.bytes.length === this.#size) return;
    this.#onGrown?.(this.#size, this.bytes.length);
    this.#size = this.bytes.length;
  }
}
