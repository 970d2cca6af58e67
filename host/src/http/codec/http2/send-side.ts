import { OwnedBuffer } from "../../../common/data-buffer.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { HeaderMap, TrailerMap } from "../../../contracts/headers.ts";
import type { Http2Settings } from "../../../contracts/http/codec.ts";
import type { MetadataMap } from "../../../contracts/http/metadata.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import { frameBytesMost, windowDefault, windowMost } from "./frame.ts";
import { FrameWriter } from "./frame-writer.ts";
import { HpackEncoder } from "./hpack/encoder.ts";
import { MetadataEncoder } from "./metadata-block.ts";
import { OutboundFrames } from "./outbound-frames.ts";
import type { Http2CodecStats } from "./stats.ts";
import type { Http2Stream } from "./stream.ts";

/** Bytes of one stream that may wait for the peer's window before its source is told to stop. */
const pendingBytesMost = 65_536;

/** Told when the last byte of a stream went to the wire. */
export interface SendSideOwner {
  onLocalClosed(stream: Http2Stream): void;
}

/**
 * Everything that goes out on a connection: frames at once as far as the peer's windows allow (RFC 9113 section
 * 5.2), the rest of each stream in turn as they open.
 */
export class SendSide {
  readonly writer: FrameWriter;
  readonly hpack: HpackEncoder;
  readonly frames: OutboundFrames;
  /** DATA frames so far. */
  dataFrames = 0;
  readonly #owner: SendSideOwner;
  readonly #stats: Http2CodecStats;
  readonly #huffman: boolean;
  #metadata: MetadataEncoder | undefined = undefined;
  #window = windowDefault;
  #initialWindow = windowDefault;
  /** What the peer takes in one frame; we never make larger ones than everybody must take. */
  #frameMost = frameBytesMost;
  #waiting: Http2Stream[] = [];

  constructor(
    connection: Connection,
    owner: SendSideOwner,
    settings: Http2Settings,
    stats: Http2CodecStats,
  ) {
    this.#owner = owner;
    this.#stats = stats;
    this.#huffman = settings.huffman;
    this.frames = new OutboundFrames(settings, stats);
    this.writer = new FrameWriter(connection, this.frames);
    this.hpack = new HpackEncoder(settings.hpackTableSize, settings.huffman);
    connection.addBytesSentCallback(this.frames.onSent);
  }

  begin(stream: Http2Stream): void {
    stream.sendWindow = this.#initialWindow;
  }

  // Encoding. Nothing of it may be called for a stream that has ended here.

  headers(stream: Http2Stream, headers: HeaderMap, endStream: boolean): void {
    const bytes = this.writer.headers(stream.id, headers, this.hpack, endStream);
    stream.bytesMeter.headerBytesSent += bytes;
    stream.bytesMeter.wireBytesSent += bytes;
    if (endStream) this.#close(stream);
  }

  /** Goes out at once, ahead of data that waits. */
  metadata(stream: Http2Stream, metadata: MetadataMap): void {
    this.#metadata ??= new MetadataEncoder(this.#huffman);
    stream.bytesMeter.wireBytesSent += this.writer.metadata(
      stream.id,
      this.#metadata.encode(metadata),
    );
  }

  /** Drains `data`. */
  data(stream: Http2Stream, data: DataBuffer, endStream: boolean): void {
    if (endStream) stream.localEnded = true;
    if (stream.pending === undefined) {
      while (data.length > 0 && this.#sendFrame(stream, data, endStream));
      if (data.length === 0) {
        // The last frame said that it was the last one; an empty one has to be sent for that.
        if (endStream && !stream.localClosed) this.#sendEmptyEnd(stream);
        return;
      }
      stream.pending = new OwnedBuffer();
      this.#queue(stream);
    }
    this.#stats.pendingSendBytes.add(data.length);
    stream.pending.move(data);
    if (stream.pending.length > pendingBytesMost && !stream.aboveSendLimit) {
      stream.aboveSendLimit = true;
      stream.aboveHighWatermark();
    }
    if (endStream) stream.watchFlush();
  }

  /** Trailers without entries only end the stream. */
  trailers(stream: Http2Stream, trailers: TrailerMap): void {
    stream.localEnded = true;
    if (stream.pending === undefined) {
      if (trailers.size === 0) this.#sendEmptyEnd(stream);
      else this.headers(stream, trailers, true);
      return;
    }
    if (trailers.size > 0) stream.pendingTrailers = trailers;
    stream.watchFlush();
  }

  /** What waits of the stream is dropped. */
  forget(stream: Http2Stream): void {
    stream.stopFlushTimer();
    if (stream.pending === undefined) return;
    this.#stats.pendingSendBytes.sub(stream.pending.length);
    stream.pending = undefined;
    stream.pendingTrailers = undefined;
    const at = this.#waiting.indexOf(stream);
    if (at >= 0) this.#waiting.splice(at, 1);
    stream.queued = false;
  }

  // What the peer says.

  /** False when the window would become too large (RFC 9113 section 6.9.1). */
  openWindow(bytes: number): boolean {
    this.#window += bytes;
    if (this.#window > windowMost) return false;
    this.#sendWaiting();
    return true;
  }

  openStreamWindow(stream: Http2Stream, bytes: number): boolean {
    stream.sendWindow += bytes;
    if (stream.sendWindow > windowMost) return false;
    if (stream.queued) this.#sendWaiting();
    return true;
  }

  /** The windows of all streams change by the difference, below zero, too (RFC 9113 section 6.9.2). */
  setInitialWindow(bytes: number, streams: Iterable<Http2Stream>): boolean {
    const difference = bytes - this.#initialWindow;
    this.#initialWindow = bytes;
    for (const stream of streams) {
      stream.sendWindow += difference;
      if (stream.sendWindow > windowMost) return false;
    }
    if (difference > 0) this.#sendWaiting();
    return true;
  }

  setFrameMost(bytes: number): void {
    this.#frameMost = Math.min(bytes, frameBytesMost);
  }

  close(): void {
    for (const stream of this.#waiting.slice()) this.forget(stream);
    this.writer.close();
    this.frames.close();
  }

  #queue(stream: Http2Stream): void {
    stream.queued = true;
    this.#waiting.push(stream);
  }

  /** One frame of each stream in turn, as long as there is window. */
  #sendWaiting(): void {
    let progress = true;
    while (progress && this.#window > 0 && this.#waiting.length > 0) {
      progress = false;
      const round = this.#waiting;
      this.#waiting = [];
      for (let i = 0; i < round.length; i += 1) {
        const stream = round[i]!;
        if (stream.pending === undefined) continue;
        if (this.#sendPending(stream)) progress = true;
        if (stream.pending === undefined) stream.queued = false;
        else this.#waiting.push(stream);
      }
    }
  }

  #sendPending(stream: Http2Stream): boolean {
    const pending = stream.pending!;
    const before = pending.length;
    const isLast = stream.localEnded && stream.pendingTrailers === undefined;
    if (!this.#sendFrame(stream, pending, isLast)) return false;
    this.#stats.pendingSendBytes.sub(before - pending.length);
    stream.watchFlush();
    if (pending.length === 0) this.#sentAll(stream);
    if (stream.aboveSendLimit && pending.length <= pendingBytesMost / 2) {
      stream.aboveSendLimit = false;
      stream.belowLowWatermark();
    }
    return true;
  }

  #sentAll(stream: Http2Stream): void {
    stream.stopFlushTimer();
    stream.pending = undefined;
    const trailers = stream.pendingTrailers;
    if (trailers === undefined) return;
    stream.pendingTrailers = undefined;
    this.headers(stream, trailers, true);
  }

  /** Sends what one frame takes of `data`; false when a window is closed. */
  #sendFrame(stream: Http2Stream, data: DataBuffer, endStream: boolean): boolean {
    const window = this.#window < stream.sendWindow ? this.#window : stream.sendWindow;
    const most = window < this.#frameMost ? window : this.#frameMost;
    if (most <= 0) return false;
    const length = data.length < most ? data.length : most;
    const last = endStream && length === data.length;
    this.#window -= length;
    stream.sendWindow -= length;
    this.dataFrames += 1;
    stream.bytesMeter.wireBytesSent += length + 9;
    this.writer.data(stream.id, data, length, last);
    if (last) this.#close(stream);
    return true;
  }

  #sendEmptyEnd(stream: Http2Stream): void {
    this.dataFrames += 1;
    stream.bytesMeter.wireBytesSent += 9;
    this.writer.data(stream.id, new OwnedBuffer(), 0, true);
    this.#close(stream);
  }

  #close(stream: Http2Stream): void {
    stream.localEnded = true;
    stream.localClosed = true;
    this.#owner.onLocalClosed(stream);
  }
}
