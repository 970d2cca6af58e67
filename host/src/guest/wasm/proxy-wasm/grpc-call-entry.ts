import type { Timer } from "../../../contracts/event.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { GrpcCall, GrpcCallHead, GrpcClient } from "../../../grpc/grpc-client.ts";
import type { GrpcStream, GrpcStreamCallbacks } from "../../../grpc/grpc-stream.ts";
import { GrpcStatus } from "../../../grpc/status.ts";
import type { UnaryCallbacks } from "../../../grpc/unary-call.ts";

/** Bytes that one stream may hold for a server that does not take them, before it takes no more of the guest. */
const unsentMax = 16 * 1_048_576;

/** Who is told of what comes back. */
export interface GrpcCallOwner {
  onInitialMetadata(entry: GrpcCallEntry, metadata: HeaderMap): void;
  /** `isLast`: nothing follows. */
  onMessage(entry: GrpcCallEntry, message: Buffer, isLast: boolean): void;
  onTrailingMetadata(entry: GrpcCallEntry, metadata: HeaderMap): void;
  onClose(entry: GrpcCallEntry, status: number, text: string): void;
}

/** One call or stream of a guest. */
export class GrpcCallEntry implements GrpcStreamCallbacks, UnaryCallbacks {
  readonly token: number;
  /** Of a call; 0 of a stream. */
  readonly messageBytes: number;
  readonly #owner: GrpcCallOwner;
  #call: GrpcCall | undefined = undefined;
  #stream: GrpcStream | undefined = undefined;
  #timer: Timer | undefined = undefined;
  /** What was sent before there was a stream. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #localEnded = false;
  /** Before that, what ends the call is told by the result of `begin`. */
  #open = false;

  constructor(token: number, messageBytes: number, owner: GrpcCallOwner) {
    this.token = token;
    this.messageBytes = messageBytes;
    this.#owner = owner;
  }

  /** Makes the call, or opens a stream when there is no message. False when it ended at once. */
  begin(client: GrpcClient, head: GrpcCallHead, message: Uint8Array | undefined): boolean {
    this.#timer = undefined;
    if (message === undefined) this.#stream = client.open(head, this);
    else this.#call = client.call(head, message, this);
    this.#open = this.#stream !== undefined || this.#call !== undefined;
    return this.#open;
  }

  waitsFor(timer: Timer): void {
    this.#timer = timer;
  }

  /** The guest has been told that the call is under way, and may have sent messages. */
  beginLate(begin: () => boolean): void {
    if (!begin()) {
      this.#open = true;
      this.onClose(GrpcStatus.Unavailable, "the call could not be made");
      return;
    }
    for (const message of this.#waiting) this.#stream?.send(message, false);
    this.#waiting = [];
    if (this.#localEnded) this.#stream?.end();
  }

  /** False when the stream takes nothing more. */
  send(message: Uint8Array, endStream: boolean): boolean {
    const held = this.#stream?.excess ?? this.#waitingBytes;
    if (this.#localEnded || held > unsentMax) return false;
    this.#localEnded = endStream;
    if (this.#stream !== undefined) {
      this.#stream.send(message, endStream);
    } else if (this.#timer !== undefined) {
      this.#waiting.push(message);
      this.#waitingBytes += message.length;
    }
    return true;
  }

  end(): void {
    this.#localEnded = true;
    this.#stream?.end();
  }

  cancel(): void {
    this.#open = false;
    this.#timer?.disable();
    this.#call?.cancel();
    this.#stream?.reset();
  }

  // A stream.

  onInitialMetadata(metadata: HeaderMap): void {
    if (this.#open) this.#owner.onInitialMetadata(this, metadata);
  }

  onMessage(message: Buffer): void {
    if (this.#open) this.#owner.onMessage(this, message, false);
  }

  onTrailingMetadata(metadata: HeaderMap): void {
    if (this.#open) this.#owner.onTrailingMetadata(this, metadata);
  }

  onClose(status: number, text: string): void {
    if (this.#open) this.#owner.onClose(this, status, text);
  }

  // A call.

  onSuccess(message: Buffer): void {
    if (this.#open) this.#owner.onMessage(this, message, true);
  }

  onFailure(status: number, text: string): void {
    this.onClose(status, text);
  }
}
