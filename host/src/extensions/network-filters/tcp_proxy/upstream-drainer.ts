import type { Timer } from "../../../contracts/event.ts";
import {
  type ClientConnection,
  type ConnectionCallbacks,
  ConnectionCloseType,
  ConnectionEvent,
} from "../../../contracts/network/connection.ts";
import type { TcpProxyStats } from "./tcp-proxy-stats.ts";

/** Stays with an upstream connection that has bytes to send although its client has gone (Envoy: `Drainer`). */
export class UpstreamDrainer implements ConnectionCallbacks {
  readonly #connection: ClientConnection;
  readonly #stats: TcpProxyStats;
  readonly #idleTimeoutMs: number;
  readonly #idleTimer: Timer | undefined;

  constructor(connection: ClientConnection, stats: TcpProxyStats, idleTimeoutMs: number) {
    this.#connection = connection;
    this.#stats = stats;
    this.#idleTimeoutMs = idleTimeoutMs;
    stats.upstreamFlushTotal.inc();
    stats.upstreamFlushActive.inc();
    connection.addConnectionCallbacks(this);
    if (idleTimeoutMs === 0) return;
    this.#idleTimer = connection.dispatcher.createTimer(() => this.#onIdle());
    this.#idleTimer.enable(idleTimeoutMs);
    connection.addBytesSentCallback(() => this.#idleTimer?.enable(this.#idleTimeoutMs));
  }

  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected) return;
    this.#idleTimer?.disable();
    this.#stats.upstreamFlushActive.dec();
  }

  onAboveWriteBufferHighWatermark(): void {
    // Nobody writes any more.
  }

  onBelowWriteBufferLowWatermark(): void {
    // Nobody waits.
  }

  #onIdle(): void {
    this.#stats.idleTimeout.inc();
    this.#connection.close(ConnectionCloseType.NoFlush, "tcp_session_idle_timeout");
  }
}
