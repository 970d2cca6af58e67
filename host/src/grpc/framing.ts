import { OwnedBuffer } from "../common/data-buffer.ts";
import type { DataBuffer } from "../contracts/buffer.ts";

// gRPC over HTTP/2, "Length-Prefixed-Message": a byte that is 1 when the message is compressed, four bytes of length,
// the message.

/** Bytes in front of each message. */
export const prefixLength = 5;

/** What stands in front of a message of `length` bytes that is not compressed. */
export function framePrefix(length: number): Buffer {
  const prefix = Buffer.allocUnsafe(prefixLength);
  prefix[0] = 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** The message in its frame. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(prefixLength + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, prefixLength);
  return framed;
}

/** `compressed`: no compression has been offered, so the peer breaks the protocol. */
export type FramingProblem = "compressed" | "too_long";

/** Cuts a body into messages. */
export class MessageReader {
  readonly #bytes = new OwnedBuffer();
  readonly #messageMax: number;
  problem: FramingProblem | undefined = undefined;
  /** Of the last message. */
  flag = 0;

  /** `messageMax`: bytes of one message. */
  constructor(messageMax: number) {
    this.#messageMax = messageMax;
  }

  /** Takes all of `data`. */
  accept(data: DataBuffer): void {
    this.#bytes.move(data);
  }

  /** The next message, which belongs to the caller; undefined when it is not whole yet, or `problem` says why. */
  next(): Buffer | undefined {
    const bytes = this.#bytes;
    if (this.problem !== undefined || bytes.length < prefixLength) return undefined;
    const prefix = bytes.slice(0, prefixLength);
    this.flag = prefix[0]!;
    const length = prefix.readUInt32BE(1);
    if (length > this.#messageMax) this.problem = "too_long";
    else if (this.flag !== 0 && length > 0) this.problem = "compressed";
    if (this.problem !== undefined || bytes.length < prefixLength + length) return undefined;
    const message = Buffer.from(bytes.slice(prefixLength, length));
    bytes.drain(prefixLength + length);
    return message;
  }

  /** When bytes are left that are no whole message: how many there should be behind the prefix, and are. */
  incomplete(): { readonly expected: number; readonly actual: number } | undefined {
    const { length } = this.#bytes;
    if (length === 0) return undefined;
    if (length < prefixLength) return { expected: prefixLength, actual: length };
    const expected = this.#bytes.slice(0, prefixLength).readUInt32BE(1);
    return { expected, actual: length - prefixLength };
  }
}
