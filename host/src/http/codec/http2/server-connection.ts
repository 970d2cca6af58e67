import type { DataBuffer } from "../../../contracts/buffer.ts";
import {
  StreamResetReason,
  type CodecError,
  type Http2Settings,
  type ServerConnection,
  type ServerConnectionCallbacks,
} from "../../../contracts/http/codec.ts";
import { ConnectionCloseType, type Connection } from "../../../contracts/network/connection.ts";
import { Http2Connection } from "./connection.ts";
import { Http2Details, protocolError, type Http2Error } from "./errors.ts";
import { ErrorCode, clientPreface, frameHeaderBytes, streamIdMost } from "./frame.ts";
import { RequestBlock } from "./request-block.ts";
import { resetCode } from "./reset-code.ts";
import { ServerStream } from "./server-stream.ts";
import type { Http2CodecStats } from "./stats.ts";

const preface = Buffer.from(clientPreface, "latin1");

/** HTTP/2 towards a client. Requests are decoded as they come, however many streams are open. */
export class Http2ServerConnection
  extends Http2Connection<ServerStream>
  implements ServerConnection
{
  readonly multiplexes = true;
  protected readonly block: RequestBlock;
  protected readonly sendsAllBeforeReset = true;
  readonly #callbacks: ServerConnectionCallbacks;
  /** Bytes of the client's preface that have been seen. */
  #prefaceSeen = 0;
  #noticeSent = false;
  /** Streams above this one are not served; `Infinity`: no final GOAWAY was sent. */
  #lastServed = Infinity;
  #onDrained: (() => void) | undefined = undefined;

  constructor(
    connection: Connection,
    callbacks: ServerConnectionCallbacks,
    settings: Http2Settings,
    stats: Http2CodecStats,
  ) {
    super(connection, settings, stats);
    this.#callbacks = callbacks;
    this.block = new RequestBlock(settings, stats);
    this.sendSettings(false);
  }

  get closing(): boolean {
    return this.error !== undefined || this.#lastServed !== Infinity;
  }

  override dispatch(data: DataBuffer): CodecError | undefined {
    if (this.#prefaceSeen < preface.length) {
      const error = this.#readPreface(data);
      if (error !== undefined) return this.fail(error);
    }
    return data.length > 0 ? super.dispatch(data) : this.error;
  }

  #readPreface(data: DataBuffer): Http2Error | undefined {
    const length = Math.min(preface.length - this.#prefaceSeen, data.length);
    const part = data.slice(0, length);
    const seen = this.#prefaceSeen;
    if (part.compare(preface, seen, seen + length) !== 0) return protocolError("bad preface");
    this.#prefaceSeen += length;
    data.drain(length);
    return undefined;
  }

  // The end of the connection.

  override shutdownNotice(): void {
    if (this.#noticeSent || this.closing) return;
    this.#noticeSent = true;
    this.sendGoAway(streamIdMost, ErrorCode.NoError);
  }

  /**
   * Finds out when every request is here that the client sent before it read the notice: `onDrained` is called
   * when the answer to a PING behind it has come.
   */
  drain(onDrained: () => void): void {
    this.shutdownNotice();
    this.#onDrained = onDrained;
    this.sendDrainPing();
  }

  override goAway(): void {
    if (this.closing) return;
    this.#lastServed = this.lastStreamId;
    this.sendGoAway(this.lastStreamId, ErrorCode.NoError);
  }

  protected override onDrainPingAck(): void {
    const onDrained = this.#onDrained;
    this.#onDrained = undefined;
    onDrained?.();
  }

  protected override get lastPeerStreamId(): number {
    return this.lastStreamId;
  }

  protected override onGoAway(): Http2Error | undefined {
    // We begin no streams: there is nothing to give up.
    return undefined;
  }

  protected override onDeadPeer(): void {
    this.connection.close(ConnectionCloseType.NoFlush, "http2_ping_timeout");
  }

  // Streams.

  protected override isIdle(streamId: number): boolean {
    return streamId > this.lastStreamId || (streamId & 1) === 0;
  }

  protected override expectsTrailers(stream: ServerStream): boolean {
    return stream.headReceived;
  }

  /** The stream begins, so that its timeouts do. What is wrong with it is said when the block is complete. */
  protected override onBlockBegun(streamId: number): void {
    const isNext = (streamId & 1) === 1 && streamId > this.lastStreamId;
    if (isNext && streamId <= this.#lastServed && !this.#full) this.#begin(streamId);
  }

  get #full(): boolean {
    return this.streams.size >= this.settings.maxConcurrentStreams;
  }

  protected override onNewHead(
    streamId: number,
    endStream: boolean,
    bytes: number,
  ): Http2Error | undefined {
    if ((streamId & 1) === 0) return protocolError("a client's stream has an even number");
    if (streamId <= this.lastStreamId) return this.onLateHead(streamId);
    if (streamId > this.#lastServed) {
      this.lastStreamId = streamId;
      return undefined;
    }
    if (this.#full) {
      this.lastStreamId = streamId;
      this.stats.streamRefusedErrors.inc();
      this.rememberReset(streamId);
      this.send.writer.resetStream(streamId, ErrorCode.RefusedStream);
      return this.send.frames.check();
    }
    const stream = this.#begin(streamId);
    stream.bytesMeter.headerBytesReceived = bytes + frameHeaderBytes;
    stream.bytesMeter.wireBytesReceived = bytes + frameHeaderBytes;
    return this.onHead(stream, endStream);
  }

  #begin(streamId: number): ServerStream {
    this.lastStreamId = streamId;
    const stream = new ServerStream(this);
    stream.id = streamId;
    this.open(stream);
    stream.decoder = this.#callbacks.newStream(stream);
    return stream;
  }

  protected override onHead(stream: ServerStream, endStream: boolean): Http2Error | undefined {
    stream.headReceived = true;
    if (stream.ended) {
      // It was answered before its head was complete.
      if (endStream) this.endSilently(stream);
      return undefined;
    }
    stream.remoteEnded = endStream;
    const error = this.block.finish();
    if (error !== undefined) return this.refuseFields(stream, error);
    if (this.stopped) return undefined;
    const { headers } = this.block;
    stream.bodyToReceive = this.block.contentLength;
    if (endStream && stream.bodyToReceive > 0) {
      stream.responseDetails = Http2Details.ContentLength;
      this.stats.rxMessagingError.inc();
      this.resetWith(stream, ErrorCode.ProtocolError, StreamResetReason.ProtocolError);
      return undefined;
    }
    stream.begin(headers);
    stream.decoder!.decodeHeaders(headers, endStream);
    return undefined;
  }

  protected override readonly refusedFieldsReason = StreamResetReason.LocalReset;

  protected override resetDetails(stream: ServerStream): string {
    return stream.responseDetails;
  }

  protected override codeOf(reason: StreamResetReason): ErrorCode {
    return resetCode(reason, ErrorCode.InternalError);
  }
}
