import type { Dispatcher } from "../contracts/event.ts";
import type { ResponseDecoder } from "../contracts/http/codec.ts";
import type { Logger } from "../contracts/log.ts";
import type { ClientConnection } from "../contracts/network/connection.ts";
import type {
  HttpConnectionPool,
  HttpPoolCallbacks,
  PoolCancellable,
  PoolReady,
  ResourceManager,
} from "../contracts/upstream/cluster.ts";
import type { ClusterInfoImpl } from "./cluster-info.ts";
import type { HostImpl } from "./host.ts";
import { PendingRequests } from "./pending-requests.ts";
import type { RequestNames } from "./request-names.ts";

/** A connection of a pool, with its codec. */
export interface PooledClient {
  readonly connection: ClientConnection;
  /** It was not connected within `connect_timeout`. */
  readonly timedOut: boolean;
}

/** Told about a pool that it keeps. */
export interface PoolOwner {
  /** A connection can take another request. */
  onPoolRoom(): void;
  /** A connection has ended. */
  onClientGone(): void;
}

/** What pools need besides their host. */
export interface PoolEnvironment {
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  readonly names: RequestNames;
  readonly owner?: PoolOwner | undefined;
}

/**
 * Connections to one host, of one priority, on one worker: who waits for one, when another is made, and what is
 * counted. Which connection takes a request is the protocol's matter.
 */
export abstract class HttpPool<Client extends PooledClient> implements HttpConnectionPool {
  readonly host: HostImpl;
  readonly info: ClusterInfoImpl;
  readonly priority: "default" | "high";
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  /** Of the handshakes with the host. */
  readonly names: RequestNames;
  /** The host is gone: what is in flight finishes, then the connections close. */
  draining = false;
  protected connecting = 0;
  readonly #resources: ResourceManager;
  readonly #pending: PendingRequests;
  readonly #owner: PoolOwner | undefined;

  constructor(
    info: ClusterInfoImpl,
    host: HostImpl,
    priority: "default" | "high",
    environment: PoolEnvironment,
  ) {
    this.info = info;
    this.host = host;
    this.priority = priority;
    this.dispatcher = environment.dispatcher;
    this.logger = environment.logger;
    this.names = environment.names;
    this.#owner = environment.owner;
    this.#resources = info.resourceManager(priority);
    this.#pending = new PendingRequests(info, host, priority);
  }

  /** A connection that can take a stream now; it is given one, or given back. */
  abstract takeClient(): Client | undefined;
  abstract giveBackClient(client: Client): void;
  abstract beginStream(client: Client, decoder: ResponseDecoder): PoolReady;
  /** Connections that are not closed, those that are being made included. */
  abstract get connectionCount(): number;
  /** Begins to connect; the client tells when it has. */
  protected abstract connect(): void;
  /** Streams that a connection is made for. */
  protected abstract get streamsPerConnection(): number;
  /** Closes what is idle, and everything else when it is done. */
  abstract drain(): void;

  newStream(decoder: ResponseDecoder, callbacks: HttpPoolCallbacks): PoolCancellable | undefined {
    const client = this.takeClient();
    if (client !== undefined) {
      this.#attach(client, decoder, callbacks);
      return undefined;
    }
    const pending = this.#pending.add(decoder, callbacks);
    if (pending !== undefined) this.connectIfNeeded();
    return pending;
  }

  /** A request that had a connection is over. */
  onStreamEnd(): void {
    this.info.stats.upstreamRqActive.dec();
    this.host.stats.rqActive.dec();
    this.#resources.requests.dec();
  }

  /** The client's connection has ended, and the client is no longer in the pool. */
  onClientClosed(client: Client, wasConnecting: boolean, remote: boolean): void {
    if (wasConnecting) {
      const reason = remote ? "remote_connection_failure" : "local_connection_failure";
      const text = client.connection.transportFailureReason;
      this.#pending.failAll(client.timedOut ? "timeout" : reason, text);
    }
    this.onClientGone();
  }

  /** Nothing is left of it. */
  get empty(): boolean {
    return this.connectionCount === 0 && this.#pending.length === 0;
  }

  protected onClientGone(): void {
    this.connectIfNeeded();
    this.#owner?.onClientGone();
  }

  /** Gives connections with room to the requests that wait. */
  protected attachPending(): void {
    this.#owner?.onPoolRoom();
    while (this.#pending.length > 0) {
      const client = this.takeClient();
      if (client === undefined) return;
      const pending = this.#pending.shift();
      this.#attach(client, pending.decoder, pending.callbacks);
    }
  }

  protected connectIfNeeded(): void {
    const each = this.streamsPerConnection;
    while (this.#pending.length > this.connecting * each) {
      if (!this.#resources.connections.canCreate()) {
        this.info.stats.upstreamCxOverflow.inc();
        // A pool without any connection gets one all the same: nothing else would ever serve its requests.
        if (this.connectionCount > 0) return;
      }
      this.connecting += 1;
      this.connect();
    }
  }

  #attach(client: Client, decoder: ResponseDecoder, callbacks: HttpPoolCallbacks): void {
    const { stats } = this.info;
    if (!this.#resources.requests.canCreate()) {
      this.giveBackClient(client);
      stats.upstreamRqActiveOverflow.inc();
      callbacks.onPoolFailure("overflow", "", this.host);
      return;
    }
    stats.upstreamRqTotal.inc();
    stats.upstreamRqActive.inc();
    this.host.stats.rqTotal.inc();
    this.host.stats.rqActive.inc();
    this.#resources.requests.inc();
    callbacks.onPoolReady(this.beginStream(client, decoder));
  }
}
