import type { DataBuffer } from "../../contracts/buffer.ts";
import type { Timer } from "../../contracts/event.ts";
import {
  StreamResetReason,
  type CodecError,
  type RequestDecoder,
  type ResponseEncoder,
  type ServerConnection,
  type ServerConnectionCallbacks,
} from "../../contracts/http/codec.ts";
import {
  ConnectionCloseType,
  ConnectionEvent,
  ConnectionState,
  type Connection,
  type ConnectionCallbacks,
} from "../../contracts/network/connection.ts";
import {
  FilterStatus,
  type ReadFilter,
  type ReadFilterCallbacks,
} from "../../contracts/network/filter.ts";
import type { Gauge } from "../../contracts/stats.ts";
import { ResponseFlag } from "../../contracts/stream-info.ts";
import { ActiveStream, type StreamOwner } from "./active-stream.ts";
import { PrematureResets } from "./premature-resets.ts";
import type { SharedState } from "./connection-manager-options.ts";
import { StreamDeadlines } from "./stream-deadlines.ts";

/** Where a connection is on its way to being closed by us. */
const DrainState = {
  NotDraining: 0,
  /** Responses say so; requests that come all the same are served until the drain timeout. */
  Draining: 1,
  /** Closes as soon as no stream is left. */
  Closing: 2,
} as const;
type DrainState = (typeof DrainState)[keyof typeof DrainState];

/**
 * HTTP on one downstream connection (Envoy: `ConnectionManagerImpl`): owns the codec, which is made when the
 * first bytes arrive, and the streams on it.
 */
export class ConnectionManager
  implements ReadFilter, ConnectionCallbacks, ServerConnectionCallbacks, StreamOwner
{
  readonly shared: SharedState;
  remoteClosed = false;
  #connection: Connection | undefined = undefined;
  #codec: ServerConnection | undefined = undefined;
  #streams: ActiveStream | undefined = undefined;
  #drainState: DrainState = DrainState.NotDraining;
  /** The server is going away: the next response is the last. */
  #drainRequested = false;
  /** HTTP/2: streams end one by one, and the connection drains by GOAWAY. */
  #multiplexes = false;
  readonly #prematureResets = new PrematureResets();
  #requests = 0;
  #startMs = 0;
  #idleSinceMs = 0;
  #idleTimer: Timer | undefined = undefined;
  #durationTimer: Timer | undefined = undefined;
  #drainTimer: Timer | undefined = undefined;
  readonly #deadlines: StreamDeadlines;

  constructor(shared: SharedState) {
    this.shared = shared;
    this.#deadlines = new StreamDeadlines(shared.dispatcher, () => this.#streams);
  }

  // ---- network filter

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    const { config, dispatcher, stats } = this.shared;
    const connection = callbacks.connection;
    this.#connection = connection;
    this.#startMs = dispatcher.time.monotonicMs();
    stats.downstreamCxTotal.inc();
    stats.downstreamCxActive.inc();
    if (connection.isTls) {
      stats.downstreamCxSslTotal.inc();
      stats.downstreamCxSslActive.inc();
    }
    connection.addConnectionCallbacks(this);
    connection.setConnectionStats(stats.connection);
    connection.setDelayedCloseTimeout(config.delayedCloseTimeoutMs);
    this.#becomeIdle(this.#startMs);
    if (config.maxConnectionDurationMs > 0) {
      this.#durationTimer = dispatcher.createTimer(this.#onConnectionDuration);
      const share =
        (dispatcher.random.uint32() / 2 ** 32) * config.maxConnectionDurationJitterPercent;
      this.#durationTimer.enable(config.maxConnectionDurationMs * (1 + share / 100));
    }
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  onData(data: DataBuffer): FilterStatus {
    this.shared.clock.update();
    const codec = this.#codec ?? this.#createCodec(data);
    if (codec === undefined) return FilterStatus.StopIteration;
    let before: number;
    do {
      before = data.length;
      const error = codec.dispatch(data);
      if (error !== undefined) {
        this.#onCodecError(error);
        return FilterStatus.StopIteration;
      }
      this.#checkForDeferredClose();
      // The codec stops after each request; the next one is taken up when this one has been answered.
    } while (
      data.length > 0 &&
      data.length < before &&
      this.#streams === undefined &&
      this.connection.state === ConnectionState.Open
    );
    return FilterStatus.StopIteration;
  }

  get connection(): Connection {
    return this.#connection!;
  }

  #createCodec(data: DataBuffer): ServerConnection | undefined {
    this.#codec = this.shared.createCodec(this.connection, data, this);
    if (this.#codec === undefined) return undefined;
    const { stats } = this.shared;
    this.#multiplexes = this.#codec.multiplexes;
    (this.#multiplexes ? stats.downstreamCxHttp2Total : stats.downstreamCxHttp1Total).inc();
    this.#activeGauge.inc();
    return this.#codec;
  }

  get #activeGauge(): Gauge {
    const { stats } = this.shared;
    return this.#multiplexes ? stats.downstreamCxHttp2Active : stats.downstreamCxHttp1Active;
  }

  #onCodecError(error: CodecError): void {
    this.shared.stats.downstreamCxProtocolError.inc();
    const streamInfo = this.connection.streamInfo;
    streamInfo.responseFlags |= ResponseFlag.DownstreamProtocolError;
    streamInfo.responseCodeDetails = error.details;
    // The codec has answered if it could.
    this.#resetAllStreams(ResponseFlag.DownstreamProtocolError, error.details);
    this.#close(ConnectionCloseType.FlushWriteAndDelay, `codec_error:${error.message}`);
  }

  // ---- connection

  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected) return;
    const { stats, dispatcher } = this.shared;
    let details = "";
    if (event === ConnectionEvent.RemoteClose) {
      this.remoteClosed = true;
      stats.downstreamCxDestroyRemote.inc();
    } else {
      stats.downstreamCxDestroyLocal.inc();
      const reason = this.connection.localCloseReason;
      details = `downstream_local_disconnect${reason === "" ? "" : `(${reason})`}`;
    }
    this.#stopTimers();
    // Whoever closed: from here on nobody can be answered.
    this.#resetAllStreams(ResponseFlag.DownstreamConnectionTermination, details);
    if (this.#codec !== undefined) {
      this.#codec.onConnectionClosed(StreamResetReason.ConnectionTermination, "");
      this.#activeGauge.dec();
    }
    stats.downstreamCxDestroy.inc();
    stats.downstreamCxActive.dec();
    if (this.#connection?.isTls === true) stats.downstreamCxSslActive.dec();
    stats.downstreamCxLengthMs.record(dispatcher.time.monotonicMs() - this.#startMs);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#codec?.onUnderlyingConnectionAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#codec?.onUnderlyingConnectionBelowWriteBufferLowWatermark();
  }

  onDrain(): void {
    if (this.#multiplexes) {
      this.shared.stats.downstreamCxDrainClose.inc();
      this.#startDrain();
      this.#codec?.drain?.(this.#onDrainTimeout);
    } else if (this.#streams === undefined) {
      this.shared.stats.downstreamCxDrainClose.inc();
      this.#close(ConnectionCloseType.FlushWrite, "drained");
    } else {
      this.#drainRequested = true;
    }
  }

  // ---- streams

  get protocol(): string {
    return this.#codec?.protocol ?? "";
  }

  get multiplexes(): boolean {
    return this.#multiplexes;
  }

  get codecClosing(): boolean {
    return this.#codec?.closing ?? false;
  }

  newStream(encoder: ResponseEncoder): RequestDecoder {
    const stream = new ActiveStream(this, encoder);
    stream.next = this.#streams;
    if (this.#streams !== undefined) this.#streams.previous = stream;
    this.#streams = stream;
    this.#requests += 1;
    const most = this.shared.config.maxRequestsPerConnection;
    if (most > 0 && this.#requests >= most) {
      if (this.#requests === most) this.shared.stats.downstreamCxMaxRequestsReached.inc();
      if (this.#multiplexes) this.#startDrain();
      else this.#drainState = DrainState.Closing;
    }
    return stream;
  }

  watchDeadline(deadlineMs: number): void {
    this.#deadlines.watch(deadlineMs);
  }

  onResponseHead(stream: ActiveStream): boolean {
    if (this.#multiplexes) {
      if (stream.streamInfo.drainConnectionUponCompletion) this.#startDrain();
      return false;
    }
    const { stats } = this.shared;
    if (this.#drainState === DrainState.NotDraining) {
      if (this.#drainRequested) {
        stats.downstreamCxDrainClose.inc();
        this.#drainState = DrainState.Closing;
      } else if (stream.sawConnectionClose) {
        this.#drainState = DrainState.Closing;
      }
    }
    // HTTP/1 has no way to tell the client that the rest of its request is not wanted.
    if (!stream.filterManager.remoteDecodeComplete) {
      this.#drainState = DrainState.Closing;
      stats.downstreamRqResponseBeforeRqComplete.inc();
    }
    return this.#drainState !== DrainState.NotDraining;
  }

  endStream(stream: ActiveStream): void {
    const whole = stream.filterManager.remoteDecodeComplete && stream.codecSawLocalComplete;
    if (!whole) {
      // One half is missing; HTTP/1 cannot go on from the middle of a message.
      if (!this.#multiplexes) this.#drainState = DrainState.Closing;
      this.shared.stats.downstreamRqRxReset.inc();
      this.#complete(stream);
      stream.encoder.stream.resetStream(StreamResetReason.LocalReset);
    } else {
      this.#prematureResets.onEnd();
      if (this.#drainState === DrainState.NotDraining && this.codecClosing) {
        this.#drainState = DrainState.Closing;
      }
      this.#complete(stream);
    }
    this.#checkForDeferredClose();
  }

  onStreamReset(stream: ActiveStream): void {
    this.shared.stats.downstreamRqRxReset.inc();
    if (!this.#multiplexes) this.#drainState = DrainState.Closing;
    this.#complete(stream);
    if (this.#prematureResets.onReset(stream)) {
      this.shared.stats.downstreamRqTooManyPrematureResets.inc();
      this.#close(ConnectionCloseType.NoFlush, "too_many_premature_resets");
      return;
    }
    this.#checkForDeferredClose();
  }

  #complete(stream: ActiveStream): void {
    stream.complete();
    if (stream.previous === undefined) this.#streams = stream.next;
    else stream.previous.next = stream.next;
    if (stream.next !== undefined) stream.next.previous = stream.previous;
    // A dead stream must not keep its neighbours alive until the old generation is collected.
    stream.next = undefined;
    stream.previous = undefined;
    if (this.#streams === undefined) this.#becomeIdle(stream.streamInfo.endTimeMs);
  }

  /** Ends all streams without an answer; `flag` and `details` say why. */
  #resetAllStreams(flag: number, details: string): void {
    if (this.#streams === undefined) return;
    const { stats } = this.shared;
    stats.downstreamCxDestroyActiveRq.inc();
    if (this.remoteClosed) stats.downstreamCxDestroyRemoteActiveRq.inc();
    else stats.downstreamCxDestroyLocalActiveRq.inc();
    while (this.#streams !== undefined) {
      const stream = this.#streams;
      stream.streamInfo.responseFlags |= flag;
      if (details !== "") stream.streamInfo.responseCodeDetails = details;
      stats.downstreamRqRxReset.inc();
      this.#complete(stream);
    }
  }

  // ---- closing

  #checkForDeferredClose(): void {
    if (this.#drainState !== DrainState.Closing || this.#streams !== undefined) return;
    this.#close(ConnectionCloseType.FlushWriteAndDelay, "");
  }

  #close(type: ConnectionCloseType, details: string): void {
    this.#stopTimers();
    if (this.connection.state < ConnectionState.Closing) this.connection.close(type, details);
  }

  #stopTimers(): void {
    this.#idleTimer?.disable();
    this.#durationTimer?.disable();
    this.#drainTimer?.disable();
    this.#deadlines.stop();
  }

  /** The idle timer is not touched by every request: it looks at the time when it fires. */
  #becomeIdle(nowMs: number): void {
    const timeout = this.shared.config.idleTimeoutMs;
    if (timeout === 0 || this.connection.state !== ConnectionState.Open) return;
    this.#idleSinceMs = nowMs;
    if (this.#idleTimer?.enabled === true) return;
    this.#idleTimer ??= this.shared.dispatcher.createTimer(this.#onIdle);
    this.#idleTimer.enable(timeout);
  }

  readonly #onIdle = (): void => {
    if (this.#streams !== undefined) return;
    const { config, dispatcher, stats } = this.shared;
    const left = this.#idleSinceMs + config.idleTimeoutMs - dispatcher.time.monotonicMs();
    if (left > 0) {
      this.#idleTimer!.enable(left);
      return;
    }
    stats.downstreamCxIdleTimeout.inc();
    this.#closeGently("on_idle_timeout");
  };

  readonly #onConnectionDuration = (): void => {
    this.shared.stats.downstreamCxMaxDurationReached.inc();
    this.#closeGently("max_connection_duration");
  };

  /** Before the first byte there is nobody to warn; later a request may be on its way already. */
  #closeGently(details: string): void {
    if (this.#codec === undefined) {
      this.#close(ConnectionCloseType.FlushWrite, details);
    } else {
      this.#startDrain();
    }
  }

  #startDrain(): void {
    if (this.#drainState !== DrainState.NotDraining) return;
    this.#drainState = DrainState.Draining;
    this.#codec!.shutdownNotice();
    this.#drainTimer = this.shared.dispatcher.createTimer(this.#onDrainTimeout);
    this.#drainTimer.enable(this.shared.config.drainTimeoutMs);
  }

  readonly #onDrainTimeout = (): void => {
    this.#drainState = DrainState.Closing;
    this.#codec?.goAway();
    this.#checkForDeferredClose();
  };
}
