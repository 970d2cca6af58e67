/** How a field is on the wire (protobuf encoding, "Message Structure"). */
export const WireType = { Varint: 0, Fixed64: 1, Length: 2, Fixed32: 5 } as const;
export type WireType = (typeof WireType)[keyof typeof WireType];

/**
 * Writes one protobuf message, field by field. For the few messages that workers send: they do not load a protobuf
 * library. What is empty or 0 is written, too: callers leave defaults out.
 */
export class ProtobufWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 512) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  /** The message. The writer must not be used after it. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** `value`: a safe integer, not negative. */
  uint(field: number, value: number): void {
    this.#tag(field, WireType.Varint);
    this.#varint(value);
  }

  bool(field: number, value: boolean): void {
    this.uint(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    this.#tag(field, WireType.Fixed64);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** A `string` of JavaScript text, as UTF-8. */
  text(field: number, value: string): void {
    const size = Buffer.byteLength(value);
    this.#head(field, size);
    this.#length += this.#bytes.write(value, this.#length, "utf8");
  }

  /** A `string` or `bytes` of one byte per character. It is the caller's business that a `string` is UTF-8. */
  byteText(field: number, value: string): void {
    this.#head(field, value.length);
    this.#length += this.#bytes.write(value, this.#length, "latin1");
  }

  bytes(field: number, value: Uint8Array): void {
    this.#head(field, value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** Begins a message inside of this one; what is written until `end` belongs to it. */
  begin(field: number): number {
    this.#tag(field, WireType.Length);
    this.#reserve(1);
    this.#length += 1;
    return this.#length;
  }

  /** `start`: what `begin` gave. */
  end(start: number): void {
    const size = this.#length - start;
    // One byte was left for the length. Few messages need more.
    let more = 0;
    for (let rest = size; rest >= 128; rest = Math.floor(rest / 128)) more += 1;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, this.#length);
    }
    this.#length = start - 1;
    this.#varint(size);
    this.#length += size;
  }

  #head(field: number, size: number): void {
    this.#tag(field, WireType.Length);
    this.#varint(size);
    this.#reserve(size);
  }

  #tag(field: number, type: WireType): void {
    this.#varint(field * 8 + type);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length] = (rest % 128) + 128;
      this.#length += 1;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
