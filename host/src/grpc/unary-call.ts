import type { HeaderMap } from "../contracts/headers.ts";
import type { BackOff } from "./back-off.ts";
import type { GrpcStream, GrpcStreamCallbacks } from "./grpc-stream.ts";
import { GrpcStatus } from "./status.ts";

/** Exactly one of these is called, unless the call was cancelled. */
export interface UnaryCallbacks {
  /** The message belongs to the callee. */
  onSuccess(message: Buffer): void;
  /** `status` is never 0. */
  onFailure(status: number, text: string): void;
}

/** Opens a stream; undefined when it ended at once. */
type Open = (callbacks: GrpcStreamCallbacks) => GrpcStream | undefined;

/** A call with one message in each direction, made again after failures that `backOff` does not take for final. */
export class UnaryCall implements GrpcStreamCallbacks {
  /** A callback was called, or the call was cancelled. */
  over = false;
  readonly #open: Open;
  readonly #message: Uint8Array;
  readonly #callbacks: UnaryCallbacks;
  readonly #backOff: BackOff | undefined;
  #stream: GrpcStream | undefined = undefined;
  #answerBegun = false;
  #answer: Buffer | undefined = undefined;

  constructor(
    open: Open,
    message: Uint8Array,
    callbacks: UnaryCallbacks,
    backOff: BackOff | undefined,
  ) {
    this.#open = open;
    this.#message = message;
    this.#callbacks = callbacks;
    this.#backOff = backOff;
  }

  start(): void {
    const stream = this.#open(this);
    this.#stream = stream;
    stream?.send(this.#message, true);
  }

  cancel(): void {
    this.over = true;
    this.#backOff?.cancel();
    this.#stream?.reset();
  }

  onInitialMetadata(metadata: HeaderMap): void {
    this.#answerBegun = metadata.size > 0;
  }

  onMessage(message: Buffer): void {
    this.#answer = message;
  }

  onTrailingMetadata(): void {
    // The status is told by onClose.
  }

  onClose(status: number, text: string): void {
    this.#stream = undefined;
    if (this.#retries(status)) return;
    this.over = true;
    if (status !== GrpcStatus.Ok) this.#callbacks.onFailure(status, text);
    else if (this.#answer === undefined) this.#callbacks.onFailure(GrpcStatus.Internal, "");
    else this.#callbacks.onSuccess(this.#answer);
  }

  #retries(status: number): boolean {
    if (this.#answerBegun || this.#backOff === undefined) return false;
    return this.#backOff.retries(status, () => this.start());
  }
}
