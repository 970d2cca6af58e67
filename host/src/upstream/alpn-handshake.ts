import type { Timer } from "../contracts/event.ts";
import {
  type ClientConnection,
  type ConnectionCallbacks,
  ConnectionCloseType,
  ConnectionEvent,
} from "../contracts/network/connection.ts";
import type { AlpnPool } from "./alpn-pool.ts";
import { beginConnection, type BegunConnection } from "./begin-connection.ts";

/** Which of them a server prefers, it says (RFC 7301 section 3.2). */
const protocols = ["h2", "http/1.1"];

/** A connection whose protocol is not known before its handshake is over; then a client of that protocol has it. */
export class AlpnHandshake implements ConnectionCallbacks {
  readonly #pool: AlpnPool;
  readonly #begun: BegunConnection;
  readonly #timer: Timer;
  #timedOut = false;

  constructor(pool: AlpnPool) {
    this.#pool = pool;
    this.#begun = beginConnection(pool, protocols);
    this.connection.addConnectionCallbacks(this);
    this.#timer = pool.dispatcher.createTimer(this.#onTimeout);
    this.#timer.enable(pool.info.connectTimeoutMs);
    this.connection.connect();
  }

  get connection(): ClientConnection {
    return this.#begun.connection;
  }

  get timedOut(): boolean {
    return this.#timedOut;
  }

  close(): void {
    this.connection.close(ConnectionCloseType.NoFlush);
  }

  onEvent(event: ConnectionEvent): void {
    this.#timer.disable();
    if (event === ConnectionEvent.Connected) {
      this.connection.removeConnectionCallbacks(this);
      this.#pool.onHandshake(this, this.#begun);
      return;
    }
    const { accounting } = this.#begun;
    const remote = event === ConnectionEvent.RemoteClose;
    accounting.closed(this.#pool.dispatcher.time.monotonicMs(), remote, false);
    accounting.connectFailed();
    this.#pool.onHandshakeFailed(this, remote);
  }

  onAboveWriteBufferHighWatermark(): void {
    // Nothing is written before the handshake is over.
  }

  onBelowWriteBufferLowWatermark(): void {
    // As above.
  }

  readonly #onTimeout = (): void => {
    this.#timedOut = true;
    this.#pool.info.stats.upstreamCxConnectTimeout.inc();
    this.close();
  };
}
