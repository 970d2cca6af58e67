import { OwnedBuffer } from "../../../common/data-buffer.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { Timer } from "../../../contracts/event.ts";
import type { TrailerMap } from "../../../contracts/headers.ts";
import type {
  BytesMeter,
  CodecStream,
  StreamCallbacks,
  StreamResetReason,
} from "../../../contracts/http/codec.ts";

/** What a stream asks of its connection. */
export interface Http2StreamOwner {
  readonly streamWindow: number;
  readonly aboveHighWatermark: boolean;
  /** The stream is given up from this side. */
  resetFromHere(stream: Http2Stream, reason: StreamResetReason): void;
  /** Reading of a stream that holds something back was enabled again. */
  deliverHeld(stream: Http2Stream): void;
  /** These bytes of the stream have been consumed: the peer may send as many more. */
  credit(stream: Http2Stream, bytes: number): void;
  createTimer(callback: () => void): Timer;
  /** What the stream has left to send was not taken in time. */
  onFlushTimeout(stream: Http2Stream): void;
}

/** Pieces below this are copied together while they wait, so that tiny frames do not cost an object each. */
const smallPiece = 512;
const copyBlock = 16_384;

/** One exchange on a connection, either side: flow control, callbacks, and what waits in both directions. */
export abstract class Http2Stream implements CodecStream {
  /** 0 until the stream has begun. */
  id = 0;
  readonly bytesMeter: BytesMeter = {
    headerBytesSent: 0,
    headerBytesReceived: 0,
    wireBytesSent: 0,
    wireBytesReceived: 0,
  };
  responseDetails = "";
  sendWindow = 0;
  receiveWindow: number;
  /** Consumed bytes that the peer was not told of. */
  consumed = 0;
  /** Bytes that `content-length` still promises in each direction; -1: nothing was promised. */
  bodyToReceive = -1;
  bodyToSend = -1;
  /** The end was encoded; it is on the wire when nothing is pending. */
  localEnded = false;
  localClosed = false;
  remoteEnded = false;
  /** Nobody is told anything of the stream any more. */
  ended = false;
  /** Reset as soon as what is pending has been sent. */
  resetWhenSent = false;
  /** Waits for window: its place in the connection's queue. */
  queued = false;
  pending: OwnedBuffer | undefined = undefined;
  pendingTrailers: TrailerMap | undefined = undefined;
  aboveSendLimit = false;
  protected readonly owner: Http2StreamOwner;
  // Nearly always there is exactly one.
  #callbacks: StreamCallbacks | undefined = undefined;
  #moreCallbacks: StreamCallbacks[] | undefined = undefined;
  #readDisables = 0;
  #held: OwnedBuffer | undefined = undefined;
  #heldTrailers: TrailerMap | undefined = undefined;
  #heldEnd = false;
  #block: Buffer | undefined = undefined;
  #flushTimeoutMs = 0;
  #flushTimer: Timer | undefined = undefined;

  constructor(owner: Http2StreamOwner) {
    this.owner = owner;
    this.receiveWindow = owner.streamWindow;
  }

  get stream(): CodecStream {
    return this;
  }

  get bufferLimit(): number {
    return this.owner.streamWindow;
  }

  /** Data, or the end, for whoever decodes the message. `data` is drained. */
  protected abstract decodeData(data: DataBuffer, endStream: boolean): void;
  protected abstract decodeTrailers(trailers: TrailerMap): void;

  resetStream(reason: StreamResetReason): void {
    this.owner.resetFromHere(this, reason);
  }

  addCallbacks(callbacks: StreamCallbacks): void {
    if (this.#callbacks === undefined) this.#callbacks = callbacks;
    else (this.#moreCallbacks ??= []).push(callbacks);
    if (this.owner.aboveHighWatermark) callbacks.onAboveWriteBufferHighWatermark();
    if (this.aboveSendLimit) callbacks.onAboveWriteBufferHighWatermark();
  }

  removeCallbacks(callbacks: StreamCallbacks): void {
    if (this.#callbacks === callbacks) {
      this.#callbacks = this.#moreCallbacks?.shift();
      return;
    }
    const index = this.#moreCallbacks?.indexOf(callbacks) ?? -1;
    if (index >= 0) this.#moreCallbacks!.splice(index, 1);
  }

  aboveHighWatermark(): void {
    if (this.#moreCallbacks === undefined) this.#callbacks?.onAboveWriteBufferHighWatermark();
    else for (const each of this.#all()) each.onAboveWriteBufferHighWatermark();
  }

  belowLowWatermark(): void {
    if (this.#moreCallbacks === undefined) this.#callbacks?.onBelowWriteBufferLowWatermark();
    else for (const each of this.#all()) each.onBelowWriteBufferLowWatermark();
  }

  // Receiving.

  readDisable(disable: boolean): void {
    if (this.ended) return;
    this.#readDisables += disable ? 1 : -1;
    if (this.#readDisables < 0) throw new Error("readDisable(false) without readDisable(true)");
    if (this.#readDisables === 0 && this.holdsSomething) this.owner.deliverHeld(this);
  }

  get holdsSomething(): boolean {
    return this.#held !== undefined || this.#heldEnd || this.#heldTrailers !== undefined;
  }

  /** Hands on `piece`, or keeps it while reading is disabled. `buffer` is empty, and is again afterwards. */
  receive(piece: Buffer, endStream: boolean, buffer: OwnedBuffer): void {
    if (this.#readDisables > 0 || this.holdsSomething) {
      this.#hold(piece);
      this.#heldEnd = endStream;
      return;
    }
    buffer.append(piece);
    this.decodeData(buffer, endStream);
    if (buffer.length > 0) buffer.drain(buffer.length);
    this.owner.credit(this, piece.length);
  }

  receiveTrailers(trailers: TrailerMap): void {
    if (this.#readDisables > 0 || this.holdsSomething) this.#heldTrailers = trailers;
    else this.decodeTrailers(trailers);
  }

  /** Hands on what was kept, if reading is enabled. */
  deliverHeld(): void {
    if (this.ended || this.#readDisables > 0 || !this.holdsSomething) return;
    const data = this.#held;
    const trailers = this.#heldTrailers;
    const end = this.#heldEnd;
    this.#held = undefined;
    this.#block = undefined;
    this.#heldTrailers = undefined;
    this.#heldEnd = false;
    if (data !== undefined || end) {
      const size = data?.length ?? 0;
      this.decodeData(data ?? new OwnedBuffer(), end);
      this.owner.credit(this, size);
    }
    if (trailers !== undefined && !this.ended) {
      if (this.#readDisables > 0) this.#heldTrailers = trailers;
      else this.decodeTrailers(trailers);
    }
    if (this.remoteEnded && this.localClosed && !this.holdsSomething) this.end();
  }

  #hold(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#held ??= new OwnedBuffer();
    if (piece.length > smallPiece) {
      this.#held.append(piece);
      this.#block = undefined;
      return;
    }
    if (this.#block === undefined || this.#block.length < piece.length) {
      this.#block = Buffer.allocUnsafe(copyBlock);
    }
    piece.copy(this.#block);
    this.#held.append(this.#block.subarray(0, piece.length));
    this.#block = this.#block.subarray(piece.length);
  }

  /** Bytes that are kept here and were not credited. */
  get heldBytes(): number {
    return this.#held?.length ?? 0;
  }

  // Waiting to be sent.

  setFlushTimeout(ms: number): void {
    this.#flushTimeoutMs = ms;
    if (this.localEnded) this.watchFlush();
  }

  /** The end is encoded and waits: the peer must go on taking what is before it. */
  watchFlush(): void {
    if (this.#flushTimeoutMs === 0 || this.localClosed || this.pending === undefined) return;
    this.#flushTimer ??= this.owner.createTimer(() => this.owner.onFlushTimeout(this));
    this.#flushTimer.enable(this.#flushTimeoutMs);
  }

  /** Nothing is left to send. */
  stopFlushTimer(): void {
    this.#flushTimer?.disable();
  }

  // The end.

  /** Ends the stream by a reset: tells everybody, once. */
  endByReset(reason: StreamResetReason, details: string): void {
    if (this.ended) return;
    const all = this.#all();
    this.end();
    for (const each of all) each.onResetStream(reason, details);
  }

  end(): void {
    this.ended = true;
    this.#callbacks = undefined;
    this.#moreCallbacks = undefined;
    this.#held = undefined;
    this.#block = undefined;
    this.#heldTrailers = undefined;
    this.#heldEnd = false;
  }

  #all(): StreamCallbacks[] {
    if (this.#callbacks === undefined) return [];
    return this.#moreCallbacks === undefined
      ? [this.#callbacks]
      : [this.#callbacks, ...this.#moreCallbacks];
  }
}
