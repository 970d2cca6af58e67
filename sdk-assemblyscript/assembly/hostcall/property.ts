import { proxy_get_property, proxy_set_property } from "../env";
import { outPointer, outSize, release } from "../memory/allocator";
import { readPairs } from "../memory/pairs";
import { takeBytes, takeText } from "../memory/result";
import { encodeFirst, firstPointer, firstSize, releaseTexts } from "../memory/text";
import { bytesOf } from "../memory/utf8";
import { Status } from "../status";
import { Header } from "./header";

/**
 * Something that the proxy knows, by its path: `new Property(["source", "address"])`. Keep the object where it is read
 * often: its path is encoded once. Each read is a call to the proxy; `status` tells how it went, so that "there is
 * none" (`NotFound`) and a failure are two things. A method that does not fit the property's
 * type gives `ResultMismatch`.
 */
export class Property {
  /** Of the last call. */
  status: Status = Status.Ok;
  private readonly path: ArrayBuffer;

  constructor(parts: string[]) {
    this.path = bytesOf(parts.join("\0"));
  }

  /** A string. Null when there is none or the call failed. */
  text(): string | null {
    return this.read() ? takeText() : null;
  }

  /** Anything, as it was sent. Null when there is none or the call failed. */
  bytes(): ArrayBuffer | null {
    return this.read() ? takeBytes() : null;
  }

  /** A signed or unsigned integer, a duration or a time (nanoseconds); `otherwise` when there is none. */
  integer(otherwise: i64 = 0): i64 {
    return <i64>this.word(<u64>otherwise);
  }

  /** A number in metadata. */
  double(otherwise: f64 = 0): f64 {
    return reinterpret<f64>(this.word(reinterpret<u64>(otherwise)));
  }

  bool(otherwise: bool = false): bool {
    if (!this.read()) return otherwise;
    const pointer = load<usize>(outPointer);
    const fits = load<u32>(outSize) == 1;
    const value = fits ? load<u8>(pointer) != 0 : otherwise;
    release(pointer);
    if (!fits) this.status = Status.ResultMismatch;
    return value;
  }

  /** A map (its entries) or a list (its elements as names). Values are encoded as properties are. */
  entries(): Header[] {
    if (!this.read()) return [];
    const pointer = load<usize>(outPointer);
    const entries = readPairs(pointer);
    release(pointer);
    return entries;
  }

  /** Makes or changes a property of the plugin's own, which every filter of the stream can read. */
  set(value: string): Status {
    encodeFirst(changetype<usize>(value));
    const status = this.write(firstPointer, firstSize);
    releaseTexts();
    return status;
  }

  setBytes(value: ArrayBuffer): Status {
    return this.write(changetype<usize>(value), value.byteLength);
  }

  private write(value: usize, size: u32): Status {
    const path = this.path;
    this.status = proxy_set_property(changetype<usize>(path), path.byteLength, value, size);
    return this.status;
  }

  private read(): bool {
    const path = this.path;
    this.status = proxy_get_property(changetype<usize>(path), path.byteLength, outPointer, outSize);
    return this.status == Status.Ok;
  }

  private word(otherwise: u64): u64 {
    if (!this.read()) return otherwise;
    const pointer = load<usize>(outPointer);
    const fits = load<u32>(outSize) == 8;
    const value = fits ? load<u64>(pointer) : otherwise;
    release(pointer);
    if (!fits) this.status = Status.ResultMismatch;
    return value;
  }
}
