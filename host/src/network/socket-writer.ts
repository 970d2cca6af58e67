import type { DataBuffer } from "../contracts/buffer.ts";
import type { SocketOutput } from "./socket-io.ts";
import { WriteBuffer } from "./write-buffer.ts";

/** Told what becomes of written bytes. Every call may write again or close. */
export interface SocketWriterOwner {
  /** Bytes left for the kernel. */
  onBytesSent(bytes: number): void;
  /** The unsent bytes rose above the limit, or fell to half of it; in turns. */
  onAboveHighWatermark(): void;
  onBelowLowWatermark(): void;
  /** The kernel, which had not taken everything at once, has it now: `flush` goes on. */
  onWritable(): void;
  onWriteError(error: Error): void;
}

/** The write side of a socket: what waits for the end of the turn, what waits for the kernel, and the watermarks. */
export class SocketWriter {
  aboveHighWatermark = false;
  /** Bytes; 0 = no limit. */
  bufferLimit: number;
  readonly #output: SocketOutput;
  readonly #owner: SocketWriterOwner;
  readonly #pending = new WriteBuffer();
  /** Bytes that the socket took but the kernel did not. */
  #inFlight = 0;
  /** A write is being handed over: it may be done before the call returns. */
  #handingOver = false;
  #closed = false;

  constructor(output: SocketOutput, owner: SocketWriterOwner, bufferLimit: number) {
    this.#output = output;
    this.#owner = owner;
    this.bufferLimit = bufferLimit;
  }

  get unsent(): number {
    return this.#pending.length + this.#inFlight;
  }

  move(data: DataBuffer): void {
    this.#pending.move(data);
    this.#checkHighWatermark();
  }

  appendText(text: string): void {
    this.#pending.appendText(text);
    this.#checkHighWatermark();
  }

  setBufferLimit(bytes: number): void {
    this.bufferLimit = bytes;
    this.#checkHighWatermark();
    this.#checkLowWatermark();
  }

  /** Hands the pending bytes to the socket, as long as the kernel takes everything. */
  flush(): void {
    let sent = 0;
    while (this.#inFlight === 0 && this.#pending.length > 0) sent += this.#handOver();
    if (sent > 0) this.#owner.onBytesSent(sent);
    this.#checkLowWatermark();
  }

  /** Sends what the kernel takes now. */
  flushOnce(): void {
    if (this.#inFlight > 0 || this.#pending.length === 0) return;
    this.#owner.onBytesSent(this.#handOver());
  }

  /** One write; says how many bytes the kernel took at once: all of it or none. */
  #handOver(): number {
    const size = this.#pending.nextSize;
    this.#inFlight = size;
    this.#handingOver = true;
    this.#pending.writeTo(this.#output, this.#onDone);
    this.#handingOver = false;
    return size - this.#inFlight;
  }

  readonly #onDone = (error?: Error | null): void => {
    if (this.#closed) return;
    if (error !== undefined && error !== null) {
      this.#owner.onWriteError(error);
      return;
    }
    this.#pending.recycle();
    const sent = this.#inFlight;
    this.#inFlight = 0;
    if (this.#handingOver) return;
    this.#owner.onBytesSent(sent);
    this.#owner.onWritable();
  };

  /** Drops everything; no callback follows. */
  close(): void {
    this.#closed = true;
    this.#pending.clear();
    this.#inFlight = 0;
  }

  #checkHighWatermark(): void {
    if (this.aboveHighWatermark || this.bufferLimit === 0 || this.unsent <= this.bufferLimit)
      return;
    this.aboveHighWatermark = true;
    this.#owner.onAboveHighWatermark();
  }

  #checkLowWatermark(): void {
    if (!this.aboveHighWatermark || this.#closed) return;
    if (this.bufferLimit > 0 && this.unsent > this.bufferLimit / 2) return;
    this.aboveHighWatermark = false;
    this.#owner.onBelowLowWatermark();
  }
}
