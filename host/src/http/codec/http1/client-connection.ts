import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { TrailerMap } from "../../../contracts/headers.ts";
import type {
  ClientConnectionCodec,
  CodecError,
  Http1Settings,
  RequestEncoder,
  ResponseDecoder,
  StreamResetReason,
} from "../../../contracts/http/codec.ts";
import { ConnectionCloseType, type Connection } from "../../../contracts/network/connection.ts";
import { ClientStream, type ClientStreamOwner } from "./client-stream.ts";
import { http1Errors } from "./errors.ts";
import { BodyKind } from "./framing.ts";
import { headerFormatOf, type HeaderFormat } from "./head-encoder.ts";
import { HeadKind, type HeadScanner } from "./head-scanner.ts";
import { MessageParser, type MessageSink } from "./parser.ts";
import { ResponseHead } from "./response-head.ts";
import type { Http1CodecStats } from "./stats.ts";

/** A server that sends nothing but 1xx would hold a request without ever answering it. */
const mostInterim = 128;

/** What the owner of a client connection (the pool) is told. */
export interface Http1ClientCallbacks {
  /**
   * The response has ended and its decoder has been told so. With `closing` false the connection can take the
   * next request; else close it. Called from inside `dispatch` or `onEndOfInput`; not after a reset.
   */
  onIdle(): void;
}

/**
 * HTTP/1.1 towards an upstream host: one request at a time.
 *
 * An error from `dispatch` or `onEndOfInput` leaves the stream open: the owner closes the connection and calls
 * `onConnectionClosed` with ProtocolError, which resets it. The connection is fit for another request only when
 * the response ended by its own framing, the request was sent whole, and no byte came behind the response.
 */
export class Http1ClientConnection
  implements ClientConnectionCodec, MessageSink, ClientStreamOwner
{
  readonly protocol = "HTTP/1.1";
  readonly stats: Http1CodecStats;
  readonly headerFormat: HeaderFormat;
  readonly enableTrailers: boolean;
  readonly #connection: Connection;
  readonly #callbacks: Http1ClientCallbacks;
  readonly #parser: MessageParser;
  readonly #head: ResponseHead;
  #active: ClientStream | undefined = undefined;
  #closing = false;
  /** Bytes of the buffer of the running `dispatch`, to see whether something is behind a response. */
  #input: DataBuffer | undefined = undefined;

  constructor(
    connection: Connection,
    settings: Http1Settings,
    stats: Http1CodecStats,
    callbacks: Http1ClientCallbacks,
  ) {
    this.stats = stats;
    this.#connection = connection;
    this.#callbacks = callbacks;
    this.#parser = new MessageParser(this, HeadKind.Response, settings);
    this.#head = new ResponseHead(settings);
    this.headerFormat = headerFormatOf(settings.headerKeyFormat);
    this.enableTrailers = settings.enableTrailers;
  }

  get closing(): boolean {
    return this.#closing;
  }

  get activeStreams(): number {
    return this.#active === undefined ? 0 : 1;
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    if (this.#active !== undefined || this.#closing) {
      throw new Error("an HTTP/1 connection takes one request at a time");
    }
    this.#active = new ClientStream(this.#connection, this, decoder);
    return this.#active;
  }

  dispatch(data: DataBuffer): CodecError | undefined {
    this.#input = data;
    const error = this.#parser.execute(data);
    this.#input = undefined;
    if (error !== undefined) {
      this.#closing = true;
      if (this.#active !== undefined) this.#active.responseDetails = error.details;
    }
    return error;
  }

  onEndOfInput(): CodecError | undefined {
    this.#closing = true;
    return this.#parser.finish();
  }

  shutdownNotice(): void {
    this.goAway();
  }

  goAway(): void {
    this.#closing = true;
  }

  onUnderlyingConnectionAboveWriteBufferHighWatermark(): void {
    this.#active?.aboveHighWatermark();
  }

  onUnderlyingConnectionBelowWriteBufferLowWatermark(): void {
    this.#active?.belowLowWatermark();
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
    return this.#active?.readDisabled === true;
  }

  onMessageBegin(): CodecError | undefined {
    return this.#active?.requestStarted === true ? undefined : http1Errors.unsolicited;
  }

  onHead(scanner: HeadScanner, text: string): CodecError | undefined {
    const stream = this.#active!;
    const head = this.#head;
    const error = head.read(scanner, text, stream.headRequest);
    if (error !== undefined) return error;
    stream.bytesMeter.headerBytesReceived += text.length;
    if (head.status < 200) return this.#interim(stream, head);
    if (stream.isConnect && head.status < 300) return this.#switchProtocols(stream, head);
    if (!head.keepAlive) this.#closing = true;
    this.#parser.expectBody(head.body, head.contentLength);
    const endStream = head.body === BodyKind.None;
    stream.decoder.decodeHeaders(head.headers, endStream);
    if (endStream) this.onMessageComplete();
    return undefined;
  }

  onBody(data: DataBuffer, endStream: boolean): void {
    this.#active?.decoder.decodeData(data, endStream);
  }

  onTrailers(trailers: TrailerMap): void {
    this.#active?.decoder.decodeTrailers(trailers);
  }

  onMessageComplete(): void {
    const stream = this.#active;
    if (stream === undefined) return;
    this.#active = undefined;
    if (!stream.requestComplete || (this.#input?.length ?? 0) > 0) this.#closing = true;
    stream.end();
    this.#callbacks.onIdle();
  }

  onBytes(bytes: number): void {
    if (this.#active !== undefined) this.#active.bytesMeter.wireBytesReceived += bytes;
  }

  // ClientStreamOwner

  closeAfterResponse(): void {
    this.#closing = true;
  }

  onStreamReset(stream: ClientStream, reason: StreamResetReason, details: string): void {
    if (stream !== this.#active) return;
    this.#active = undefined;
    this.#closing = true;
    this.#parser.discard();
    stream.endByReset(reason, details);
    this.#connection.close(ConnectionCloseType.NoFlush);
  }

  /** What follows is the other protocol, until one side closes. */
  #switchProtocols(stream: ClientStream, head: ResponseHead): CodecError | undefined {
    if (!stream.upgrade) return http1Errors.switchingProtocols;
    this.#closing = true;
    this.#parser.expectBody(BodyKind.UntilClose, 0);
    stream.decoder.decodeHeaders(head.headers, false);
    return undefined;
  }

  #interim(stream: ClientStream, head: ResponseHead): CodecError | undefined {
    if (head.status === 101) return this.#switchProtocols(stream, head);
    stream.interim += 1;
    if (stream.interim > mostInterim) return http1Errors.tooManyInterim;
    stream.decoder.decode1xxHeaders(head.headers);
    return undefined;
  }
}
