import type { DataBuffer } from "../../../contracts/buffer.ts";
import { prefixLength } from "../../../grpc/framing.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const padding = "=".charCodeAt(0);
const none = 255;
const values = new Uint8Array(256).fill(none);
for (let i = 0; i < alphabet.length; i += 1) values[alphabet.charCodeAt(i)] = i;

/** Decodes Base64 that comes in pieces; padding may stand at the end of any four characters. */
export class Base64Decoder {
  /** Characters of a group that is not whole. */
  #rest: Buffer = Buffer.alloc(0);

  /** True when nothing is missing. */
  get isWhole(): boolean {
    return this.#rest.length === 0;
  }

  /** Puts what `data` stands for in its place; false when it is no Base64. */
  decode(data: DataBuffer): boolean {
    const { chunks } = data;
    const text = Buffer.concat([this.#rest, ...chunks]);
    const whole = text.length - (text.length % 4);
    const bytes = Buffer.allocUnsafe((whole / 4) * 3);
    let length = 0;
    for (let at = 0; at < whole; at += 4) {
      const count = decodeGroup(text, at, bytes, length);
      if (count === 0) return false;
      length += count;
    }
    this.#rest = Buffer.from(text.subarray(whole));
    data.drain(data.length);
    data.append(bytes.subarray(0, length));
    return true;
  }
}

/** Decodes four characters to one, two or three bytes; 0 when they are no Base64. */
function decodeGroup(text: Buffer, at: number, bytes: Buffer, to: number): number {
  const a = values[text[at]!]!;
  const b = values[text[at + 1]!]!;
  const last = text[at + 3]!;
  const count = last !== padding ? 3 : text[at + 2] !== padding ? 2 : 1;
  const c = count === 1 ? 0 : values[text[at + 2]!]!;
  const d = count === 3 ? values[last]! : 0;
  if (a === none || b === none || c === none || d === none) return 0;
  const group = (a << 18) | (b << 12) | (c << 6) | d;
  bytes[to] = group >> 16;
  if (count > 1) bytes[to + 1] = (group >> 8) & 255;
  if (count > 2) bytes[to + 2] = group & 255;
  return count;
}

/** Encodes each gRPC message with its prefix by itself, as it comes. */
export class FrameBase64Encoder {
  /** Bytes of the frame that have not been encoded, fewer than three. */
  #rest: Buffer = Buffer.alloc(0);
  #prefixSeen = 0;
  #length = 0;
  /** A prefix had flags that gRPC does not have: nothing behind it can be told apart. */
  #broken = false;

  /** Puts what `data` stands for in its place. */
  encode(data: DataBuffer): void {
    const bytes = data.toBuffer();
    data.drain(data.length);
    let start = 0;
    for (let at = 0; at < bytes.length && !this.#broken;) {
      at += this.#advance(bytes, at);
      if (this.#prefixSeen === prefixLength && this.#length === 0) {
        this.#emit(data, bytes.subarray(start, at), true);
        this.#prefixSeen = 0;
        start = at;
      }
    }
    if (!this.#broken) this.#emit(data, bytes.subarray(start), false);
  }

  /** How far one step goes: a byte of the prefix, or what there is of the message. */
  #advance(bytes: Buffer, at: number): number {
    if (this.#prefixSeen === prefixLength) {
      const taken = Math.min(this.#length, bytes.length - at);
      this.#length -= taken;
      return taken;
    }
    if (this.#prefixSeen === 0) this.#broken = bytes[at]! > 1;
    else this.#length = this.#length * 256 + bytes[at]!;
    this.#prefixSeen += 1;
    return 1;
  }

  #emit(data: DataBuffer, bytes: Buffer, isEnd: boolean): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const now = isEnd ? all.length : all.length - (all.length % 3);
    data.append(Buffer.from(all.toString("base64", 0, now), "latin1"));
    this.#rest = Buffer.from(all.subarray(now));
  }
}
