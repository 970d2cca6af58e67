import type { Dispatcher, Timer } from "../contracts/event.ts";
import {
  type ClientConnection,
  type ConnectionCallbacks,
  ConnectionCloseType,
  ConnectionEvent,
} from "../contracts/network/connection.ts";
import type { TcpConnectionResult } from "../contracts/upstream/cluster.ts";
import { beginConnection, type BegunConnection } from "./begin-connection.ts";
import type { ClusterInfoImpl } from "./cluster-info.ts";
import type { ConnectionAccounting } from "./connection-accounting.ts";
import type { HostImpl } from "./host.ts";
import type { RequestNames } from "./request-names.ts";

/** A connection for a TCP proxy: not pooled, one stream each. */
export function connectTcp(
  info: ClusterInfoImpl,
  host: HostImpl,
  dispatcher: Dispatcher,
  names: RequestNames,
): TcpConnectionResult {
  if (!info.resourceManager("default").connections.canCreate()) {
    info.stats.upstreamCxOverflow.inc();
    return { kind: "overflow" };
  }
  const owner = { info, host, dispatcher, names, priority: "default" } as const;
  const begun = beginConnection(owner, []);
  const { connection } = begun;
  connection.addConnectionCallbacks(new TcpAccounting(info, host, begun));
  return { kind: "connection", connection, host };
}

/** Keeps cluster and host stats of one TCP connection, and its connect timeout. */
class TcpAccounting implements ConnectionCallbacks {
  readonly #info: ClusterInfoImpl;
  readonly #host: HostImpl;
  readonly #connection: ClientConnection;
  readonly #accounting: ConnectionAccounting;
  readonly #connectTimer: Timer;
  #connected = false;

  constructor(info: ClusterInfoImpl, host: HostImpl, begun: BegunConnection) {
    const { connection, accounting } = begun;
    const { dispatcher } = connection;
    this.#info = info;
    this.#host = host;
    this.#connection = connection;
    this.#accounting = accounting;
    info.stats.upstreamRqPendingTotal.inc();
    info.stats.upstreamRqPendingActive.inc();
    host.stats.rqPendingActive.inc();
    this.#connectTimer = dispatcher.createTimer(this.#onConnectTimeout);
    this.#connectTimer.enable(info.connectTimeoutMs);
  }

  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected) this.#onConnected();
    else this.#onClosed(event === ConnectionEvent.RemoteClose);
  }

  onAboveWriteBufferHighWatermark(): void {
    // The proxy that owns the connection looks after its flow.
  }

  onBelowWriteBufferLowWatermark(): void {
    // As above.
  }

  #onConnected(): void {
    const { stats } = this.#info;
    this.#connected = true;
    this.#connectTimer.disable();
    this.#accounting.connected(this.#nowMs());
    this.#noLongerPending();
    stats.upstreamRqTotal.inc();
    stats.upstreamRqActive.inc();
    this.#host.stats.rqTotal.inc();
    this.#host.stats.rqActive.inc();
  }

  #onClosed(remote: boolean): void {
    const { stats } = this.#info;
    this.#connectTimer.disable();
    this.#accounting.closed(this.#nowMs(), remote, this.#connected);
    if (this.#connected) {
      stats.upstreamRqActive.dec();
      this.#host.stats.rqActive.dec();
      return;
    }
    this.#accounting.connectFailed();
    this.#noLongerPending();
    // A connection that its owner gave up before it was there has failed nobody.
    if (remote || this.#connection.localCloseReason === connectTimeoutReason) {
      stats.upstreamRqPendingFailureEject.inc();
    } else {
      stats.upstreamRqCancelled.inc();
    }
  }

  #noLongerPending(): void {
    this.#info.stats.upstreamRqPendingActive.dec();
    this.#host.stats.rqPendingActive.dec();
  }

  readonly #onConnectTimeout = (): void => {
    this.#info.stats.upstreamCxConnectTimeout.inc();
    this.#connection.close(ConnectionCloseType.NoFlush, connectTimeoutReason);
  };

  #nowMs(): number {
    return this.#connection.dispatcher.time.monotonicMs();
  }
}

const connectTimeoutReason = "connect_timeout";
