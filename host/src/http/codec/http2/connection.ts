import { OwnedBuffer } from "../../../common/data-buffer.ts";
import {
  StreamResetReason,
  type CodecConnection,
  type CodecError,
} from "../../../contracts/http/codec.ts";
import type { MetadataMap } from "../../../contracts/http/metadata.ts";
import { ConnectionCloseType } from "../../../contracts/network/connection.ts";
import type { HeaderBlock } from "./control-frames.ts";
import {
  Http2Details,
  compressionError,
  floodErrors,
  flowControlError,
  messageError,
  protocolError,
  type Http2Error,
} from "./errors.ts";
import { tooManyHeaders, underscore, type FieldBlock } from "./field-block.ts";
import { ErrorCode, FrameFlag, frameHeaderBytes } from "./frame.ts";
import type { Payload } from "./frame-reader.ts";
import { MetadataBlock } from "./metadata-block.ts";
import { reasonOf } from "./reset-code.ts";
import type { Http2Stream, Http2StreamOwner } from "./stream.ts";
import { Http2Streams } from "./streams.ts";

const endlessTrailers = messageError(
  Http2Details.MessagingViolation,
  "trailers that do not end the stream",
);
const lengthMismatch = messageError(
  Http2Details.ContentLength,
  "body and Content-Length do not agree",
);

/** What both ends of an HTTP/2 connection share (RFC 9113): the messages of its streams, and their flow control. */
export abstract class Http2Connection<Stream extends Http2Stream>
  extends Http2Streams<Stream>
  implements CodecConnection, Http2StreamOwner
{
  readonly protocol = "HTTP/2";
  protected abstract readonly block: FieldBlock;
  readonly #buffer = new OwnedBuffer();
  /** Of the DATA frame that is being read. */
  #dataStream: Stream | undefined = undefined;
  #dataEnds = false;
  #dataPadding = 0;

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
    if (stream.remoteEnded) return this.onClosedStream(streamId, true);
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
    if (stream === undefined || stream.remoteEnded) return this.onClosedStream(streamId, false);
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

  // METADATA.

  /** What is not behind a head and before an end is passed over, as Envoy does it. */
  protected override onMetadata(
    flags: number,
    streamId: number,
    payload: Payload,
  ): Http2Error | undefined {
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.remoteEnded || stream.ended) return undefined;
    stream.bytesMeter.wireBytesReceived += payload.length + frameHeaderBytes;
    const block = (stream.metadata ??= new MetadataBlock(this.settings.maxMetadataBytes));
    const before = block.cost;
    const error = block.add(payload);
    // With any other flag the frame is not the last one.
    const metadata = error ?? (flags === FrameFlag.EndMetadata ? block.take() : undefined);
    this.metadataCost += block.cost - before;
    if (this.metadataCost > this.settings.initialConnectionWindowSize) return floodErrors.metadata;
    if (metadata === undefined) return undefined;
    if (!(metadata instanceof Map)) return metadata;
    if (metadata.size === 0) this.stats.metadataEmptyFrames.inc();
    else stream.receiveMetadata(metadata);
    return undefined;
  }

  sendMetadata(stream: Http2Stream, metadata: MetadataMap): void {
    if (!this.settings.allowMetadata || this.error !== undefined) return;
    this.send.metadata(stream, metadata);
    // No window holds it back: a peer that does not read must not have us keep it without end.
    const error = this.send.frames.check();
    if (error === undefined) return;
    this.fail(error);
    this.connection.dispatcher.post(() =>
      this.connection.close(ConnectionCloseType.NoFlush, error.details),
    );
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
}
