import type { Result } from "../../contracts/result.ts";
import { WireType } from "./writer.ts";

class ProtobufError extends Error {}

/**
 * What `read` makes of `bytes`; the error says why they are no message. For messages of a peer: `ProtobufReader`
 * throws on what does not fit.
 */
export function readProtobuf<T>(
  bytes: Buffer,
  read: (reader: ProtobufReader) => T,
): Result<T, string> {
  try {
    return { ok: true, value: read(new ProtobufReader(bytes)) };
  } catch (error) {
    if (error instanceof ProtobufError) return { ok: false, error: error.message };
    throw error;
  }
}

/**
 * Reads one protobuf message: `while (reader.next())` a switch over `field`, which takes the value by the method of
 * its type. Fields that are not taken are skipped.
 */
export class ProtobufReader {
  field = 0;
  #wireType = 0;
  #taken = true;
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Goes to the next field; false at the end. */
  next(): boolean {
    if (!this.#taken) this.#skip();
    if (this.#at === this.#bytes.length) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    this.#taken = false;
    if (this.field === 0) throw new ProtobufError("a field has the number 0");
    return true;
  }

  /** An unsigned integer, or an enum; beyond 2^53 inexact. */
  uint(): number {
    this.#take(WireType.Varint);
    return this.#varint();
  }

  /** An `int64`, `int32` or an enum: of ten bytes, a negative one. */
  int(): number {
    this.#take(WireType.Varint);
    return Number(BigInt.asIntN(64, this.#varint64()));
  }

  bool(): boolean {
    return this.uint() !== 0;
  }

  double(): number {
    this.#take(WireType.Fixed64);
    return this.#advance(8).readDoubleLE(0);
  }

  /** A view of the message's own bytes. */
  bytes(): Buffer {
    this.#take(WireType.Length);
    return this.#advance(this.#varint());
  }

  /** A `string` as JavaScript text. */
  text(): string {
    return this.bytes().toString("utf8");
  }

  /** A `string` or `bytes`, one character per byte. */
  byteText(): string {
    return this.bytes().latin1Slice();
  }

  message(): ProtobufReader {
    return new ProtobufReader(this.bytes());
  }

  #take(type: number): void {
    if (this.#wireType !== type) {
      throw new ProtobufError(`field ${this.field} has wire type ${this.#wireType}`);
    }
    this.#taken = true;
  }

  #skip(): void {
    this.#taken = true;
    switch (this.#wireType) {
      case WireType.Varint:
        this.#varint64();
        return;
      case WireType.Fixed64:
        this.#advance(8);
        return;
      case WireType.Length:
        this.#advance(this.#varint());
        return;
      case WireType.Fixed32:
        this.#advance(4);
        return;
      default:
        throw new ProtobufError(`field ${this.field} has wire type ${this.#wireType}`);
    }
  }

  #advance(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ProtobufError("the message is cut off");
    const view = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i += 1) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new ProtobufError("an integer is too long");
  }

  #varint64(): bigint {
    let value = 0n;
    for (let i = 0n; i < 10n; i += 1n) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << (7n * i);
      if (byte < 128) return value;
    }
    throw new ProtobufError("an integer is too long");
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new ProtobufError("the message is cut off");
    this.#at += 1;
    return byte;
  }
}
