import type { Timer } from "../../../contracts/event.ts";
import { StreamResetReason, type Http2Settings } from "../../../contracts/http/codec.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import { ControlFrames } from "./control-frames.ts";
import { protocolError, streamClosedError, type Http2Error } from "./errors.ts";
import { ErrorCode } from "./frame.ts";
import type { Http2CodecStats } from "./stats.ts";
import { StreamTable } from "./stream-table.ts";
import type { Http2Stream } from "./stream.ts";

/** So many streams that we have reset are remembered: frames that were on their way to them are ignored. */
const resetsRemembered = 1024;

/** The streams of a connection: how they begin, and how they end. */
export abstract class Http2Streams<Stream extends Http2Stream> extends ControlFrames {
  aboveHighWatermark: boolean;
  protected readonly streams = new StreamTable<Stream>();
  /** The highest id of a stream that the peer (server side) or we (client side) began. */
  protected lastStreamId = 0;
  /** Of what has come of the METADATA of open streams, which no window holds back. */
  protected metadataCost = 0;
  readonly #resetByUs = new Set<number>();

  constructor(connection: Connection, settings: Http2Settings, stats: Http2CodecStats) {
    super(connection, settings, stats);
    this.aboveHighWatermark = connection.aboveHighWatermark;
  }

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

  /** True when the stream has not been begun by anybody. */
  protected abstract isIdle(streamId: number): boolean;

  /** What came for a stream that is over. `hard`: nobody who had kept to the protocol could have sent it. */
  protected onClosedStream(streamId: number, hard: boolean): Http2Error | undefined {
    if (this.isIdle(streamId)) return protocolError("frame for a stream that was not begun");
    if (this.#resetByUs.has(streamId)) return undefined;
    if (hard) return streamClosedError("HEADERS for a stream that has ended");
    this.send.writer.resetStream(streamId, ErrorCode.StreamClosed);
    return undefined;
  }

  protected onLateHead(streamId: number): Http2Error | undefined {
    return this.onClosedStream(streamId, true);
  }

  /** The end of a message that nobody reads any more. */
  protected endSilently(stream: Stream): void {
    if (stream.remoteEnded) return;
    stream.remoteEnded = true;
    this.settle(stream);
  }

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
    if (stream.metadata !== undefined) this.metadataCost -= stream.metadata.cost;
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
