import { OwnedBuffer } from "../../../common/data-buffer.ts";
import { type Connection, ConnectionCloseType } from "../../../contracts/network/connection.ts";
import type { ThreadLocalCluster } from "../../../contracts/upstream/cluster.ts";
import type { NetworkContext } from "./network-context.ts";
import { OpenedConnection } from "./opened-connection.ts";

/** Connections that one context may have open. */
export const openedConnectionsMax = 64;

/** The connections to upstream hosts that a network context has opened, by their numbers. */
export class OpenedConnections {
  readonly context: NetworkContext;
  /** Whose data the guest sends on. */
  readonly client: Connection;
  readonly #open = new Map<number, OpenedConnection>();
  #lastNumber = 0;
  #clientBackedUp = false;

  constructor(context: NetworkContext, client: Connection) {
    this.context = context;
    this.client = client;
  }

  /** Begins to connect to a host of `cluster`: the connection's number; 0 when there can be none now. */
  connect(cluster: ThreadLocalCluster): number {
    if (this.#open.size >= openedConnectionsMax) return 0;
    const { client } = this;
    const result = cluster.tcpConnection({
      downstreamConnection: client,
      requestHeaders: undefined,
      streamInfo: client.streamInfo,
    });
    if (result.kind !== "connection") return 0;
    this.#lastNumber += 1;
    const opened = new OpenedConnection(this, this.#lastNumber, result.connection);
    this.#open.set(opened.number, opened);
    if (this.#clientBackedUp) result.connection.readDisable(true);
    opened.connect();
    return opened.number;
  }

  /** False when there is no such connection, or its end has been sent. Takes effect when no guest code runs. */
  write(number: number, bytes: Buffer, endStream: boolean): boolean {
    const opened = this.#open.get(number);
    if (opened === undefined || opened.endSent) return false;
    opened.endSent = endStream;
    this.context.vm.defer(() => opened.connection.write(OwnedBuffer.of(bytes), endStream));
    return true;
  }

  /** As `write`: when what was written has left. */
  close(number: number): boolean {
    const opened = this.#open.get(number);
    if (opened === undefined) return false;
    opened.endSent = true;
    this.context.vm.defer(() => opened.connection.close(ConnectionCloseType.FlushWrite));
    return true;
  }

  /** The client takes no more (takes more again): neither is more read for it. */
  onClientBackedUp(backedUp: boolean): void {
    this.#clientBackedUp = backedUp;
    for (const { connection } of this.#open.values()) connection.readDisable(backedUp);
  }

  /** The client's connection has ended: nobody hears of these any more. */
  closeAll(): void {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const { connection } of all) connection.close(ConnectionCloseType.FlushWrite);
  }

  /** It has ended. False: nobody is to hear of it. */
  forget(opened: OpenedConnection): boolean {
    return this.#open.delete(opened.number);
  }

  /** False: the guest is not to hear of it any more. */
  has(opened: OpenedConnection): boolean {
    return this.#open.has(opened.number);
  }
}
