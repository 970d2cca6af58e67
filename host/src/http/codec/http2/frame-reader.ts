import type { DataBuffer } from "../../../contracts/buffer.ts";
import { frameSizeError, protocolError, type Http2Error } from "./errors.ts";
import { FrameFlag, FrameType, frameBytesMost, frameHeaderBytes } from "./frame.ts";

const nothing = Buffer.alloc(0);

/** Takes frames. Bytes are good until the call returns, but for the pieces of DATA. */
export interface FrameSink {
  /** True once nothing more of what has been read is wanted. */
  readonly stopped: boolean;
  /** The first nine bytes are there: an error when the frame must not come now. */
  onFrameHeader(
    type: number,
    flags: number,
    streamId: number,
    length: number,
  ): Http2Error | undefined;
  /** A whole frame but DATA: its payload is `[start, end)` of `bytes`. */
  onFrame(type: number, flags: number, streamId: number, payload: Payload): Http2Error | undefined;
  /** A DATA frame begins; `length`: its whole payload, padding included. */
  onDataBegin(flags: number, streamId: number, length: number): Http2Error | undefined;
  /** A piece of its data: part of the chunk that was read, uncopied. `last`: there is no more of it. */
  onDataPiece(piece: Buffer, last: boolean): void;
}

/** Where the payload of a frame stands. One object for all frames of a connection. */
export class Payload {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  uint32(offset: number): number {
    return this.bytes.readUInt32BE(this.start + offset);
  }

  uint16(offset: number): number {
    return this.bytes.readUInt16BE(this.start + offset);
  }
}

/** Cuts what arrives into frames. DATA goes on as it comes; other frames are waited for, 16 KiB at most. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #payload = new Payload();
  /** A frame (or its header) that is not complete yet. */
  #held: Buffer | undefined = undefined;
  #heldLength = 0;
  /** Of the DATA frame that is being read. */
  #inData = false;
  #dataLeft = 0;
  #paddingLeft = 0;
  #padLengthPending = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Consumes all of `data`. */
  read(data: DataBuffer): Http2Error | undefined {
    const chunks = data.chunks.length === 1 ? undefined : data.chunks.slice();
    const first = data.chunks[0];
    data.drain(data.length);
    if (chunks === undefined) return first === undefined ? undefined : this.#readChunk(first);
    for (let i = 0; i < chunks.length; i += 1) {
      const error = this.#readChunk(chunks[i]!);
      if (error !== undefined) return error;
    }
    return undefined;
  }

  #readChunk(chunk: Buffer): Http2Error | undefined {
    const end = chunk.length;
    let at = 0;
    while (at < end && !this.#sink.stopped) {
      if (this.#inData) {
        at = this.#readData(chunk, at);
        if (this.#dataLeft < 0) return protocolError("padding longer than its frame");
        continue;
      }
      if (this.#heldLength > 0) {
        const taken = this.#hold(chunk, at);
        const error = this.#readHeld();
        if (error !== undefined) return error;
        at += taken;
        continue;
      }
      if (end - at < frameHeaderBytes) {
        this.#hold(chunk, at);
        return undefined;
      }
      const length = lengthAt(chunk, at);
      const error = this.#begin(chunk, at, length);
      if (error !== undefined) return error;
      if (this.#inData) {
        at += frameHeaderBytes;
      } else if (end - at < frameHeaderBytes + length) {
        this.#hold(chunk, at);
        return undefined;
      } else {
        at += frameHeaderBytes + length;
        const failed = this.#deliver(chunk, at - length - frameHeaderBytes, length);
        if (failed !== undefined) return failed;
      }
    }
    return undefined;
  }

  /** Looks at a frame header; a DATA frame is begun. */
  #begin(bytes: Buffer, at: number, length: number): Http2Error | undefined {
    if (length > frameBytesMost) return frameSizeError("frame above SETTINGS_MAX_FRAME_SIZE");
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    const streamId = streamIdAt(bytes, at);
    const error = this.#sink.onFrameHeader(type, flags, streamId, length);
    if (error !== undefined || type !== FrameType.Data) return error;
    return this.#beginData(flags, streamId, length);
  }

  #deliver(bytes: Buffer, at: number, length: number): Http2Error | undefined {
    const payload = this.#payload;
    payload.bytes = bytes;
    payload.start = at + frameHeaderBytes;
    payload.end = payload.start + length;
    return this.#sink.onFrame(bytes[at + 3]!, bytes[at + 4]!, streamIdAt(bytes, at), payload);
  }

  // A frame that arrives in pieces.

  /** Takes what is missing of the header, or of the frame; gives how much that was. */
  #hold(chunk: Buffer, at: number): number {
    const rest = chunk.length - at;
    if (this.#held === undefined) {
      // With the header there, it was looked at already.
      const size = rest < frameHeaderBytes ? 0 : lengthAt(chunk, at);
      this.#held = Buffer.allocUnsafe(frameHeaderBytes + size);
    }
    const taken = Math.min(this.#held.length - this.#heldLength, rest);
    chunk.copy(this.#held, this.#heldLength, at, at + taken);
    this.#heldLength += taken;
    return taken;
  }

  #readHeld(): Http2Error | undefined {
    const held = this.#held!;
    if (this.#heldLength < frameHeaderBytes) return undefined;
    const length = lengthAt(held, 0);
    if (this.#heldLength === frameHeaderBytes) {
      const error = this.#begin(held, 0, length);
      if (error !== undefined) return error;
      if (!this.#inData && length > 0) {
        this.#held = Buffer.allocUnsafe(frameHeaderBytes + length);
        held.copy(this.#held, 0);
        return undefined;
      }
    }
    if (this.#heldLength < held.length) return undefined;
    this.#release();
    return this.#inData ? undefined : this.#deliver(held, 0, length);
  }

  /** An idle connection keeps no buffer. */
  #release(): void {
    this.#heldLength = 0;
    this.#held = undefined;
  }

  // DATA.

  #beginData(flags: number, streamId: number, length: number): Http2Error | undefined {
    const padded = (flags & FrameFlag.Padded) !== 0;
    if (padded && length === 0) return frameSizeError("padded DATA without a pad length");
    this.#dataLeft = length;
    this.#paddingLeft = 0;
    this.#padLengthPending = padded;
    this.#inData = true;
    const error = this.#sink.onDataBegin(flags, streamId, length);
    if (error === undefined && length === 0) {
      this.#inData = false;
      this.#sink.onDataPiece(nothing, true);
    }
    return error;
  }

  #readData(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#padLengthPending) {
      this.#padLengthPending = false;
      this.#paddingLeft = chunk[at]!;
      this.#dataLeft -= 1 + this.#paddingLeft;
      at += 1;
      if (this.#dataLeft === 0) this.#sink.onDataPiece(nothing, true);
    } else if (this.#dataLeft > 0) {
      const end = Math.min(chunk.length, at + this.#dataLeft);
      this.#dataLeft -= end - at;
      const piece = chunk.subarray(at, end);
      at = end;
      this.#inData = this.#dataLeft > 0 || this.#paddingLeft > 0;
      this.#sink.onDataPiece(piece, this.#dataLeft === 0);
      return at;
    } else {
      const skipped = Math.min(chunk.length - at, this.#paddingLeft);
      this.#paddingLeft -= skipped;
      at += skipped;
    }
    this.#inData = this.#dataLeft > 0 || this.#paddingLeft > 0;
    return at;
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

/** The reserved bit is ignored (RFC 9113 section 4.1). */
function streamIdAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
}
