import type { Dispatcher } from "../contracts/event.ts";
import type { ResponseDecoder } from "../contracts/http/codec.ts";
import type { Logger } from "../contracts/log.ts";
import type {
  HttpConnectionPool,
  HttpPoolCallbacks,
  PoolCancellable,
  ResourceManager,
} from "../contracts/upstream/cluster.ts";
import type { ClusterInfoImpl } from "./cluster-info.ts";
import type { HostImpl } from "./host.ts";
import { ClientState, Http2Client } from "./http2-client.ts";
import { PendingRequests } from "./pending-requests.ts";

/**
 * HTTP/2 connections to one host, of one priority, on one worker: one, as long as it has room for another stream, then
 * more. A connection that is going away finishes what it has and closes.
 */
export class Http2Pool implements HttpConnectionPool {
  readonly host: HostImpl;
  readonly info: ClusterInfoImpl;
  readonly priority: "default" | "high";
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  /** The host is gone: what is in flight finishes, then the connections close. */
  draining = false;
  readonly #resources: ResourceManager;
  readonly #pending: PendingRequests;
  /** Connections that are up and may take streams. */
  readonly #ready: Http2Client[] = [];
  /** All that are not closed. */
  readonly #clients = new Set<Http2Client>();
  #connecting = 0;

  constructor(
    info: ClusterInfoImpl,
    host: HostImpl,
    priority: "default" | "high",
    environment: { readonly dispatcher: Dispatcher; readonly logger: Logger },
  ) {
    this.info = info;
    this.host = host;
    this.priority = priority;
    this.dispatcher = environment.dispatcher;
    this.logger = environment.logger;
    this.#resources = info.resourceManager(priority);
    this.#pending = new PendingRequests(info, host, priority);
  }

  newStream(decoder: ResponseDecoder, callbacks: HttpPoolCallbacks): PoolCancellable | undefined {
    const client = this.#clientWithRoom();
    if (client !== undefined) {
      this.#attach(client, decoder, callbacks);
      return undefined;
    }
    const pending = this.#pending.add(decoder, callbacks);
    if (pending !== undefined) this.#connectIfNeeded();
    return pending;
  }

  /** Closes what is idle, and everything else when it is done. */
  drain(): void {
    this.draining = true;
    for (const client of this.#clients) client.drain();
  }

  // For clients.

  onClientConnected(client: Http2Client): void {
    this.#connecting -= 1;
    this.#ready.push(client);
    this.onClientRoom();
    if (this.draining) client.drain();
  }

  /** A stream has ended somewhere, or a server takes more of them. */
  onClientRoom(): void {
    while (this.#pending.length > 0) {
      const client = this.#clientWithRoom();
      if (client === undefined) break;
      const pending = this.#pending.shift();
      this.#attach(client, pending.decoder, pending.callbacks);
    }
    this.#connectIfNeeded();
  }

  onStreamEnd(): void {
    this.info.stats.upstreamRqActive.dec();
    this.host.stats.rqActive.dec();
    this.#resources.requests.dec();
  }

  /** The client takes no more streams. */
  onClientDraining(client: Http2Client): void {
    const index = this.#ready.indexOf(client);
    if (index >= 0) this.#ready.splice(index, 1);
  }

  removeClient(client: Http2Client, before: ClientState): void {
    if (before === ClientState.Connecting) this.#connecting -= 1;
    this.#clients.delete(client);
    this.onClientDraining(client);
  }

  onClientClosed(client: Http2Client, before: ClientState, remote: boolean): void {
    if (before === ClientState.Connecting) {
      const reason = remote ? "remote_connection_failure" : "local_connection_failure";
      const text = client.connection.transportFailureReason;
      this.#pending.failAll(client.timedOut ? "timeout" : reason, text);
    }
    this.#connectIfNeeded();
  }

  #clientWithRoom(): Http2Client | undefined {
    for (let i = 0; i < this.#ready.length; i += 1) {
      if (this.#ready[i]!.hasRoom) return this.#ready[i];
    }
    return undefined;
  }

  #attach(client: Http2Client, decoder: ResponseDecoder, callbacks: HttpPoolCallbacks): void {
    const { stats } = this.info;
    if (!this.#resources.requests.canCreate()) {
      stats.upstreamRqActiveOverflow.inc();
      callbacks.onPoolFailure("overflow", "", this.host);
      return;
    }
    stats.upstreamRqTotal.inc();
    stats.upstreamRqActive.inc();
    this.host.stats.rqTotal.inc();
    this.host.stats.rqActive.inc();
    this.#resources.requests.inc();
    callbacks.onPoolReady(client.newStream(decoder));
  }

  #connectIfNeeded(): void {
    const each = this.info.http2Settings.maxConcurrentStreams;
    while (this.#pending.length > this.#connecting * each) {
      if (!this.#resources.connections.canCreate()) {
        this.info.stats.upstreamCxOverflow.inc();
        // A pool without any connection gets one all the same: nothing else would ever serve its requests.
        if (this.#clients.size > 0) return;
      }
      this.#connecting += 1;
      this.#clients.add(new Http2Client(this));
    }
  }
}
