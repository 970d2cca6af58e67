import { OwnedBuffer } from "../../../common/data-buffer.ts";
import { slabBytes, slabPool } from "../../../common/slab-pool.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { Connection, HeldBack } from "../../../contracts/network/connection.ts";
import { encodeHeaderMap } from "./header-encoder.ts";
import { FrameFlag, FrameType, frameBytesMost, frameHeaderBytes, type ErrorCode } from "./frame.ts";
import { blockOverheadMost, fieldOverheadMost, type HpackEncoder } from "./hpack/encoder.ts";
import type { OutboundFrames } from "./outbound-frames.ts";

/** Data up to this size is copied behind its frame header: one piece of memory is cheaper to write than two. */
const copyBytesMost = 4096;

/**
 * Puts frames into a slab; what was written in one turn, for however many streams, leaves in one piece. Larger DATA
 * goes uncopied.
 */
export class FrameWriter implements HeldBack {
  readonly #connection: Connection;
  readonly #frames: OutboundFrames;
  readonly #out = new OwnedBuffer();
  #slab: Buffer | undefined = undefined;
  #end = 0;

  constructor(connection: Connection, frames: OutboundFrames) {
    this.#connection = connection;
    this.#frames = frames;
  }

  writeHeldBack(): void {
    if (this.#slab === undefined) return;
    const slab = this.#slab;
    this.#slab = undefined;
    this.#out.append(slabPool.lend(slab, this.#end));
    this.#write();
  }

  /** Drops what was not written yet: nobody is there to read it. */
  close(): void {
    this.#slab = undefined;
    this.#end = 0;
  }

  text(text: string): void {
    const slab = this.#room(text.length);
    this.#end += slab.latin1Write(text, this.#end);
  }

  // Frames.

  /** `settings`: pairs of identifier and value. */
  settings(settings: readonly number[]): void {
    const count = settings.length / 2;
    const slab = this.#frame(count * 6, FrameType.Settings, 0, 0);
    for (let i = 0; i < count; i += 1) {
      this.#end = slab.writeUInt16BE(settings[2 * i]!, this.#end);
      this.#end = slab.writeUInt32BE(settings[2 * i + 1]!, this.#end);
    }
  }

  settingsAck(): void {
    this.#frame(0, FrameType.Settings, FrameFlag.Ack, 0);
    this.#frames.control += 1;
  }

  /** `opaque`: eight bytes, from `at` on. */
  ping(opaque: Uint8Array, at: number, ack: boolean): void {
    const slab = this.#frame(8, FrameType.Ping, ack ? FrameFlag.Ack : 0, 0);
    for (let i = 0; i < 8; i += 1) slab[this.#end + i] = opaque[at + i]!;
    this.#end += 8;
    this.#frames.control += 1;
  }

  goAway(lastStreamId: number, code: ErrorCode): void {
    const slab = this.#frame(8, FrameType.GoAway, 0, 0);
    this.#end = slab.writeUInt32BE(lastStreamId, this.#end);
    this.#end = slab.writeUInt32BE(code, this.#end);
  }

  resetStream(streamId: number, code: ErrorCode): void {
    const slab = this.#frame(4, FrameType.RstStream, 0, streamId);
    this.#end = slab.writeUInt32BE(code, this.#end);
    this.#frames.control += 1;
  }

  windowUpdate(streamId: number, increment: number): void {
    const slab = this.#frame(4, FrameType.WindowUpdate, 0, streamId);
    this.#end = slab.writeUInt32BE(increment, this.#end);
  }

  /** HEADERS, and CONTINUATION when the block is larger than a frame may be; gives the bytes of all. */
  headers(streamId: number, headers: HeaderMap, hpack: HpackEncoder, endStream: boolean): number {
    const flag = endStream ? FrameFlag.EndStream : 0;
    const most = headers.byteSize + headers.size * fieldOverheadMost + blockOverheadMost;
    if (most > frameBytesMost) return this.#largeHeaders(streamId, headers, hpack, flag);
    const slab = this.#room(frameHeaderBytes + most);
    const start = this.#end;
    const end = encodeHeaderMap(headers, hpack, slab, start + frameHeaderBytes);
    this.#end = end;
    const length = end - start - frameHeaderBytes;
    putHeader(
      slab,
      start,
      length,
      (FrameType.Headers << 8) | flag | FrameFlag.EndHeaders,
      streamId,
    );
    this.#frames.all += 1;
    return end - start;
  }

  /** A DATA frame of the first `length` bytes of `data`, which are drained. */
  data(streamId: number, data: DataBuffer, length: number, endStream: boolean): void {
    const flags = endStream ? FrameFlag.EndStream : 0;
    if (length <= copyBytesMost) {
      const slab = this.#frame(length, FrameType.Data, flags, streamId);
      this.#end = copyFrom(data, length, slab, this.#end);
      data.drain(length);
      return;
    }
    const header = Buffer.allocUnsafe(frameHeaderBytes);
    putHeader(header, 0, length, (FrameType.Data << 8) | flags, streamId);
    this.#frames.all += 1;
    this.writeHeldBack();
    this.#out.append(header);
    this.#take(data, length);
    this.#write();
  }

  /** Moves bytes to what is written. A chunk that is cut goes out in order, so its slab can come back with its end. */
  #take(data: DataBuffer, length: number): void {
    let left = length;
    while (left > 0) {
      const chunk = data.chunks[0]!;
      if (chunk.length <= left) {
        left -= chunk.length;
        this.#out.append(chunk);
        data.drain(chunk.length);
        continue;
      }
      this.#out.append(chunk.subarray(0, left));
      data.drain(left);
      slabPool.passOn(chunk, data.chunks[0]!);
      left = 0;
    }
  }

  #largeHeaders(streamId: number, headers: HeaderMap, hpack: HpackEncoder, flag: number): number {
    const most = headers.byteSize + headers.size * fieldOverheadMost + blockOverheadMost;
    const block = Buffer.allocUnsafe(most);
    const length = encodeHeaderMap(headers, hpack, block, 0);
    const first = (FrameType.Headers << 8) | flag;
    return this.#block(streamId, block.subarray(0, length), first, FrameType.Continuation << 8);
  }

  /** METADATA frames of a whole block; gives the bytes of all. */
  metadata(streamId: number, block: Buffer): number {
    const kind = FrameType.Metadata << 8;
    return this.#block(streamId, block, kind, kind);
  }

  /** The frames of a block. `first`, `others`: `type << 8 | flags`; END_HEADERS and END_METADATA are the same flag. */
  #block(streamId: number, block: Buffer, first: number, others: number): number {
    const length = block.length;
    let written = 0;
    for (let at = 0; at < length || at === 0; at += frameBytesMost) {
      const size = Math.min(frameBytesMost, length - at);
      const kind = at === 0 ? first : others;
      const last = at + size >= length ? FrameFlag.EndHeaders : 0;
      const slab = this.#frame(size, kind >>> 8, (kind & 0xff) | last, streamId);
      block.copy(slab, this.#end, at, at + size);
      this.#end += size;
      written += frameHeaderBytes + size;
    }
    return written;
  }

  /** Writes a frame header, and makes sure that the payload fits behind it. */
  #frame(length: number, type: number, flags: number, streamId: number): Buffer {
    const slab = this.#room(frameHeaderBytes + length);
    putHeader(slab, this.#end, length, (type << 8) | flags, streamId);
    this.#end += frameHeaderBytes;
    this.#frames.all += 1;
    return slab;
  }

  #room(bytes: number): Buffer {
    if (this.#slab !== undefined && this.#end + bytes > slabBytes) this.writeHeldBack();
    if (this.#slab === undefined) {
      this.#slab = slabPool.take();
      this.#end = 0;
      this.#connection.holdBack(this);
    }
    return this.#slab;
  }

  #write(): void {
    this.#frames.onWritten(this.#out.length);
    this.#connection.write(this.#out, false);
  }
}

/** `kind`: `type << 8 | flags`. */
function putHeader(out: Buffer, at: number, length: number, kind: number, streamId: number): void {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = kind >>> 8;
  out[at + 4] = kind;
  out[at + 5] = streamId >>> 24;
  out[at + 6] = streamId >>> 16;
  out[at + 7] = streamId >>> 8;
  out[at + 8] = streamId;
}

/** Copies the first `length` bytes of `data`; gives the position behind them. */
function copyFrom(data: DataBuffer, length: number, out: Buffer, at: number): number {
  let left = length;
  let position = at;
  const chunks = data.chunks;
  for (let i = 0; left > 0; i += 1) {
    const chunk = chunks[i]!;
    const size = Math.min(left, chunk.length);
    chunk.copy(out, position, 0, size);
    position += size;
    left -= size;
  }
  return position;
}
