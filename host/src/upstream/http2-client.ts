import type { DataBuffer } from "../contracts/buffer.ts";
import type { Timer } from "../contracts/event.ts";
import {
  StreamResetReason,
  type RequestEncoder,
  type ResponseDecoder,
} from "../contracts/http/codec.ts";
import {
  type ClientConnection,
  ConnectionCloseType,
  ConnectionEvent,
  ConnectionState,
} from "../contracts/network/connection.ts";
import { FilterStatus } from "../contracts/network/filter.ts";
import type { PoolReady } from "../contracts/upstream/cluster.ts";
import { Http2ClientConnection } from "../http/codec/http2/client-connection.ts";
import { beginConnection, type BegunConnection } from "./begin-connection.ts";
import type { ConnectionAccounting } from "./connection-accounting.ts";
import { ConnectionIdleTimer } from "./connection-idle-timer.ts";
import type { HostImpl } from "./host.ts";
import type { Http2Pool } from "./http2-pool.ts";

const alpnHttp2 = ["h2"];

/** Where a connection of the pool stands. Draining: it takes no more streams, and closes behind the last one. */
export const ClientState = { Connecting: 0, Ready: 1, Draining: 2, Closed: 3 } as const;
export type ClientState = (typeof ClientState)[keyof typeof ClientState];

/** Until the server has said how many streams it takes (RFC 9113 section 6.5.2 advises to take no fewer). */
const streamsBeforeSettings = 100;

/** A stream on the connection. */
class ReadyStream implements PoolReady {
  readonly encoder: RequestEncoder;
  readonly connection: ClientConnection;
  readonly host: HostImpl;
  readonly protocol = "HTTP/2";

  constructor(encoder: RequestEncoder, client: Http2Client) {
    this.encoder = encoder;
    this.connection = client.connection;
    this.host = client.host;
  }
}

/** One pooled connection with its codec and its streams. */
export class Http2Client {
  state: ClientState = ClientState.Connecting;
  readonly connection: ClientConnection;
  readonly host: HostImpl;
  readonly #pool: Http2Pool;
  readonly #accounting: ConnectionAccounting;
  readonly #connectTimer: Timer;
  readonly #idleTimer: ConnectionIdleTimer;
  #codec: Http2ClientConnection | undefined = undefined;
  #requests = 0;
  /** Streams handed out that have not ended. */
  #active = 0;
  #settingsReceived = false;
  #timedOut = false;
  #protocolError = false;

  /** `begun`: a connection that is just up; else one is made. */
  constructor(pool: Http2Pool, begun?: BegunConnection) {
    const { info, host, dispatcher } = pool;
    const { connection, accounting } = begun ?? beginConnection(pool, alpnHttp2);
    this.#pool = pool;
    this.host = host;
    this.#accounting = accounting;
    info.stats.upstreamCxHttp2Total.inc();
    this.connection = connection;
    this.connection.addConnectionCallbacks(this);
    this.connection.addReadFilter(this);
    this.#idleTimer = new ConnectionIdleTimer(
      dispatcher,
      info.idleTimeoutMs,
      () => this.#active === 0,
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

  get hasRoom(): boolean {
    const codec = this.#codec;
    if (codec === undefined || this.state !== ClientState.Ready || codec.closing) return false;
    const most = codec.concurrentStreamsMost;
    return this.#active < (this.#settingsReceived ? most : Math.min(most, streamsBeforeSettings));
  }

  /** Begins a request; the connection must have room. */
  newStream(decoder: ResponseDecoder): PoolReady {
    const encoder = this.#codec!.newStream(decoder);
    this.#active += 1;
    this.#requests += 1;
    const max = this.#pool.info.maxRequestsPerConnection;
    if (max > 0 && this.#requests >= max) {
      this.#pool.info.stats.upstreamCxMaxRequests.inc();
      this.#stopTaking();
    }
    return new ReadyStream(encoder, this);
  }

  /** No more streams; closes when the last one has ended. */
  drain(): void {
    if (this.state === ClientState.Connecting) return;
    this.#stopTaking();
    this.#closeIfDone();
  }

  #stopTaking(): void {
    if (this.state !== ClientState.Ready) return;
    this.state = ClientState.Draining;
    this.#pool.onClientDraining(this);
  }

  #closeIfDone(): void {
    if (this.state === ClientState.Draining && this.#active === 0) {
      this.#codec!.goAway();
      this.connection.close(ConnectionCloseType.FlushWrite);
    }
  }

  // The codec.

  onStreamDone(reason: StreamResetReason | undefined): void {
    if (reason !== undefined) this.#countReset(reason);
    this.#active -= 1;
    this.#pool.onStreamEnd();
    if (this.#active === 0 && this.state !== ClientState.Closed) this.#idleTimer.start();
    this.#closeIfDone();
    if (this.state === ClientState.Ready) this.#pool.onClientRoom();
  }

  /** A refused stream, which may be tried elsewhere, is counted by neither (as in Envoy). */
  #countReset(reason: StreamResetReason): void {
    const { stats } = this.#pool.info;
    if (reason === StreamResetReason.RemoteReset) stats.upstreamRqRxReset.inc();
    else if (reason === StreamResetReason.LocalReset) stats.upstreamRqTxReset.inc();
    else if (reason === StreamResetReason.ProtocolError) stats.upstreamRqTxReset.inc();
  }

  onGoAway(): void {
    this.#pool.info.stats.upstreamCxCloseNotify.inc();
    this.drain();
    this.#pool.onClientRoom();
  }

  onPeerSettings(): void {
    this.#settingsReceived = true;
    this.#pool.onClientRoom();
  }

  // The connection's read filter.

  initializeReadFilterCallbacks(): void {
    // All that is needed is the connection.
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  onData(data: DataBuffer): FilterStatus {
    const error = this.#codec!.dispatch(data);
    if (error === undefined || this.connection.state === ConnectionState.Closed) {
      return FilterStatus.StopIteration;
    }
    this.#pool.logger.debug(`[C${this.connection.id}] protocol error: ${error.message}`);
    this.#protocolError = true;
    this.#pool.info.stats.upstreamCxProtocolError.inc();
    this.connection.close(ConnectionCloseType.NoFlush);
    return FilterStatus.StopIteration;
  }

  // The connection.

  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected) this.#onConnected();
    else this.#onClosed(event === ConnectionEvent.RemoteClose);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#codec?.onUnderlyingConnectionAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#codec?.onUnderlyingConnectionBelowWriteBufferLowWatermark();
  }

  #onConnected(): void {
    this.#connectTimer.disable();
    this.#accounting.connected(this.#nowMs());
    const { http2Settings, http2CodecStats } = this.#pool.info;
    this.#codec = new Http2ClientConnection(this.connection, http2Settings, http2CodecStats, this);
    this.state = ClientState.Ready;
    this.#idleTimer.start();
    this.#pool.onClientConnected(this);
  }

  #onClosed(remote: boolean): void {
    const before = this.state;
    this.state = ClientState.Closed;
    this.#connectTimer.disable();
    this.#idleTimer.disable();
    // What breaks the protocol ends the requests first, and then the connection.
    const cutOff = this.#active > 0 && !this.#protocolError;
    this.#accounting.closed(this.#nowMs(), remote, cutOff);
    if (before === ClientState.Connecting) this.#accounting.connectFailed();
    else this.#pool.info.stats.upstreamRqPerCx.record(this.#requests);
    this.#pool.removeClient(this, before);
    const reason = this.#protocolError
      ? StreamResetReason.ProtocolError
      : StreamResetReason.ConnectionTermination;
    for (; this.#active > 0; this.#active -= 1) {
      this.#countReset(reason);
      this.#pool.onStreamEnd();
    }
    this.#codec?.onConnectionClosed(reason, this.connection.transportFailureReason);
    this.#pool.onClientClosed(this, before === ClientState.Connecting, remote);
  }

  // Time.

  readonly #onConnectTimeout = (): void => {
    this.#timedOut = true;
    this.#pool.info.stats.upstreamCxConnectTimeout.inc();
    this.connection.close(ConnectionCloseType.NoFlush);
  };

  readonly #onIdleTimeout = (): void => {
    this.#pool.info.stats.upstreamCxIdleTimeout.inc();
    this.drain();
  };

  #nowMs(): number {
    return this.#pool.dispatcher.time.monotonicMs();
  }
}
