import type { Socket } from "node:net";
import type { DataBuffer } from "../contracts/buffer.ts";
import { WriteBuffer } from "./write-buffer.ts";

/** Told what becomes of written bytes. Every call may write again or close. */
export interface SocketWriterOwner {
  /** Bytes left for the kernel. */
  onBytesSent(bytes: number): void;
  /** The unsent bytes rose above the limit, or fell to half of it; in turns. */
  onAboveHighWatermark(): void;
  onBelowLowWatermark(): void;
}

/** The write side of a socket: what waits for the end of the event, what waits for the kernel, and the watermarks. */
export class SocketWriter {
  aboveHighWatermark = false;
  /** Bytes; 0 = no limit. */
  bufferLimit: number;
  readonly #socket: Socket;
  readonly #owner: SocketWriterOwner;
  readonly #pending = new WriteBuffer();
  /** Bytes that the socket took but the kernel did not. */
  #inFlight = 0;
  #closed = false;

  constructor(socket: Socket, owner: SocketWriterOwner, bufferLimit: number) {
    this.#socket = socket;
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
    while (this.#inFlight === 0 && this.#pending.length > 0) {
      const size = this.#pending.writeTo(this.#socket);
      if (this.#socket.writableLength > 0) this.#inFlight = size;
      else sent += size;
    }
    if (sent > 0) this.#owner.onBytesSent(sent);
    this.#checkLowWatermark();
  }

  /** For the socket's `drain`; true when what was in flight is out. */
  onSocketDrain(): boolean {
    // Node also says so after a vector that was taken at once.
    if (this.#inFlight === 0 || this.#socket.writableLength > 0) return false;
    const sent = this.#inFlight;
    this.#inFlight = 0;
    this.#owner.onBytesSent(sent);
    return true;
  }

  /** Sends what the kernel takes now. */
  flushOnce(): void {
    if (this.#inFlight > 0 || this.#pending.length === 0) return;
    const size = this.#pending.writeTo(this.#socket);
    this.#owner.onBytesSent(size - Math.min(size, this.#socket.writableLength));
  }

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
