import { OwnedBuffer } from "../common/data-buffer.ts";
import { unreachable } from "../common/unreachable.ts";
import type { Address } from "../contracts/address.ts";
import type { DataBuffer } from "../contracts/buffer.ts";
import type { Dispatcher } from "../contracts/event.ts";
import {
  ConnectionCloseType,
  ConnectionEvent,
  ConnectionState,
  type ConnectionCallbacks,
  type ConnectionStats,
  type DetectedCloseType,
  type HeldBack,
} from "../contracts/network/connection.ts";
import type { ReadFilter, WriteFilter } from "../contracts/network/filter.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import { CallbackList } from "./callback-list.ts";
import type { ConnectionParameters } from "./connection-parameters.ts";
import { DelayedClose } from "./delayed-close.ts";
import { FilterManager, type FilterManagerConnection } from "./filter-manager.ts";
import { ReadBuffer } from "./read-buffer.ts";
import type { SocketIo, SocketSink } from "./socket-io.ts";
import { SocketWriter, type SocketWriterOwner } from "./socket-writer.ts";
import { StatsRecorder } from "./stats-recorder.ts";
import { writeScheduler, type Flushable } from "./write-scheduler.ts";

/** Bytes taken from the socket while reading is disabled, so that a FIN behind them is seen. */
const readAheadBytes = 16_384;

/**
 * With so many bytes to send a connection does not wait for the end of the turn. Less, and a reader on this machine
 * is woken for each piece: 16 KiB gives a sixth less throughput of 1 MB bodies.
 */
const hastenBytes = 131_072;

/**
 * A connection around a socket; `ClientConnectionImpl` adds connecting.
 *
 * Flow of a write: `write` → write filters → `rawWrite` → write buffer → (end of the turn) `flush` → socket.
 * Flow of a read: socket → `onSocketData` → read buffer → read filters.
 */
export class ConnectionImpl
  implements FilterManagerConnection, SocketSink, SocketWriterOwner, Flushable
{
  readonly id: number;
  readonly dispatcher: Dispatcher;
  readonly streamInfo: StreamInfo;
  localAddress: Address;
  readonly remoteAddress: Address;
  readonly directRemoteAddress: Address;
  readonly requestedApplicationProtocols: readonly string[];
  readonly requestedServerName: string;
  nextProtocol = "";
  readonly isTls: boolean = false;
  state: ConnectionState;
  detectedCloseType: DetectedCloseType = "normal";
  transportFailureReason = "";
  localCloseReason = "";
  readonly readBuffer: DataBuffer;
  protected readonly io: SocketIo;
  protected readonly callbacks = new CallbackList();
  /** Without half-close: a FIN ends the connection also while reading is disabled, whatever is before it. */
  protected detectsEarlyClose = true;
  readonly #filters: FilterManager;
  readonly #stats: StatsRecorder;
  readonly #writer: SocketWriter;
  #halfClose = false;
  #readDisableCount = 0;
  /** Reading was not stopped at the handle. */
  #reading = false;
  /** The read buffer rose above the limit and has not fallen to half of it. */
  #readBufferFull = false;
  #resumePosted = false;
  #dispatching = false;
  /** The peer's FIN was read, and (half-close only) shown to the filters. */
  #endRead = false;
  #endRaised = false;
  #dirty = false;
  /** Who has something to write before the next flush. */
  #heldBack: HeldBack | undefined = undefined;
  /** No more writes; FIN was handed over; FIN is out. */
  #endWritten = false;
  #finHandedOver = false;
  #finSent = false;
  #delayClose = false;
  readonly #delayedClose: DelayedClose;

  constructor(dispatcher: Dispatcher, io: SocketIo, parameters: ConnectionParameters) {
    this.id = parameters.id;
    this.dispatcher = dispatcher;
    this.streamInfo = parameters.streamInfo;
    this.localAddress = parameters.localAddress;
    this.remoteAddress = parameters.remoteAddress;
    this.directRemoteAddress = parameters.directRemoteAddress;
    this.requestedApplicationProtocols = parameters.requestedApplicationProtocols;
    this.requestedServerName = parameters.requestedServerName;
    this.state = ConnectionState.Open;
    this.io = io;
    this.readBuffer = new ReadBuffer(this);
    this.#filters = new FilterManager(this);
    this.#writer = new SocketWriter(io, this, parameters.bufferLimit);
    this.#stats = new StatsRecorder(parameters.streamInfo);
    this.#delayedClose = new DelayedClose(dispatcher, this.#onDelayedCloseTimeout);
    io.sink = this;
  }

  get bufferLimit(): number {
    return this.#writer.bufferLimit;
  }

  get aboveHighWatermark(): boolean {
    return this.#writer.aboveHighWatermark;
  }

  get readEnabled(): boolean {
    return this.#readDisableCount === 0;
  }

  get readEndStream(): boolean {
    return this.#endRead && this.#halfClose;
  }

  addConnectionCallbacks(callbacks: ConnectionCallbacks): void {
    this.callbacks.add(callbacks);
  }

  removeConnectionCallbacks(callbacks: ConnectionCallbacks): void {
    this.callbacks.remove(callbacks);
  }

  addBytesSentCallback(callback: (bytes: number) => void): void {
    this.callbacks.addBytesSent(callback);
  }

  addReadFilter(filter: ReadFilter): void {
    this.#filters.addReadFilter(filter);
  }

  addWriteFilter(filter: WriteFilter): void {
    this.#filters.addWriteFilter(filter);
  }

  addFilter(filter: ReadFilter & WriteFilter): void {
    this.addReadFilter(filter);
    this.addWriteFilter(filter);
  }

  initializeReadFilters(): boolean {
    return this.#filters.initializeReadFilters();
  }

  setConnectionStats(stats: ConnectionStats): void {
    this.#stats.use(stats);
  }

  setDelayedCloseTimeout(ms: number): void {
    this.#delayedClose.timeoutMs = ms;
  }

  noDelay(on: boolean): void {
    this.io.socket.setNoDelay(on);
  }

  /** Tells the filters that the listener or the server is going away. */
  raiseDrain(): void {
    if (this.state < ConnectionState.Closing) this.callbacks.raiseDrain();
  }

  // Reading.

  /** Lets the filters see `peeked`, which listener filters had read, and begins to read. */
  start(peeked: Buffer): void {
    writeScheduler.enter();
    if (peeked.length > 0 && this.state === ConnectionState.Open) {
      this.#received(peeked);
      if (this.#readDisableCount === 0) this.#dispatch();
    }
    this.updateReading();
    writeScheduler.leave();
  }

  onSocketData(chunk: Buffer): boolean {
    writeScheduler.enter();
    this.#received(chunk);
    if (this.state === ConnectionState.Closing) this.readBuffer.drain(this.readBuffer.length);
    else if (this.#readDisableCount === 0) this.#dispatch();
    else this.#stats.readBuffered(this.readBuffer.length);
    writeScheduler.leave();
    this.#reading = this.#wantsToRead();
    return this.#reading;
  }

  onSocketEnd(): void {
    writeScheduler.enter();
    this.#reading = false;
    this.#endRead = true;
    if (!this.#halfClose) this.#onEndWithoutHalfClose();
    else if (this.state === ConnectionState.Open && this.#readDisableCount === 0) this.#dispatch();
    writeScheduler.leave();
  }

  onSocketError(error: NodeJS.ErrnoException): void {
    if (this.state === ConnectionState.Closed) return;
    writeScheduler.enter();
    this.#dispatchPosted();
    if (error.code === "ECONNRESET") this.detectedCloseType = "remote-reset";
    this.closeSocket(ConnectionEvent.RemoteClose, false);
    writeScheduler.leave();
  }

  readDisable(disable: boolean): void {
    if (this.state === ConnectionState.Closed) return;
    if (disable) {
      this.#readDisableCount += 1;
      return;
    }
    if (this.#readDisableCount === 0)
      throw new Error("readDisable(false) without readDisable(true)");
    this.#readDisableCount -= 1;
    if (this.#readDisableCount > 0) return;
    if (this.readBuffer.length > 0 || this.#endPending) this.#postResume();
    this.updateReading();
  }

  enableHalfClose(enabled: boolean): void {
    this.#halfClose = enabled;
  }

  onReadBufferConsumed(): void {
    if (!this.#dispatching) this.#stats.readBuffered(this.readBuffer.length);
    if (!this.#readBufferFull || this.readBuffer.length > this.bufferLimit / 2) return;
    this.#readBufferFull = false;
    this.updateReading();
  }

  /** Reads on, if reading was stopped and is wanted again. */
  protected updateReading(): void {
    if (this.#reading || !this.#wantsToRead()) return;
    this.#reading = true;
    this.io.resumeReading();
  }

  #received(chunk: Buffer): void {
    this.readBuffer.append(chunk);
    this.#stats.received(chunk.length);
    if (this.bufferLimit > 0 && this.readBuffer.length > this.bufferLimit) {
      this.#readBufferFull = true;
    }
  }

  #wantsToRead(): boolean {
    if (this.#endRead) return false;
    // While the peer is given time to close, what it still sends is read and dropped: bytes left in the kernel
    // would turn our close into a RST, which can destroy the response on its way.
    if (this.state === ConnectionState.Closing) return !this.#halfClose;
    if (this.state !== ConnectionState.Open || this.#readBufferFull) return false;
    if (this.#readDisableCount === 0) return true;
    // A FIN while reading is disabled ends the connection at once, unless it is to become endStream: look for it.
    return this.detectsEarlyClose && !this.#halfClose && this.readBuffer.length < readAheadBytes;
  }

  /** The peer's FIN was read and has had no consequence yet. */
  get #endPending(): boolean {
    return this.#endRead && !this.#endRaised;
  }

  #onEndWithoutHalfClose(): void {
    this.#dispatchPosted();
    // What the filters have not been shown keeps the connection, unless it may be dropped.
    if (!this.detectsEarlyClose && this.#readDisableCount > 0 && this.#isOpen) return;
    this.closeSocket(ConnectionEvent.RemoteClose, false);
  }

  #dispatch(): void {
    if (this.readBuffer.length === 0 && !(this.#endPending && this.#halfClose)) return;
    const endStream = this.readEndStream;
    this.#endRaised = endStream;
    this.#dispatching = true;
    this.#filters.readFrom(0, this.readBuffer, endStream);
    this.#dispatching = false;
    this.#stats.readBuffered(this.readBuffer.length);
    if (this.#finSent && endStream) this.closeSocket(ConnectionEvent.RemoteClose, false);
  }

  #postResume(): void {
    if (this.#resumePosted) return;
    this.#resumePosted = true;
    this.dispatcher.post(this.#resume);
  }

  readonly #resume = (): void => {
    writeScheduler.enter();
    this.#dispatchPosted();
    writeScheduler.leave();
  };

  /** Shows the filters what was held back for them, if reading is enabled again. */
  #dispatchPosted(): void {
    const posted = this.#resumePosted;
    this.#resumePosted = false;
    if (!posted || this.#readDisableCount > 0 || !this.#isOpen) return;
    this.#dispatch();
    if (this.#endRead && !this.#halfClose && this.#readDisableCount === 0) {
      this.closeSocket(ConnectionEvent.RemoteClose, false);
    }
  }

  // Writing.

  write(data: DataBuffer, endStream: boolean): void {
    if (!this.#canWrite) {
      data.drain(data.length);
    } else if (this.#filters.hasWriteFilters) {
      this.#filters.write(data, endStream);
    } else {
      this.rawWrite(data, endStream);
    }
  }

  writeLatin1(text: string): void {
    if (!this.#canWrite) return;
    if (this.#filters.hasWriteFilters) {
      this.#filters.write(OwnedBuffer.latin1(text), false);
      return;
    }
    this.#markDirty();
    this.#writer.appendText(text);
  }

  holdBack(source: HeldBack): void {
    if (!this.#canWrite) return;
    this.#heldBack = source;
    this.#markDirty();
  }

  rawWrite(data: DataBuffer, endStream: boolean): void {
    if (!this.#canWrite) {
      data.drain(data.length);
      return;
    }
    if (endStream) this.#endWritten = true;
    this.#markDirty();
    this.#writer.move(data);
    if (this.#writer.unsent >= hastenBytes || this.aboveHighWatermark) writeScheduler.hasten();
  }

  setBufferLimits(bytes: number): void {
    this.#writer.setBufferLimit(bytes);
  }

  /** Hands to the socket what was written during the turn. */
  flush(): void {
    this.#writeHeldBack();
    this.#dirty = false;
    if (this.state === ConnectionState.Connecting || this.state === ConnectionState.Closed) return;
    this.#writer.flush();
    this.#stats.writeBuffered(this.#writer.unsent);
    if (this.#writer.unsent > 0) return;
    if (this.state === ConnectionState.Closing) this.#flushedForClose();
    else if (this.#endWritten && !this.#isClosed) this.#sendFin();
  }

  onWritable(): void {
    writeScheduler.enter();
    this.flush();
    writeScheduler.leave();
  }

  onWriteError(error: Error): void {
    // Comes back as `onSocketError`.
    this.io.socket.destroy(error);
  }

  onBytesSent(bytes: number): void {
    this.#stats.sent(bytes);
    this.callbacks.raiseBytesSent(bytes);
    this.#delayedClose.onProgress();
  }

  onAboveHighWatermark(): void {
    this.callbacks.raiseAboveHighWatermark();
  }

  onBelowLowWatermark(): void {
    this.callbacks.raiseBelowLowWatermark();
  }

  get #canWrite(): boolean {
    return this.state < ConnectionState.Closing && !this.#endWritten;
  }

  #writeHeldBack(): void {
    const source = this.#heldBack;
    this.#heldBack = undefined;
    source?.writeHeldBack();
  }

  #markDirty(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    writeScheduler.markDirty(this);
  }

  #sendFin(): void {
    if (this.#finHandedOver) return;
    this.#finHandedOver = true;
    this.io.sendFin(() => {
      this.#finSent = true;
      if (this.state !== ConnectionState.Open || !this.#endRead) return;
      // With the peer's FIN not yet shown to the filters, the connection ends when it has been.
      if (this.#endRaised || !this.#halfClose) this.closeSocket(ConnectionEvent.LocalClose, false);
    });
  }

  // Closing.

  close(type: ConnectionCloseType, details = ""): void {
    if (this.state === ConnectionState.Closed) return;
    if (this.localCloseReason === "") this.localCloseReason = details;
    if (this.#heldBack !== undefined) this.#writeHeldBack();
    switch (type) {
      case ConnectionCloseType.FlushWrite:
        this.#closeFlushed(false);
        break;
      case ConnectionCloseType.FlushWriteAndDelay:
        this.#closeFlushed(true);
        break;
      case ConnectionCloseType.NoFlush:
        // Not waited for, but what the kernel takes at once is sent.
        if (this.state !== ConnectionState.Connecting) this.#writer.flushOnce();
        this.closeSocket(ConnectionEvent.LocalClose, false);
        break;
      case ConnectionCloseType.Abort:
        this.closeSocket(ConnectionEvent.LocalClose, false);
        break;
      case ConnectionCloseType.AbortReset:
        this.detectedCloseType = "local-reset";
        this.closeSocket(ConnectionEvent.LocalClose, true);
        break;
      default:
        unreachable(type);
    }
  }

  /** The one end of every connection. */
  protected closeSocket(event: ConnectionEvent, reset: boolean): void {
    if (this.state === ConnectionState.Closed) return;
    this.state = ConnectionState.Closed;
    this.#delayedClose.disable();
    this.#writer.close();
    this.#stats.close();
    this.streamInfo.endTimeMs = this.dispatcher.time.monotonicMs();
    if (reset && this.remoteAddress.kind === "ip") this.io.reset();
    else this.io.destroy();
    this.callbacks.raiseEvent(event);
    this.callbacks.clear();
  }

  #closeFlushed(delay: boolean): void {
    if (this.state === ConnectionState.Connecting) {
      this.closeSocket(ConnectionEvent.LocalClose, false);
      return;
    }
    const again = this.state === ConnectionState.Closing;
    if (again && (delay || !this.#delayClose)) return;
    this.#delayClose = delay;
    this.state = ConnectionState.Closing;
    this.flush();
    if (!again && !this.#isClosed) this.#delayedClose.arm();
  }

  // Comparisons that hold after calls that may have changed the state.
  get #isOpen(): boolean {
    return this.state === ConnectionState.Open;
  }

  get #isClosed(): boolean {
    return this.state === ConnectionState.Closed;
  }

  #flushedForClose(): void {
    if (!this.#delayClose || this.#delayedClose.timeoutMs === 0) {
      this.closeSocket(ConnectionEvent.LocalClose, false);
      return;
    }
    this.readBuffer.drain(this.readBuffer.length);
    this.updateReading();
  }

  readonly #onDelayedCloseTimeout = (): void => {
    this.#stats.delayedCloseTimeout();
    this.localCloseReason = "triggered_delayed_close_timeout";
    this.closeSocket(ConnectionEvent.LocalClose, false);
  };
}
