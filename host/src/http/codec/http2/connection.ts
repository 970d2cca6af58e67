import { OwnedBuffer } from "../../../common/data-buffer.ts";
import type { Timer } from "../../../contracts/event.ts";
import {
  StreamResetReason,
  type CodecConnection,
  type CodecError,
  type Http2Settings,
} from "../../../contracts/http/codec.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import { ControlFrames, type HeaderBlock } from "./control-frames.ts";
import {
  Http2Details,
  compressionError,
  flowControlError,
  messageError,
  protocolError,
  streamClosedError,
  type Http2Error,
} from "./errors.ts";
import { tooManyHeaders, underscore, type FieldBlock } from "./field-block.ts";
import { ErrorCode, FrameFlag, frameHeaderBytes } from "./frame.ts";
import { reasonOf } from "./reset-code.ts";
import type { Http2CodecStats } from "./stats.ts";
import { StreamTable } from "./stream-table.ts";
import type { Http2Stream, Http2StreamOwner } from "./stream.ts";

/** So many streams that we have reset are remembered: frames that were on their way to them are ignored. */
const resetsRemembered = 1024;

const endlessTrailers = messageError(
  Http2Details.MessagingViolation,
  "trailers that do not end the stream",
);
const lengthMismatch = messageError(
  Http2Details.ContentLength,
  "body and Content-Length do not agree",
);

/**
 * What both ends of an HTTP/2 connection share (RFC 9113): the streams, their messages and flow control, and how
 * they end.
 */
export abstract class Http2Connection<Stream extends Http2Stream>
  extends ControlFrames
  implements CodecConnection, Http2StreamOwner
{
  readonly protocol = "HTTP/2";
  aboveHighWatermark: boolean;
  protected readonly streams = new StreamTable<Stream>();
  /** The highest id of a stream that the peer (server side) or we (client side) began. */
  protected lastStreamId = 0;
  protected abstract readonly block: FieldBlock;
  readonly #buffer = new OwnedBuffer();
  readonly #resetByUs = new Set<number>();
  /** Of the DATA frame that is being read. */
  #dataStream: Stream | undefined = undefined;
  #dataEnds = false;
  #dataPadding = 0;

  constructor(connection: Connection, settings: Http2Settings, stats: Http2CodecStats) {
    super(connection, settings, stats);
    this.aboveHighWatermark = connection.aboveHighWatermark;
  }

  get streamWindow(): number {
    return this.settings.initialStreamWindowSize;
  }

  // The codec.

  /** A peer that has closed its side expects nothing more; the owner ends the connection. */
  onEndOfInput(): CodecError | undefined {
    return undefined;
  }

  abstract shutdownNotice(): void;
  abstract goAway(): void;

  onUnderlyingConnectionAboveWriteBufferHighWatermark(): void {
    this.aboveHighWatermark = true;
    for (const stream of this.streams.all()) stream.aboveHighWatermark();
  }

  onUnderlyingConnectionBelowWriteBufferLowWatermark(): void {
    this.aboveHighWatermark = false;
    for (const stream of this.streams.all()) stream.belowLowWatermark();
  }

  onConnectionClosed(reason: StreamResetReason, details: string): void {
    this.error ??= protocolError("connection closed");
    this.keepalive?.stop();
    this.send.close();
    const open = this.streams.all();
    this.streams.clear();
    for (let i = 0; i < open.length; i += 1) {
      this.stats.streamsActive.dec();
      open[i]!.stopFlushTimer();
      open[i]!.endByReset(reason, details);
    }
  }

  // HEADERS.

  /** A header block is complete. It is decoded in any case: the tables of both sides must stay the same. */
  protected override onBlock(block: HeaderBlock): Http2Error | undefined {
    const { streamId, endStream } = block;
    const stream = this.streams.get(streamId);
    const isTrailers = stream !== undefined && this.expectsTrailers(stream);
    this.block.begin(isTrailers);
    const problem = this.hpack.decode(block.bytes, block.start, block.end, this.block);
    if (problem !== "") return compressionError(problem);
    if (stream === undefined) return this.onNewHead(streamId, endStream, block.length);
    stream.bytesMeter.headerBytesReceived += block.length + frameHeaderBytes;
    stream.bytesMeter.wireBytesReceived += block.length + frameHeaderBytes;
    if (stream.remoteEnded) return this.#onClosedStream(streamId, true);
    if (!isTrailers) return this.onHead(stream, endStream);
    if (!endStream) return this.refuseMessage(stream, endlessTrailers);
    if (this.block.error !== undefined) return this.refuseFields(stream, this.block.error);
    if (stream.bodyToReceive > 0) return this.refuseMessage(stream, lengthMismatch);
    this.stats.trailers.inc();
    stream.remoteEnded = true;
    if (!stream.ended) stream.receiveTrailers(this.block.headers);
    this.settle(stream);
    return undefined;
  }

  /** True when a head has been received of the stream already. */
  protected abstract expectsTrailers(stream: Stream): boolean;
  /** A block for a stream that is not open. */
  protected abstract onNewHead(
    streamId: number,
    endStream: boolean,
    bytes: number,
  ): Http2Error | undefined;
  /** A block for an open stream, which is no trailers. */
  protected abstract onHead(stream: Stream, endStream: boolean): Http2Error | undefined;
  /** True when the stream has not been begun by anybody. */
  protected abstract isIdle(streamId: number): boolean;

  /** What came for a stream that is over. `hard`: nobody who had kept to the protocol could have sent it. */
  #onClosedStream(streamId: number, hard: boolean): Http2Error | undefined {
    if (this.isIdle(streamId)) return protocolError("frame for a stream that was not begun");
    if (this.#resetByUs.has(streamId)) return undefined;
    if (hard) return streamClosedError("HEADERS for a stream that has ended");
    this.send.writer.resetStream(streamId, ErrorCode.StreamClosed);
    return undefined;
  }

  protected onLateHead(streamId: number): Http2Error | undefined {
    return this.#onClosedStream(streamId, true);
  }

  /** A message that makes no sense ends its stream, or (by default) the connection. */
  protected refuseMessage(stream: Stream, error: Http2Error): Http2Error | undefined {
    this.stats.rxMessagingError.inc();
    stream.responseDetails = error.details;
    if (
      !this.settings.streamErrorOnInvalidHttpMessage &&
      error.details !== Http2Details.ContentLength
    ) {
      return error;
    }
    this.resetWith(stream, ErrorCode.ProtocolError, StreamResetReason.ProtocolError);
    return undefined;
  }

  /** Fields that configuration does not allow, though they make sense, end their stream only. */
  protected refuseFields(stream: Stream, error: Http2Error): Http2Error | undefined {
    if (error !== tooManyHeaders && error !== underscore) return this.refuseMessage(stream, error);
    stream.responseDetails = error.details;
    this.resetWith(stream, ErrorCode.InternalError, this.refusedFieldsReason);
    return undefined;
  }

  /** What the users of such a stream are told. */
  protected abstract readonly refusedFieldsReason: StreamResetReason;

  // DATA.

  override onDataBegin(flags: number, streamId: number, length: number): Http2Error | undefined {
    const stream = this.streams.get(streamId);
    this.#dataStream = undefined;
    this.#dataEnds = (flags & FrameFlag.EndStream) !== 0;
    this.#dataPadding = length;
    if (!this.window.take(length)) return flowControlError("connection window exceeded");
    if (stream === undefined || stream.remoteEnded) return this.#onClosedStream(streamId, false);
    stream.bytesMeter.wireBytesReceived += length + frameHeaderBytes;
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) {
      this.resetWith(stream, ErrorCode.FlowControlError, StreamResetReason.ProtocolError);
      return undefined;
    }
    if (!this.expectsTrailers(stream)) return protocolError("DATA before a head");
    this.#dataStream = stream;
    return undefined;
  }

  override onDataPiece(piece: Buffer, last: boolean): void {
    const stream = this.#dataStream;
    this.#dataPadding -= piece.length;
    const endStream = last && this.#dataEnds;
    if (stream === undefined || stream.ended) {
      // Nobody will consume it; a stream that is still there for its answer takes it in silence.
      this.window.give(piece.length + (last ? this.#dataPadding : 0));
      if (stream !== undefined && endStream) this.endSilently(stream);
      return;
    }
    if (stream.bodyToReceive >= 0 && !this.#keepsPromise(stream, piece.length, endStream)) return;
    if (last && this.#dataPadding > 0) this.credit(stream, this.#dataPadding);
    if (endStream) stream.remoteEnded = true;
    if (piece.length > 0 || endStream) stream.receive(piece, endStream, this.#buffer);
    if (endStream) this.settle(stream);
  }

  /** Holds a body against its `content-length` (RFC 9113 section 8.1.1); false: the stream is over. */
  #keepsPromise(stream: Stream, bytes: number, endStream: boolean): boolean {
    stream.bodyToReceive -= bytes;
    if (stream.bodyToReceive >= 0 && !(endStream && stream.bodyToReceive > 0)) return true;
    this.window.give(bytes + this.#dataPadding);
    this.#dataPadding = 0;
    this.#dataStream = undefined;
    const error = this.refuseMessage(stream, lengthMismatch);
    if (error !== undefined) this.fail(error);
    return false;
  }

  /** The end of a message that nobody reads any more. */
  protected endSilently(stream: Stream): void {
    if (stream.remoteEnded) return;
    stream.remoteEnded = true;
    this.settle(stream);
  }

  credit(stream: Http2Stream, bytes: number): void {
    if (bytes === 0) return;
    this.window.give(bytes);
    if (!stream.remoteEnded && !stream.ended) this.window.giveStream(stream, bytes);
  }

  deliverHeld(stream: Http2Stream): void {
    this.connection.dispatcher.post(() => stream.deliverHeld());
  }

  // Frames about streams.

  protected override onWindowUpdate(streamId: number, bytes: number): Http2Error | undefined {
    if (streamId === 0) {
      if (bytes === 0) return protocolError("WINDOW_UPDATE of 0");
      return this.send.openWindow(bytes) ? undefined : flowControlError("window above 2^31-1");
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      return this.isIdle(streamId)
        ? protocolError("WINDOW_UPDATE for a stream that was not begun")
        : undefined;
    }
    if (bytes === 0) {
      this.resetWith(stream, ErrorCode.ProtocolError, StreamResetReason.ProtocolError);
    } else if (!this.send.openStreamWindow(stream, bytes)) {
      this.resetWith(stream, ErrorCode.FlowControlError, StreamResetReason.ProtocolError);
    }
    return undefined;
  }

  protected override onRstStream(streamId: number, code: number): Http2Error | undefined {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      return this.isIdle(streamId)
        ? protocolError("RST_STREAM for a stream that was not begun")
        : undefined;
    }
    this.stats.rxReset.inc();
    const refused = code === ErrorCode.RefusedStream;
    stream.responseDetails = refused ? Http2Details.RemoteRefused : Http2Details.RemoteReset;
    this.endByPeer(stream, reasonOf(code));
    return undefined;
  }

  // Streams.

  protected override openStreams(): Iterable<Stream> {
    return this.streams.all();
  }

  createTimer(callback: () => void): Timer {
    return this.connection.dispatcher.createTimer(callback);
  }

  protected open(stream: Stream): void {
    this.streams.add(stream);
    this.send.begin(stream);
    this.floods.openedStreams += 1;
    this.stats.streamsActive.inc();
  }

  override onLocalClosed(stream: Http2Stream): void {
    this.settle(stream as Stream);
  }

  /** Removes a stream that is over in both directions. */
  protected settle(stream: Stream): void {
    if (!stream.localClosed) return;
    if (stream.remoteEnded) {
      if (this.streams.get(stream.id) !== stream) return;
      this.remove(stream);
      // What it still holds back for its reader, it hands on by itself.
      if (!stream.holdsSomething) stream.end();
      this.onStreamDone(undefined);
    } else if (stream.resetWhenSent) {
      this.#writeReset(stream, ErrorCode.NoError);
      this.remove(stream);
      this.onStreamDone(undefined);
    }
  }

  /** A stream is over, perhaps by a reset. */
  protected onStreamDone(_reset: StreamResetReason | undefined): void {
    // Clients count.
  }

  protected remove(stream: Stream): void {
    if (!this.streams.delete(stream)) return;
    this.send.forget(stream);
    this.stats.streamsActive.dec();
  }

  /** The stream is over in both directions, by a reset. */
  protected endByPeer(stream: Stream, reason: StreamResetReason): void {
    this.remove(stream);
    this.#endByReset(stream, reason);
    this.onStreamDone(reason);
  }

  /** What nobody will read any more is credited. */
  #endByReset(stream: Stream, reason: StreamResetReason): void {
    if (stream.heldBytes > 0) this.window.give(stream.heldBytes);
    stream.endByReset(reason, this.resetDetails(stream, reason));
  }

  /** What the stream's users are told beside the reason. */
  protected abstract resetDetails(stream: Stream, reason: StreamResetReason): string;

  /** Ends a stream because of what the peer did. */
  protected resetWith(stream: Stream, code: ErrorCode, reason: StreamResetReason): void {
    this.#writeReset(stream, code);
    this.endByPeer(stream, reason);
  }

  resetFromHere(stream: Http2Stream, reason: StreamResetReason): void {
    const own = stream as Stream;
    if (this.streams.get(own.id) !== own) {
      this.#endByReset(own, reason);
      return;
    }
    if (own.resetWhenSent) return;
    const answered = own.localEnded && !own.remoteEnded && this.sendsAllBeforeReset;
    if (answered && reason === StreamResetReason.LocalReset) {
      // Our half is complete, and the peer is to get all of it; only then its own half is cut.
      own.resetWhenSent = true;
      this.#endByReset(own, reason);
      this.settle(own);
      return;
    }
    this.resetWith(own, this.codeOf(reason), reason);
  }

  /** A reset from here waits until what was encoded of a complete message is sent. */
  protected abstract readonly sendsAllBeforeReset: boolean;
  /** What RST_STREAM says of a reset from this side. */
  protected abstract codeOf(reason: StreamResetReason): ErrorCode;

  onFlushTimeout(stream: Http2Stream): void {
    this.stats.txFlushTimeout.inc();
    this.resetWith(stream as Stream, ErrorCode.Cancel, StreamResetReason.LocalReset);
  }

  #writeReset(stream: Stream, code: ErrorCode): void {
    this.stats.txReset.inc();
    this.send.writer.resetStream(stream.id, code);
    this.rememberReset(stream.id);
  }

  protected rememberReset(streamId: number): void {
    this.#resetByUs.add(streamId);
    if (this.#resetByUs.size <= resetsRemembered) return;
    for (const oldest of this.#resetByUs) {
      this.#resetByUs.delete(oldest);
      break;
    }
  }
}
