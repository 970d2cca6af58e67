import type { DataBuffer } from "../contracts/buffer.ts";
import type { Timer } from "../contracts/event.ts";
import {
  type CodecError,
  type RequestEncoder,
  type ResponseDecoder,
  StreamResetReason,
} from "../contracts/http/codec.ts";
import {
  type ClientConnection,
  ConnectionCloseType,
  ConnectionEvent,
  ConnectionState,
} from "../contracts/network/connection.ts";
import { FilterStatus } from "../contracts/network/filter.ts";
import type { PoolReady } from "../contracts/upstream/cluster.ts";
import { Http1ClientConnection } from "../http/codec/http1/client-connection.ts";
import { beginConnection, type BegunConnection } from "./begin-connection.ts";
import type { ConnectionAccounting } from "./connection-accounting.ts";
import { ConnectionIdleTimer } from "./connection-idle-timer.ts";
import type { HostImpl } from "./host.ts";
import type { Http1Pool } from "./http1-pool.ts";

const alpnHttp1 = ["http/1.1"];

/** Where a connection of the pool stands. */
export const ClientState = { Connecting: 0, Idle: 1, Busy: 2, Closed: 3 } as const;
export type ClientState = (typeof ClientState)[keyof typeof ClientState];

/**
 * One pooled connection with its codec. It goes back to the pool only when the response ended by its own framing,
 * the request was sent whole and no byte is left over; in every other case it is closed.
 */
export class Http1Client implements PoolReady {
  state: ClientState = ClientState.Connecting;
  readonly connection: ClientConnection;
  readonly host: HostImpl;
  readonly protocol = "HTTP/1.1";
  /** Of the current request. */
  encoder!: RequestEncoder;
  readonly #pool: Http1Pool;
  readonly #codec: Http1ClientConnection;
  readonly #accounting: ConnectionAccounting;
  readonly #connectTimer: Timer;
  readonly #idleTimer: ConnectionIdleTimer;
  #requests = 0;
  /** Bytes received when the current request began. */
  #receivedBefore = 0;
  #timedOut = false;
  /** The peer's FIN has come: what ends the connection after it counts as the peer's doing. */
  #remoteEnded = false;
  #protocolError = false;
  /** The exchange ended within the call of the codec that is running. */
  #exchangeEnded = false;
  #input: DataBuffer | undefined = undefined;

  /** `begun`: a connection that is just up; else one is made. */
  constructor(pool: Http1Pool, begun?: BegunConnection) {
    const { info, host, dispatcher } = pool;
    const { connection, accounting } = begun ?? beginConnection(pool, alpnHttp1);
    this.#pool = pool;
    this.host = host;
    this.#accounting = accounting;
    info.stats.upstreamCxHttp1Total.inc();
    this.connection = connection;
    // The peer's FIN then comes behind its last bytes, also when reading was stopped for a while.
    this.connection.enableHalfClose(true);
    this.connection.addConnectionCallbacks(this);
    this.connection.addReadFilter(this);
    const { http1Settings, codecStats } = info;
    this.#codec = new Http1ClientConnection(this.connection, http1Settings, codecStats, this);
    this.#idleTimer = new ConnectionIdleTimer(
      dispatcher,
      info.idleTimeoutMs,
      () => this.state === ClientState.Idle,
      this.#onIdleTimeout,
    );
    this.#connectTimer = dispatcher.createTimer(this.#onConnectTimeout);
    if (begun !== undefined) return;
    this.#connectTimer.enable(info.connectTimeoutMs);
    this.connection.connect();
  }

  get timedOut(): boolean {
    return this.#timedOut;
  }

  /** Begins a request; the connection must be idle. */
  newStream(decoder: ResponseDecoder): void {
    this.state = ClientState.Busy;
    this.#requests += 1;
    this.#receivedBefore = this.connection.streamInfo.bytesReceived;
    const max = this.#pool.info.maxRequestsPerConnection;
    if (max > 0 && this.#requests >= max) this.#pool.info.stats.upstreamCxMaxRequests.inc();
    this.encoder = this.#codec.newStream(decoder);
  }

  close(): void {
    this.connection.close(ConnectionCloseType.NoFlush);
  }

  // The codec.

  onIdle(): void {
    this.#exchangeEnded = true;
    if (!this.#codec.closing) return;
    // Bytes behind the response, or a response that says the connection ends.
    if ((this.#input?.length ?? 0) > 0) this.#pool.info.stats.upstreamCxProtocolError.inc();
    else if (!this.#remoteEnded) this.#pool.info.stats.upstreamCxCloseNotify.inc();
  }

  // The connection's read filter.

  initializeReadFilterCallbacks(): void {
    // All that is needed is the connection.
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  onData(data: DataBuffer, endStream: boolean): FilterStatus {
    if (data.length > 0) {
      this.#input = data;
      const error = this.#codec.dispatch(data);
      this.#input = undefined;
      this.#afterCodec(error);
    }
    // Bytes that wait because the stream is read-disabled come again, with the end behind them.
    if (endStream && data.length === 0 && this.state !== ClientState.Closed) this.#onRemoteEnd();
    return FilterStatus.StopIteration;
  }

  #onRemoteEnd(): void {
    this.#remoteEnded = true;
    if (this.state === ClientState.Busy) this.#afterCodec(this.#codec.onEndOfInput());
    if (this.#isOpen) this.close();
  }

  #afterCodec(error: CodecError | undefined): void {
    // Bytes behind a response are an error, too; `onIdle` has seen to that.
    if (this.#exchangeEnded) this.#afterExchange();
    else if (error !== undefined) this.#failProtocol(error);
  }

  #failProtocol(error: CodecError): void {
    const id = this.connection.id;
    this.#pool.logger.debug(`[C${id}] protocol error: ${error.message}`);
    if (!this.#isOpen) return;
    this.#protocolError = true;
    this.#pool.info.stats.upstreamCxProtocolError.inc();
    this.close();
  }

  #afterExchange(): void {
    this.#exchangeEnded = false;
    if (this.state !== ClientState.Busy) return;
    this.#pool.onStreamEnd();
    const max = this.#pool.info.maxRequestsPerConnection;
    const used = max > 0 && this.#requests >= max;
    this.state = ClientState.Idle;
    if (this.#codec.closing || used || this.#remoteEnded) {
      this.close();
      return;
    }
    this.#idleTimer.start();
    this.#pool.onClientIdle(this);
  }

  // The connection.

  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected) this.#onConnected();
    else this.#onClosed(event === ConnectionEvent.RemoteClose || this.#remoteEnded);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#codec.onUnderlyingConnectionAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#codec.onUnderlyingConnectionBelowWriteBufferLowWatermark();
  }

  #onConnected(): void {
    this.#connectTimer.disable();
    this.#accounting.connected(this.#nowMs());
    this.state = ClientState.Idle;
    this.#idleTimer.start();
    this.#pool.onClientConnected(this);
  }

  #onClosed(remote: boolean): void {
    const before = this.state;
    this.state = ClientState.Closed;
    this.#connectTimer.disable();
    this.#idleTimer.disable();
    const busy = before === ClientState.Busy;
    this.#accounting.closed(this.#nowMs(), remote, busy);
    if (before === ClientState.Connecting) this.#accounting.connectFailed();
    else this.#pool.info.stats.upstreamRqPerCx.record(this.#requests);
    this.#pool.removeClient(this, before);
    if (busy) {
      this.#pool.onStreamEnd();
      const details = this.connection.transportFailureReason;
      this.#codec.onConnectionClosed(this.#resetReason(remote), details);
    }
    this.#pool.onClientClosed(this, before === ClientState.Connecting, remote);
  }

  /** A response that had begun and was cut off is broken, whichever way the connection ended. */
  #resetReason(remote: boolean): StreamResetReason {
    if (this.#protocolError) return StreamResetReason.ProtocolError;
    const cut = remote && this.connection.streamInfo.bytesReceived > this.#receivedBefore;
    if (!cut) return StreamResetReason.ConnectionTermination;
    this.#pool.info.stats.upstreamCxProtocolError.inc();
    return StreamResetReason.ProtocolError;
  }

  // Time.

  readonly #onConnectTimeout = (): void => {
    this.#timedOut = true;
    this.#pool.info.stats.upstreamCxConnectTimeout.inc();
    this.close();
  };

  readonly #onIdleTimeout = (): void => {
    this.#pool.info.stats.upstreamCxIdleTimeout.inc();
    this.close();
  };

  #nowMs(): number {
    return this.#pool.dispatcher.time.monotonicMs();
  }

  get #isOpen(): boolean {
    return this.connection.state !== ConnectionState.Closed;
  }
}
