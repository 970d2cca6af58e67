import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { CodecError, Http2Settings } from "../../../contracts/http/codec.ts";
import { ConnectionState, type Connection } from "../../../contracts/network/connection.ts";
import { flowControlError, protocolError, type Http2Error } from "./errors.ts";
import { FrameFlag, FrameType, type ErrorCode } from "./frame.ts";
import { FrameChecks } from "./frame-checks.ts";
import { FrameReader, type FrameSink, type Payload } from "./frame-reader.ts";
import { HeaderFragments } from "./header-fragments.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import { InboundFloods } from "./inbound-floods.ts";
import { Keepalive } from "./keepalive.ts";
import { PeerSettings, ownSettings } from "./peer-settings.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { SendSide } from "./send-side.ts";
import type { Http2CodecStats } from "./stats.ts";
import type { Http2Stream } from "./stream.ts";

/** First byte of a PING's payload: what we asked with it. */
const PingKind = { Keepalive: 1, Drain: 2 } as const;

/** Where a header block stands. One object for all blocks of a connection. */
export class HeaderBlock {
  streamId = 0;
  endStream = false;
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }
}

/**
 * The frames that are about the connection (SETTINGS, PING, GOAWAY, PRIORITY), the way to a whole header block, and
 * the end of the connection. What is about streams is left to `Http2Connection`.
 */
export abstract class ControlFrames implements FrameSink {
  readonly connection: Connection;
  readonly settings: Http2Settings;
  readonly send: SendSide;
  protected readonly stats: Http2CodecStats;
  protected readonly floods: InboundFloods;
  protected readonly keepalive: Keepalive | undefined;
  protected readonly peer = new PeerSettings();
  protected readonly hpack: HpackDecoder;
  protected readonly window: ReceiveWindow;
  /** The connection is beyond use, and the peer was told. */
  protected error: Http2Error | undefined = undefined;
  readonly #reader: FrameReader;
  readonly #checks = new FrameChecks();
  readonly #fragments: HeaderFragments;
  readonly #block = new HeaderBlock();
  #pings = 0;

  constructor(connection: Connection, settings: Http2Settings, stats: Http2CodecStats) {
    this.connection = connection;
    this.settings = settings;
    this.stats = stats;
    this.send = new SendSide(connection, this, settings, stats);
    this.floods = new InboundFloods(settings, stats);
    this.hpack = new HpackDecoder(
      Math.max(settings.hpackTableSize, 4096),
      settings.maxHeaderFieldBytes,
    );
    this.window = new ReceiveWindow(settings, this.send.writer);
    this.#reader = new FrameReader(this);
    this.#fragments = new HeaderFragments(settings);
    const { keepalive } = settings;
    if (keepalive.intervalMs > 0 || keepalive.connectionIdleIntervalMs > 0) {
      this.keepalive = new Keepalive(keepalive, this, connection.dispatcher);
    }
  }

  get stopped(): boolean {
    return this.error !== undefined || this.connection.state > ConnectionState.Open;
  }

  dispatch(data: DataBuffer): CodecError | undefined {
    if (this.error !== undefined) {
      data.drain(data.length);
      return this.error;
    }
    this.keepalive?.onReceived();
    const error = this.#reader.read(data) ?? this.send.frames.check();
    return error === undefined ? this.error : this.fail(error);
  }

  /** Tells the peer and stops; the owner closes the connection. */
  protected fail(error: Http2Error): Http2Error {
    if (this.error !== undefined) return this.error;
    this.error = error;
    this.sendGoAway(this.lastPeerStreamId, error.errorCode);
    return error;
  }

  protected sendGoAway(lastStreamId: number, code: ErrorCode): void {
    this.stats.goawaySent.inc();
    this.send.writer.goAway(lastStreamId, code);
  }

  /** What a GOAWAY of ours names. */
  protected abstract readonly lastPeerStreamId: number;

  /** The settings, and a connection window beyond the default. */
  protected sendSettings(isClient: boolean): void {
    this.send.writer.settings(ownSettings(this.settings, isClient));
    this.window.open();
  }

  // Frames.

  onFrameHeader(
    type: number,
    flags: number,
    streamId: number,
    length: number,
  ): Http2Error | undefined {
    return (
      this.#checks.check(type, flags, streamId, length) ??
      this.floods.track(type, flags, length, this.send.dataFrames)
    );
  }

  onFrame(type: number, flags: number, streamId: number, payload: Payload): Http2Error | undefined {
    switch (type) {
      case FrameType.Headers:
        return this.#onHeaders(flags, streamId, payload);
      case FrameType.Continuation:
        return this.#onContinuation(flags, payload);
      case FrameType.WindowUpdate:
        return this.onWindowUpdate(streamId, payload.uint32(0) & 0x7fff_ffff);
      case FrameType.RstStream:
        return this.onRstStream(streamId, payload.uint32(0));
      case FrameType.Settings:
        return this.#onSettings(flags, payload);
      case FrameType.Ping:
        return this.#onPing(flags, payload);
      case FrameType.GoAway:
        return this.onGoAway(payload.uint32(0) & 0x7fff_ffff, payload.uint32(4));
      case FrameType.Priority:
        return this.#onPriority(streamId, payload);
      case FrameType.Metadata:
        return this.settings.allowMetadata ? this.onMetadata(flags, streamId, payload) : undefined;
      default:
        // Others are not known to us, and to be ignored (RFC 9113 section 5.5).
        return undefined;
    }
  }

  // For `Http2Connection`.

  abstract onDataBegin(flags: number, streamId: number, length: number): Http2Error | undefined;
  abstract onDataPiece(piece: Buffer, last: boolean): void;
  abstract onLocalClosed(stream: Http2Stream): void;
  protected abstract onBlock(block: HeaderBlock): Http2Error | undefined;
  /** Comes only when it is allowed. */
  protected abstract onMetadata(
    flags: number,
    streamId: number,
    payload: Payload,
  ): Http2Error | undefined;
  protected abstract onWindowUpdate(streamId: number, bytes: number): Http2Error | undefined;
  protected abstract onRstStream(streamId: number, code: number): Http2Error | undefined;
  protected abstract onGoAway(lastStreamId: number, code: number): Http2Error | undefined;
  protected abstract openStreams(): Iterable<Http2Stream>;
  /** The peer has not answered a keepalive PING. */
  protected abstract onDeadPeer(): void;

  /** The first part of a header block is here, and more is to follow. */
  protected onBlockBegun(_streamId: number): void {
    // Servers wait for the rest no longer than they are told to.
  }

  /** The peer's settings have changed. */
  protected onPeerSettings(): void {
    // A client counts its streams by them.
  }

  protected onDrainPingAck(): void {
    // Servers drain.
  }

  // HEADERS.

  #onHeaders(flags: number, streamId: number, payload: Payload): Http2Error | undefined {
    let start = payload.start;
    let end = payload.end;
    if ((flags & FrameFlag.Padded) !== 0) {
      end -= payload.bytes[start]!;
      start += 1;
    }
    let dependsOnItself = false;
    if ((flags & FrameFlag.Priority) !== 0) {
      if (end - start >= 5) {
        dependsOnItself = (payload.bytes.readUInt32BE(start) & 0x7fff_ffff) === streamId;
      }
      start += 5;
    }
    if (start > end) return protocolError("padding longer than its frame");
    if (dependsOnItself) return protocolError("stream that depends on itself");
    const endStream = (flags & FrameFlag.EndStream) !== 0;
    if ((flags & FrameFlag.EndHeaders) !== 0) {
      return this.#deliverBlock(streamId, endStream, payload.bytes, start, end);
    }
    const part = payload.bytes.subarray(start, end);
    const error = this.#fragments.begin(streamId, endStream, part);
    if (error === undefined) this.onBlockBegun(streamId);
    return error;
  }

  // oxlint-disable-next-line max-params -- where a block stands, without an object for each
  #deliverBlock(
    streamId: number,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): Http2Error | undefined {
    const block = this.#block;
    block.streamId = streamId;
    block.endStream = endStream;
    block.bytes = bytes;
    block.start = start;
    block.end = end;
    return this.onBlock(block);
  }

  #onContinuation(flags: number, payload: Payload): Http2Error | undefined {
    const fragments = this.#fragments;
    const error = fragments.add(payload.bytes.subarray(payload.start, payload.end));
    if (error !== undefined || (flags & FrameFlag.EndHeaders) === 0) return error;
    const block = fragments.take();
    return this.#deliverBlock(fragments.streamId, fragments.endStream, block, 0, block.length);
  }

  #onSettings(flags: number, payload: Payload): Http2Error | undefined {
    if ((flags & FrameFlag.Ack) !== 0) {
      this.hpack.allowTableSize(this.settings.hpackTableSize);
      return undefined;
    }
    const error = this.peer.read(payload);
    if (error !== undefined) return error;
    this.send.hpack.setPeerTableSize(this.peer.headerTableSize);
    this.send.setFrameMost(this.peer.maxFrameSize);
    // Before the data that larger windows let go.
    this.send.writer.settingsAck();
    if (!this.send.setInitialWindow(this.peer.initialWindowSize, this.openStreams())) {
      return flowControlError("window above 2^31-1");
    }
    this.onPeerSettings();
    return this.send.frames.check();
  }

  #onPing(flags: number, payload: Payload): Http2Error | undefined {
    if ((flags & FrameFlag.Ack) === 0) {
      this.send.writer.ping(payload.bytes, payload.start, true);
      return this.send.frames.check();
    }
    const kind = payload.bytes[payload.start]!;
    if (kind === PingKind.Keepalive) this.keepalive?.onAck();
    else if (kind === PingKind.Drain) this.onDrainPingAck();
    return undefined;
  }

  #onPriority(streamId: number, payload: Payload): Http2Error | undefined {
    const dependency = payload.uint32(0) & 0x7fff_ffff;
    return dependency === streamId ? protocolError("stream that depends on itself") : undefined;
  }

  protected sendPing(kind: number): void {
    const opaque = Buffer.alloc(8);
    this.#pings += 1;
    opaque[0] = kind;
    opaque.writeUInt32BE(this.#pings, 4);
    this.send.writer.ping(opaque, 0, false);
  }

  protected sendDrainPing(): void {
    this.sendPing(PingKind.Drain);
  }

  sendKeepalivePing(): void {
    this.sendPing(PingKind.Keepalive);
  }

  onKeepaliveTimeout(): void {
    this.stats.keepaliveTimeout.inc();
    this.onDeadPeer();
  }
}
