import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { TrailerMap } from "../../../contracts/headers.ts";
import {
  StreamResetReason,
  type CodecError,
  type Http1Settings,
  type ServerConnection,
  type ServerConnectionCallbacks,
} from "../../../contracts/http/codec.ts";
import { ConnectionCloseType, type Connection } from "../../../contracts/network/connection.ts";
import { BodyKind } from "./framing.ts";
import { headerFormatOf, type HeaderFormat } from "./head-encoder.ts";
import { HeadKind, type HeadScanner } from "./head-scanner.ts";
import { MessageParser, type MessageSink } from "./parser.ts";
import { RequestHead } from "./request-head.ts";
import { ServerStream, type ServerStreamOwner } from "./server-stream.ts";
import type { Http1CodecStats } from "./stats.ts";
import { statusText } from "./status-text.ts";

/**
 * HTTP/1.0 and HTTP/1.1 towards a client.
 *
 * Requests are served one after the other. While one is in work, a pipelined one stays unparsed in the buffer
 * given to `dispatch`, and the connection's reading is disabled; when the response has been written, reading is
 * enabled again, upon which the connection presents what it holds. A response that ends before its request
 * is the last one: the rest of what comes is dropped, and `closing` tells the owner to close.
 */
export class Http1ServerConnection implements ServerConnection, MessageSink, ServerStreamOwner {
  readonly multiplexes = false;
  readonly stats: Http1CodecStats;
  readonly headerFormat: HeaderFormat;
  readonly enableTrailers: boolean;
  readonly #connection: Connection;
  readonly #callbacks: ServerConnectionCallbacks;
  readonly #parser: MessageParser;
  readonly #head: RequestHead;
  #active: ServerStream | undefined = undefined;
  #http10 = false;
  #goingAway = false;
  #closing = false;
  /** The peer has been told that it broke the protocol. */
  #refused = false;
  /** Reading is disabled because a pipelined request waits. */
  #holdsReading = false;
  #aboveHighWatermark: boolean;

  constructor(
    connection: Connection,
    callbacks: ServerConnectionCallbacks,
    settings: Http1Settings,
    stats: Http1CodecStats,
  ) {
    this.#connection = connection;
    this.#aboveHighWatermark = connection.aboveHighWatermark;
    this.#callbacks = callbacks;
    this.#parser = new MessageParser(this, HeadKind.Request, settings);
    this.stats = stats;
    this.#head = new RequestHead(settings, stats);
    this.headerFormat = headerFormatOf(settings.headerKeyFormat);
    this.enableTrailers = settings.enableTrailers;
  }

  /** Of the latest request; `HTTP/1.1` before the first. */
  get protocol(): string {
    return this.#http10 ? "HTTP/1.0" : "HTTP/1.1";
  }

  get closing(): boolean {
    return this.#closing;
  }

  dispatch(data: DataBuffer): CodecError | undefined {
    const error = this.#parser.execute(data);
    if (error !== undefined) {
      if (!this.#refused) this.#refuse(error);
      return error;
    }
    if (data.length > 0 && this.#waits && !this.#holdsReading) {
      this.#holdsReading = true;
      this.#connection.readDisable(true);
    }
    return undefined;
  }

  onEndOfInput(): CodecError | undefined {
    return this.#parser.finish();
  }

  shutdownNotice(): void {
    this.goAway();
  }

  goAway(): void {
    this.#goingAway = true;
  }

  onUnderlyingConnectionAboveWriteBufferHighWatermark(): void {
    this.#aboveHighWatermark = true;
    this.#active?.aboveHighWatermark();
  }

  onUnderlyingConnectionBelowWriteBufferLowWatermark(): void {
    this.#aboveHighWatermark = false;
    this.#active?.belowLowWatermark();
    this.#resumeReading();
  }

  onConnectionClosed(reason: StreamResetReason, details: string): void {
    const stream = this.#active;
    this.#active = undefined;
    this.#closing = true;
    this.#parser.discard();
    stream?.endByReset(reason, details);
  }

  // MessageSink

  get paused(): boolean {
    const stream = this.#active;
    return this.#waits || stream?.readDisabled === true || stream?.awaitsUpgrade === true;
  }

  onMessageBegin(): CodecError | undefined {
    const stream = new ServerStream(this.#connection, this);
    this.#active = stream;
    stream.decoder = this.#callbacks.newStream(stream);
    return undefined;
  }

  onHead(scanner: HeadScanner, text: string): CodecError | undefined {
    const stream = this.#active!;
    const head = this.#head;
    const error = head.read(scanner, text);
    stream.headRequest = head.method === "HEAD";
    if (error !== undefined) return error;
    this.#http10 = head.http10;
    stream.http10 = head.http10;
    stream.bytesMeter.headerBytesReceived = text.length;
    if (!head.keepAlive) this.#closing = true;
    const endStream = head.body === BodyKind.None;
    this.#parser.expectBody(head.body, head.contentLength);
    stream.requestComplete = endStream;
    stream.awaitsUpgrade = head.upgrade;
    stream.isConnect = head.method === "CONNECT";
    stream.decoder!.decodeHeaders(head.headers, endStream);
    return undefined;
  }

  onBody(data: DataBuffer, endStream: boolean): void {
    const stream = this.#active;
    if (stream === undefined) return;
    stream.requestComplete = endStream;
    stream.decoder!.decodeData(data, endStream);
  }

  onTrailers(trailers: TrailerMap): void {
    const stream = this.#active;
    if (stream === undefined) return;
    stream.requestComplete = true;
    stream.decoder!.decodeTrailers(trailers);
  }

  onMessageComplete(): void {
    // The stream has known it since the call that ended the request.
  }

  onBytes(bytes: number): void {
    if (this.#active !== undefined) this.#active.bytesMeter.wireBytesReceived += bytes;
  }

  // ServerStreamOwner

  get closesAfterResponse(): boolean {
    return this.#closing || this.#goingAway;
  }

  closeAfterResponse(): void {
    this.#closing = true;
  }

  onUpgraded(): void {
    this.#resumeReading();
  }

  onResponseComplete(stream: ServerStream): void {
    if (stream !== this.#active) return;
    this.#active = undefined;
    if (this.#goingAway) this.#closing = true;
    if (this.#closing) this.#parser.discard();
    stream.end();
    this.#resumeReading();
  }

  onStreamReset(stream: ServerStream, reason: StreamResetReason, details: string): void {
    if (stream !== this.#active) return;
    this.#active = undefined;
    this.#closing = true;
    this.#parser.discard();
    const abort = stream.endsWithConnection;
    stream.endByReset(reason, details);
    // What has been written may still reach the client, unless the end of the connection would end the response.
    this.#connection.close(abort ? ConnectionCloseType.AbortReset : ConnectionCloseType.FlushWrite);
  }

  /** No request may be begun now: one is in work, or the client does not read its responses. */
  get #waits(): boolean {
    if (this.#active !== undefined) {
      return this.#active.requestComplete || this.#active.awaitsUpgrade;
    }
    return !this.#closing && this.#parser.idle && this.#aboveHighWatermark;
  }

  #resumeReading(): void {
    if (!this.#holdsReading || (this.#waits && !this.#closing)) return;
    this.#holdsReading = false;
    this.#connection.readDisable(false);
  }

  /** Answers, if nothing has been answered yet. The owner closes the connection. */
  #refuse(error: CodecError): void {
    this.#refused = true;
    this.#closing = true;
    const stream = this.#active;
    if (stream === undefined) return;
    stream.responseDetails = error.details;
    if (stream.responseStarted) return;
    stream.decoder!.sendLocalReply(error.code, statusText(error.code), error.details);
  }
}
