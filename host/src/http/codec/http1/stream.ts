import type {
  BytesMeter,
  CodecStream,
  StreamCallbacks,
  StreamResetReason,
} from "../../../contracts/http/codec.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import type { Http1CodecStats } from "./stats.ts";

/** What a stream asks of the codec that it belongs to. */
export interface StreamOwner<Stream> {
  readonly stats: Http1CodecStats;
  /** The stream wants to end abruptly. Ignored when it has ended. */
  onStreamReset(stream: Stream, reason: StreamResetReason, details: string): void;
}

/** The part of a stream that both directions share: callbacks, flow control, byte counts. */
export abstract class Http1Stream implements CodecStream {
  readonly bytesMeter: BytesMeter = {
    headerBytesSent: 0,
    headerBytesReceived: 0,
    wireBytesSent: 0,
    wireBytesReceived: 0,
  };
  responseDetails = "";
  protected readonly connection: Connection;
  // Nearly always there is exactly one.
  #callbacks: StreamCallbacks | undefined = undefined;
  #moreCallbacks: StreamCallbacks[] | undefined = undefined;
  #readDisables = 0;
  #ended = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  get stream(): CodecStream {
    return this;
  }

  get bufferLimit(): number {
    return this.connection.bufferLimit;
  }

  /** True while someone has stopped the delivery of data. */
  get readDisabled(): boolean {
    return this.#readDisables > 0;
  }

  /** The exchange is over, whichever way. */
  get ended(): boolean {
    return this.#ended;
  }

  abstract resetStream(reason: StreamResetReason): void;

  addCallbacks(callbacks: StreamCallbacks): void {
    if (this.#callbacks === undefined) this.#callbacks = callbacks;
    else (this.#moreCallbacks ??= []).push(callbacks);
    if (this.connection.aboveHighWatermark) callbacks.onAboveWriteBufferHighWatermark();
  }

  removeCallbacks(callbacks: StreamCallbacks): void {
    if (this.#callbacks === callbacks) {
      this.#callbacks = this.#moreCallbacks?.shift();
      return;
    }
    const index = this.#moreCallbacks?.indexOf(callbacks) ?? -1;
    if (index >= 0) this.#moreCallbacks!.splice(index, 1);
  }

  readDisable(disable: boolean): void {
    if (this.#ended) return;
    this.#readDisables += disable ? 1 : -1;
    if (this.#readDisables < 0) throw new Error("readDisable(false) without readDisable(true)");
    this.connection.readDisable(disable);
  }

  aboveHighWatermark(): void {
    if (this.#callbacks === undefined) return;
    for (const each of this.#all()) each.onAboveWriteBufferHighWatermark();
  }

  belowLowWatermark(): void {
    if (this.#callbacks === undefined) return;
    for (const each of this.#all()) each.onBelowWriteBufferLowWatermark();
  }

  /** Ends the stream by a reset: tells everybody, once. */
  endByReset(reason: StreamResetReason, details: string): void {
    if (this.#ended) return;
    const all = this.#all();
    this.end();
    for (const each of all) each.onResetStream(reason, details);
  }

  /** Ends the stream. What it still held back of the connection's reading is given free. */
  end(): void {
    this.#ended = true;
    this.#callbacks = undefined;
    this.#moreCallbacks = undefined;
    while (this.#readDisables > 0) {
      this.#readDisables -= 1;
      this.connection.readDisable(false);
    }
  }

  #all(): StreamCallbacks[] {
    if (this.#callbacks === undefined) return [];
    return this.#moreCallbacks === undefined
      ? [this.#callbacks]
      : [this.#callbacks, ...this.#moreCallbacks];
  }
}
