import { SlotList } from "../../../common/slot-list.ts";
import {
  StreamResetReason,
  type ClientConnectionCodec,
  type Http2Settings,
  type RequestEncoder,
  type ResponseDecoder,
} from "../../../contracts/http/codec.ts";
import { ConnectionCloseType, type Connection } from "../../../contracts/network/connection.ts";
import { ClientStream, type ClientStreamOwner } from "./client-stream.ts";
import { Http2Connection } from "./connection.ts";
import { Http2Details, protocolError, type Http2Error } from "./errors.ts";
import { ErrorCode, clientPreface, streamIdMost } from "./frame.ts";
import { resetCode } from "./reset-code.ts";
import { ResponseBlock } from "./response-block.ts";
import type { Http2CodecStats } from "./stats.ts";

/** A server that sends nothing but 1xx would hold a request without ever answering it. */
const mostInterim = 128;

/** What the owner of a client connection (the pool) is told. */
export interface Http2ClientCallbacks {
  /** A stream that was made here is over, by itself or by a reset; whoever used it has been told. */
  onStreamDone(reset: StreamResetReason | undefined): void;
  /** The server takes no more streams. */
  onGoAway(): void;
  /** The server's settings have come: it may take more streams, or fewer, than before. */
  onPeerSettings(): void;
}

/** HTTP/2 towards an upstream host: as many requests at a time as it allows. */
export class Http2ClientConnection
  extends Http2Connection<ClientStream>
  implements ClientConnectionCodec, ClientStreamOwner
{
  protected readonly block: ResponseBlock;
  readonly #callbacks: Http2ClientCallbacks;
  /** Streams that have been handed out and have no number yet. */
  readonly #unnumbered = new SlotList<ClientStream>();
  #goingAway = false;

  constructor(
    connection: Connection,
    settings: Http2Settings,
    stats: Http2CodecStats,
    callbacks: Http2ClientCallbacks,
  ) {
    super(connection, settings, stats);
    this.#callbacks = callbacks;
    this.block = new ResponseBlock(settings, stats);
    this.send.writer.text(clientPreface);
    this.sendSettings(true);
  }

  get closing(): boolean {
    return this.error !== undefined || this.#goingAway || this.lastStreamId >= streamIdMost - 2;
  }

  get activeStreams(): number {
    return this.streams.size + this.#unnumbered.size;
  }

  /** Streams that may be open at a time, by the server's word and ours. */
  get concurrentStreamsMost(): number {
    return Math.min(this.peer.maxConcurrentStreams, this.settings.maxConcurrentStreams);
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    if (this.closing) throw new Error("the connection takes no more streams");
    this.keepalive?.beforeStream();
    const stream = new ClientStream(this, decoder);
    stream.place = this.#unnumbered.add(stream);
    return stream;
  }

  beginStream(stream: ClientStream): void {
    this.#number(stream);
    this.lastStreamId = this.lastStreamId === 0 ? 1 : this.lastStreamId + 2;
    stream.id = this.lastStreamId;
    this.open(stream);
  }

  /** It is no longer one of those without a number. */
  #number(stream: ClientStream): void {
    this.#unnumbered.remove(stream.place);
    stream.place = -1;
  }

  override resetFromHere(stream: ClientStream, reason: StreamResetReason): void {
    if (stream.place < 0) {
      super.resetFromHere(stream, reason);
      return;
    }
    this.#number(stream);
    stream.endByReset(reason, stream.responseDetails);
    this.#callbacks.onStreamDone(reason);
  }

  // The end of the connection.

  override shutdownNotice(): void {
    this.#goingAway = true;
  }

  override goAway(): void {
    if (this.#goingAway) return;
    this.#goingAway = true;
    this.sendGoAway(0, ErrorCode.NoError);
  }

  override onConnectionClosed(reason: StreamResetReason, details: string): void {
    super.onConnectionClosed(reason, details);
    for (const stream of this.#unnumbered.all()) {
      this.#number(stream);
      stream.endByReset(reason, details);
    }
  }

  protected override get lastPeerStreamId(): number {
    // Servers begin no streams: push is switched off.
    return 0;
  }

  /** Streams that the server has not looked at can be tried elsewhere. */
  protected override onGoAway(lastStreamId: number): Http2Error | undefined {
    this.#goingAway = true;
    const open = this.streams.all();
    for (const stream of open) {
      if (stream.id <= lastStreamId) continue;
      stream.responseDetails = Http2Details.RemoteRefused;
      this.endByPeer(stream, StreamResetReason.RemoteRefusedStreamReset);
    }
    this.#callbacks.onGoAway();
    return undefined;
  }

  protected override onDeadPeer(): void {
    this.connection.close(ConnectionCloseType.NoFlush, "http2_ping_timeout");
  }

  protected override onPeerSettings(): void {
    this.#callbacks.onPeerSettings();
  }

  // Streams.

  protected override readonly sendsAllBeforeReset = false;
  /** As if the server had reset it, which it would have to do. */
  protected override readonly refusedFieldsReason = StreamResetReason.RemoteReset;

  protected override onStreamDone(reset: StreamResetReason | undefined): void {
    this.#callbacks.onStreamDone(reset);
  }

  protected override isIdle(streamId: number): boolean {
    return streamId > this.lastStreamId || (streamId & 1) === 0;
  }

  protected override expectsTrailers(stream: ClientStream): boolean {
    return stream.headReceived;
  }

  protected override onNewHead(streamId: number): Http2Error | undefined {
    return this.onLateHead(streamId);
  }

  protected override onHead(stream: ClientStream, endStream: boolean): Http2Error | undefined {
    const block = this.block;
    const error = block.finish();
    if (error !== undefined) return this.refuseFields(stream, error);
    if (block.status < 200) return this.#interim(stream, endStream);
    stream.headReceived = true;
    stream.remoteEnded = endStream;
    const bodiless = stream.headRequest || block.status === 204 || block.status === 304;
    // Content behind a head that can have none is a body that is too long (RFC 9110 section 6.4.1).
    stream.bodyToReceive = bodiless ? 0 : block.contentLength;
    if (endStream && stream.bodyToReceive > 0) {
      return this.refuseMessage(stream, protocolError("response without the promised body"));
    }
    stream.decodeHead(block.headers, endStream);
    if (endStream) this.settle(stream);
    return undefined;
  }

  #interim(stream: ClientStream, endStream: boolean): Http2Error | undefined {
    if (endStream) return this.refuseMessage(stream, protocolError("1xx response that ends"));
    stream.interim += 1;
    if (stream.interim > mostInterim) {
      return this.refuseMessage(stream, protocolError("too many 1xx responses to one request"));
    }
    stream.decoder.decode1xxHeaders(this.block.headers);
    return undefined;
  }

  /** A reset of the server says all by itself. */
  protected override resetDetails(stream: ClientStream, reason: StreamResetReason): string {
    return reason === StreamResetReason.LocalReset ? stream.responseDetails : "";
  }

  protected override codeOf(reason: StreamResetReason): ErrorCode {
    return resetCode(reason, ErrorCode.Cancel);
  }
}
