import { OwnedBuffer } from "../common/data-buffer.ts";
import { HeaderId } from "../common/headers/header-id.ts";
import { HeaderMapImpl } from "../common/headers/header-map.ts";
import type { DataBuffer } from "../contracts/buffer.ts";
import type {
  HeaderMap,
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../contracts/headers.ts";
import type {
  AsyncClientStream,
  AsyncClientStreamCallbacks,
} from "../contracts/upstream/async-client.ts";
import { frame, MessageReader } from "./framing.ts";
import { GrpcStatus, messageOf, statusOf, statusOfHttp } from "./status.ts";

/** What comes back on a stream. Nothing is called after `onClose`, nor after `reset`. */
export interface GrpcStreamCallbacks {
  /** Once, before messages. Empty when the response is trailers only. */
  onInitialMetadata(metadata: HeaderMap): void;
  /** The message belongs to the callee. */
  onMessage(message: Buffer): void;
  onTrailingMetadata(metadata: HeaderMap): void;
  /** `status`: 0 when the server has answered; else the server's, or what stands for how the stream failed. */
  onClose(status: number, message: string): void;
}

/** One call with messages in both directions. */
export class GrpcStream implements AsyncClientStreamCallbacks {
  /** `onClose` was called, or the stream was reset. */
  over = false;
  /** The last message has been sent. */
  localEnded = false;
  /** The server takes messages more slowly than they are sent: better wait. */
  #slow = 0;
  /** Bytes that were sent nevertheless. */
  #excess = 0;
  readonly #callbacks: GrpcStreamCallbacks;
  readonly #reader: MessageReader;
  #stream: AsyncClientStream | undefined = undefined;

  constructor(callbacks: GrpcStreamCallbacks, messageMax: number) {
    this.#callbacks = callbacks;
    this.#reader = new MessageReader(messageMax);
  }

  start(stream: AsyncClientStream, headers: RequestHeaderMap): void {
    this.#stream = stream;
    stream.sendHeaders(headers, false);
  }

  /** Bytes that wait beyond what the connection takes at once. */
  get excess(): number {
    return this.#excess;
  }

  /** Not after `end` or the end of the stream. */
  send(message: Uint8Array, endStream: boolean): void {
    if (this.over || this.localEnded) return;
    const framed = frame(message);
    if (this.#slow > 0) this.#excess += framed.length;
    this.localEnded = endStream;
    this.#stream!.sendData(OwnedBuffer.of(framed), endStream);
  }

  /** No more messages follow. */
  end(): void {
    if (this.over || this.localEnded) return;
    this.localEnded = true;
    this.#stream!.sendData(new OwnedBuffer(), true);
  }

  /** Ends it; no callback follows. */
  reset(): void {
    this.over = true;
    this.#stream!.reset();
  }

  // The HTTP stream.

  onHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    const code = Number(headers.getId(HeaderId.Status));
    this.#callbacks.onInitialMetadata(endStream ? new HeaderMapImpl() : headers);
    if (this.over) return;
    if (endStream && (code === 200 || statusOf(headers) !== undefined)) this.#finish(headers);
    else if (code !== 200) this.#fail(statusOfHttp(code));
  }

  onData(data: DataBuffer, endStream: boolean): void {
    const reader = this.#reader;
    reader.accept(data);
    for (let message = reader.next(); message !== undefined; message = reader.next()) {
      this.#callbacks.onMessage(message);
      if (this.over) return;
    }
    if (reader.problem === "too_long") this.#fail(GrpcStatus.ResourceExhausted);
    else if (reader.problem === "compressed") this.#fail(GrpcStatus.Internal);
    else if (endStream) this.#fail(GrpcStatus.Unknown);
  }

  onTrailers(trailers: TrailerMap): void {
    this.#finish(trailers);
  }

  onReset(): void {
    this.#fail(GrpcStatus.Internal);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#slow += 1;
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#slow -= 1;
    if (this.#slow === 0) this.#excess = 0;
  }

  /** The server has said how the call ended. */
  #finish(trailers: HeaderMap): void {
    this.#callbacks.onTrailingMetadata(trailers);
    if (!this.over) this.#close(statusOf(trailers) ?? GrpcStatus.Unknown, messageOf(trailers));
  }

  #fail(status: number): void {
    this.#callbacks.onTrailingMetadata(new HeaderMapImpl());
    if (this.over) return;
    this.#stream!.reset();
    this.#close(status, "");
  }

  /** Behind the server's text stands, as in Envoy, where the response came from. */
  #close(status: number, text: string): void {
    this.over = true;
    const details = this.#stream!.responseDetails;
    this.#callbacks.onClose(status, text === "" ? details : `${text}{${details}}`);
  }
}
