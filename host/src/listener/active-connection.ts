import type { Dispatcher } from "../contracts/event.ts";
import {
  ConnectionCloseType,
  ConnectionEvent,
  type ConnectionCallbacks,
} from "../contracts/network/connection.ts";
import type { ConnectionImpl } from "../network/connection.ts";
import type { FilterChainRuntime } from "./filter-chain-runtime.ts";
import type { HeldGenerations } from "./held-generations.ts";
import type { ListenerRuntime } from "./listener-runtime.ts";

/** A connection of a listener, from its creation to its access log (Envoy: `ActiveTcpConnection`). */
export class ActiveConnection implements ConnectionCallbacks {
  readonly connection: ConnectionImpl;
  readonly #listener: ListenerRuntime;
  readonly #chain: FilterChainRuntime;
  readonly #dispatcher: Dispatcher;
  /** Undefined: none of its filters comes by discovery. */
  readonly #held: HeldGenerations | undefined;

  constructor(
    connection: ConnectionImpl,
    listener: ListenerRuntime,
    chain: FilterChainRuntime,
    held: HeldGenerations | undefined,
  ) {
    this.connection = connection;
    this.#listener = listener;
    this.#chain = chain;
    this.#dispatcher = connection.dispatcher;
    this.#held = held;
    const { stats } = listener;
    stats.downstreamCxTotal.inc();
    stats.downstreamCxActive.inc();
    stats.workerCxTotal.inc();
    stats.workerCxActive.inc();
    chain.connections.add(this);
  }

  onEvent(event: ConnectionEvent): void {
    if (event !== ConnectionEvent.Connected) this.end();
  }

  onAboveWriteBufferHighWatermark(): void {
    // The filters react.
  }

  onBelowWriteBufferLowWatermark(): void {
    // The filters react.
  }

  /** The connection is closed. */
  end(): void {
    const { stats, accessLogs } = this.#listener;
    const { streamInfo } = this.connection;
    stats.downstreamCxDestroy.inc();
    stats.downstreamCxActive.dec();
    stats.workerCxActive.dec();
    stats.downstreamCxLengthMs.record(this.#dispatcher.time.monotonicMs() - streamInfo.startTimeMs);
    for (const log of accessLogs) log.log(streamInfo, "NotSet");
    this.#held?.release();
    this.#chain.remove(this);
  }

  /** Tells the filters to finish. */
  drain(): void {
    this.connection.raiseDrain();
  }

  /** The time for draining is over. */
  closeForRemovedChain(): void {
    this.connection.close(ConnectionCloseType.NoFlush, "filter_chain_is_being_removed");
  }
}
