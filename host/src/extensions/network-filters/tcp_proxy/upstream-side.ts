import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  ClientConnection,
  ConnectionCallbacks,
  ConnectionEvent,
} from "../../../contracts/network/connection.ts";
import { FilterStatus, type ReadFilter } from "../../../contracts/network/filter.ts";
import type { ThreadLocalCluster } from "../../../contracts/upstream/cluster.ts";

/** What an attempt to reach the upstream reports to. */
export interface UpstreamOwner {
  onUpstreamEvent(side: UpstreamSide, event: ConnectionEvent): void;
  onUpstreamData(data: DataBuffer, endStream: boolean): void;
  /** The upstream takes no more (takes more again). */
  onUpstreamBackedUp(backedUp: boolean): void;
}

/** One attempt to reach an upstream host, and the connection if it succeeds. */
export class UpstreamSide implements ConnectionCallbacks, ReadFilter {
  readonly connection: ClientConnection;
  readonly cluster: ThreadLocalCluster;
  connected = false;
  readonly #owner: UpstreamOwner;

  constructor(connection: ClientConnection, cluster: ThreadLocalCluster, owner: UpstreamOwner) {
    this.connection = connection;
    this.cluster = cluster;
    this.#owner = owner;
  }

  connect(): void {
    this.connection.enableHalfClose(true);
    this.connection.addConnectionCallbacks(this);
    this.connection.addReadFilter(this);
    this.connection.initializeReadFilters();
    this.connection.connect();
  }

  onEvent(event: ConnectionEvent): void {
    this.#owner.onUpstreamEvent(this, event);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#owner.onUpstreamBackedUp(true);
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#owner.onUpstreamBackedUp(false);
  }

  initializeReadFilterCallbacks(): void {
    // Reading needs no callbacks here.
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  onData(data: DataBuffer, endStream: boolean): FilterStatus {
    this.#owner.onUpstreamData(data, endStream);
    return FilterStatus.StopIteration;
  }
}
