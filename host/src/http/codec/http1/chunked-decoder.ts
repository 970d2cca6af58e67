import { OwnedBuffer } from "../../../common/data-buffer.ts";
import { tokenLower, valueByte } from "../../../common/headers/validation.ts";
import type { CodecError } from "../../../contracts/http/codec.ts";
import { http1Errors } from "./errors.ts";

const lf = 10;
const cr = 13;
const quote = 34;
const semicolon = 59;
const equals = 61;
const backslash = 92;

// A body larger than this would no longer be counted exactly in a double.
const mostSizeDigits = 12;
// Leading zeros are allowed, but not for ever.
const mostDigits = 32;
/** Bytes of extension per chunk, and of all chunks of a message: extensions are read only to be dropped. */
const mostExtension = 256;
const mostExtensions = 16_384;
/** Pieces below this are copied together, so that tiny chunks do not cost an object each. */
const smallPiece = 512;
const copyBlock = 16_384;

const State = {
  FirstDigit: 0,
  Size: 1,
  ExtensionName: 2,
  ExtensionValue: 3,
  QuotedValue: 4,
  QuotedPair: 5,
  AfterQuotedValue: 6,
  SizeLf: 7,
  Data: 8,
  DataCr: 9,
  DataLf: 10,
  /** The line of the last chunk is over; trailers follow. */
  Done: 11,
} as const;
type State = (typeof State)[keyof typeof State];

/** Hexadecimal digit values by byte; 255 for all others. */
const hexValue = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  hexValue[digit.charCodeAt(0)] = value;
  hexValue[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Takes the chunked coding off a body (RFC 9112 section 7.1). One integer state; bytes may come in any pieces. */
export class ChunkedDecoder {
  error: CodecError | undefined = undefined;

  #body = new OwnedBuffer();
  #state: State = State.FirstDigit;
  #size = 0;
  #digits = 0;
  #significantDigits = 0;
  #extension = 0;
  #extensions = 0;
  /** Characters of the name or value that is being read. */
  #partLength = 0;
  #block: Buffer | undefined = undefined;
  #blockStart = 0;
  #blockUsed = 0;

  reset(): void {
    this.#body = new OwnedBuffer();
    this.error = undefined;
    this.#state = State.FirstDigit;
    this.#extensions = 0;
    this.#block = undefined;
  }

  /** True when the last chunk has been read. */
  get done(): boolean {
    return this.#state === State.Done;
  }

  /** True when there is something to take. */
  get hasBody(): boolean {
    return this.#body.length > 0;
  }

  /** Takes the body decoded so far. */
  take(): OwnedBuffer {
    this.#sealBlock();
    this.#block = undefined;
    const body = this.#body;
    this.#body = new OwnedBuffer();
    return body;
  }

  /** Consumes bytes until they end, the last chunk is read, or `error` is set; returns how many. */
  decode(bytes: Buffer): number {
    const end = bytes.length;
    let at = 0;
    while (at < end && this.#state !== State.Done && this.error === undefined) {
      if (this.#state === State.Data) {
        const stop = Math.min(end, at + this.#size);
        this.#append(bytes, at, stop);
        this.#size -= stop - at;
        if (this.#size === 0) this.#state = State.DataCr;
        at = stop;
      } else {
        this.#lineByte(bytes[at]!);
        at += 1;
      }
    }
    return at;
  }

  /** One byte outside of chunk data. */
  #lineByte(byte: number): void {
    switch (this.#state) {
      case State.FirstDigit:
        this.#firstDigit(byte);
        return;
      case State.Size:
        this.#sizeByte(byte);
        return;
      case State.ExtensionName:
      case State.ExtensionValue:
      case State.QuotedValue:
      case State.QuotedPair:
      case State.AfterQuotedValue:
        this.#extensionByte(byte);
        return;
      case State.SizeLf:
        if (byte !== lf) this.error = http1Errors.chunkSize;
        else this.#state = this.#size === 0 ? State.Done : State.Data;
        return;
      case State.DataCr:
      case State.DataLf:
        this.#dataEndByte(byte);
        return;
      case State.Data:
      case State.Done:
        throw new Error("not in a line");
      default:
        this.#state satisfies never;
    }
  }

  #dataEndByte(byte: number): void {
    if (this.#state === State.DataCr && byte === cr) this.#state = State.DataLf;
    else if (this.#state === State.DataLf && byte === lf) this.#state = State.FirstDigit;
    else this.error = http1Errors.chunkEnd;
  }

  #firstDigit(byte: number): void {
    this.#size = 0;
    this.#digits = 0;
    this.#significantDigits = 0;
    this.#extension = 0;
    this.#partLength = 0;
    this.#state = State.Size;
    if (hexValue[byte] === 255) this.error = http1Errors.chunkSize;
    else this.#sizeByte(byte);
  }

  #sizeByte(byte: number): void {
    const digit = hexValue[byte]!;
    if (digit === 255) {
      if (byte === cr) this.#state = State.SizeLf;
      else if (byte === semicolon) this.#state = State.ExtensionName;
      else this.error = http1Errors.chunkSize;
      return;
    }
    this.#size = this.#size * 16 + digit;
    this.#digits += 1;
    if (this.#size > 0) this.#significantDigits += 1;
    if (this.#significantDigits > mostSizeDigits || this.#digits > mostDigits) {
      this.error = http1Errors.chunkSize;
    }
  }

  #extensionByte(byte: number): void {
    this.#extension += 1;
    this.#extensions += 1;
    if (this.#extension > mostExtension + 1 || this.#extensions > mostExtensions) {
      this.error = http1Errors.chunkExtension;
    } else if (this.#state === State.QuotedValue || this.#state === State.QuotedPair) {
      this.#quotedByte(byte);
    } else if (byte === cr || byte === semicolon || byte === equals) {
      this.#extensionPartEnd(byte);
    } else if (byte === quote && this.#state === State.ExtensionValue && this.#partLength === 0) {
      this.#state = State.QuotedValue;
    } else if (tokenLower[byte] !== 0 && this.#state !== State.AfterQuotedValue) {
      this.#partLength += 1;
    } else {
      this.error = http1Errors.chunkExtension;
    }
  }

  /** RFC 9112 section 7.1.1, without the blanks that it puts up with, and without empty names and values. */
  #extensionPartEnd(byte: number): void {
    const isEmpty = this.#partLength === 0 && this.#state !== State.AfterQuotedValue;
    if (isEmpty || (byte === equals && this.#state !== State.ExtensionName)) {
      this.error = http1Errors.chunkExtension;
    } else if (byte === cr) {
      this.#state = State.SizeLf;
    } else {
      this.#state = byte === equals ? State.ExtensionValue : State.ExtensionName;
      this.#partLength = 0;
    }
  }

  #quotedByte(byte: number): void {
    if (valueByte[byte] === 0) this.error = http1Errors.chunkExtension;
    else if (this.#state === State.QuotedPair) this.#state = State.QuotedValue;
    else if (byte === backslash) this.#state = State.QuotedPair;
    else if (byte === quote) this.#state = State.AfterQuotedValue;
  }

  #append(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (length >= smallPiece || (this.#body.length === 0 && this.#block === undefined)) {
      this.#sealBlock();
      this.#body.append(bytes.subarray(from, to));
      return;
    }
    if (this.#block === undefined || this.#blockUsed + length > this.#block.length) {
      this.#sealBlock();
      this.#block = Buffer.allocUnsafeSlow(Math.min(copyBlock, Math.max(length, bytes.length)));
      this.#blockStart = 0;
      this.#blockUsed = 0;
    }
    bytes.copy(this.#block, this.#blockUsed, from, to);
    this.#blockUsed += length;
  }

  /** Puts what was copied since the last time behind the body. */
  #sealBlock(): void {
    if (this.#block === undefined || this.#blockUsed === this.#blockStart) return;
    this.#body.append(this.#block.subarray(this.#blockStart, this.#blockUsed));
    this.#blockStart = this.#blockUsed;
  }
}
