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
import type { MetadataMap } from "../../../contracts/http/metadata.ts";
import { HeldMessage } from "./held-message.ts";
import type { MetadataBlock } from "./metadata-block.ts";

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
  sendMetadata(stream: Http2Stream, metadata: MetadataMap): void;
  createTimer(callback: () => void): Timer;
  /** What the stream has left to send was not taken in time. */
  onFlushTimeout(stream: Http2Stream): void;
}

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
  /** What has come of METADATA; undefined before the first frame. */
  metadata: MetadataBlock | undefined = undefined;
  pending: OwnedBuffer | undefined = undefined;
  pendingTrailers: TrailerMap | undefined = undefined;
  aboveSendLimit = false;
  protected readonly owner: Http2StreamOwner;
  // Nearly always there is exactly one.
  #callbacks: StreamCallbacks | undefined = undefined;
  #moreCallbacks: StreamCallbacks[] | undefined = undefined;
  #readDisables = 0;
  #held: HeldMessage | undefined = undefined;
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
  protected abstract decodeMetadata(metadata: MetadataMap): void;

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
    return this.#held !== undefined;
  }

  /** Hands on `piece`, or keeps it while reading is disabled. `buffer` is empty, and is again afterwards. */
  receive(piece: Buffer, endStream: boolean, buffer: OwnedBuffer): void {
    if (this.#readDisables > 0 || this.#held !== undefined) {
      if (piece.length === 0 && !endStream) return;
      this.#held ??= new HeldMessage();
      this.#held.addData(piece);
      this.#held.end = endStream;
      return;
    }
    buffer.append(piece);
    this.decodeData(buffer, endStream);
    if (buffer.length > 0) buffer.drain(buffer.length);
    this.owner.credit(this, piece.length);
  }

  receiveTrailers(trailers: TrailerMap): void {
    if (this.#readDisables > 0 || this.#held !== undefined) {
      this.#held ??= new HeldMessage();
      this.#held.trailers = trailers;
    } else {
      this.decodeTrailers(trailers);
    }
  }

  /** Metadata is not subject to flow control: it waits for nothing but what came before it. */
  receiveMetadata(metadata: MetadataMap): void {
    if (this.#held === undefined) this.decodeMetadata(metadata);
    else this.#held.addMetadata(metadata);
  }

  /** Hands on what was kept, as long as reading is enabled. */
  deliverHeld(): void {
    if (this.#held === undefined) return;
    while (!this.ended && this.#readDisables === 0 && this.#held !== undefined) {
      this.#deliverPart(this.#held);
    }
    if (this.remoteEnded && this.localClosed && this.#held === undefined) this.end();
  }

  #deliverPart(held: HeldMessage): void {
    const part = held.takePart();
    const end = !(part instanceof Map) && held.takeEnd();
    const trailers = part === undefined && !end ? held.takeTrailers() : undefined;
    if (held.empty) this.#held = undefined;
    if (part instanceof Map) {
      this.decodeMetadata(part);
    } else if (trailers !== undefined) {
      this.decodeTrailers(trailers);
    } else {
      const data = part ?? new OwnedBuffer();
      const size = data.length;
      this.decodeData(data, end);
      this.owner.credit(this, size);
    }
  }

  /** Bytes that are kept here and were not credited. */
  get heldBytes(): number {
    return this.#held?.bytes ?? 0;
  }

  // Sending.

  encodeMetadata(metadata: MetadataMap): void {
    if (this.id !== 0 && !this.ended && !this.localEnded) this.owner.sendMetadata(this, metadata);
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
  }

  #all(): StreamCallbacks[] {
    if (this.#callbacks === undefined) return [];
    return this.#moreCallbacks === undefined
      ? [this.#callbacks]
      : [this.#callbacks, ...this.#moreCallbacks];
  }
}
