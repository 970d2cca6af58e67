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
import { ClientState, Http1Client } from "./http1-client.ts";
import { PendingRequests } from "./pending-requests.ts";

/**
 * HTTP/1 connections to one host, of one priority, on one worker. The connection that became idle last is used
 * first, so that the others can time out; requests that find none wait in order.
 */
export class Http1Pool implements HttpConnectionPool {
  readonly host: HostImpl;
  readonly info: ClusterInfoImpl;
  readonly priority: "default" | "high";
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  /** The host is gone: what is in flight finishes, then the connections close. */
  draining = false;
  readonly #resources: ResourceManager;
  readonly #idle: Http1Client[] = [];
  #connecting = 0;
  #busy = 0;
  readonly #pending: PendingRequests;

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
    const client = this.#idle.pop();
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
    while (this.#idle.length > 0) this.#idle.at(-1)!.close();
  }

  // For clients.

  onClientConnected(client: Http1Client): void {
    this.#connecting -= 1;
    this.onClientIdle(client);
  }

  onClientIdle(client: Http1Client): void {
    this.#idle.push(client);
    this.#attachPending();
    if (this.draining && client.state === ClientState.Idle) client.close();
  }

  /** A request that had a connection is over. */
  onStreamEnd(): void {
    this.#busy -= 1;
    this.info.stats.upstreamRqActive.dec();
    this.host.stats.rqActive.dec();
    this.#resources.requests.dec();
  }

  /** The client's connection has ended; `before` is where it stood. */
  removeClient(client: Http1Client, before: ClientState): void {
    if (before === ClientState.Connecting) this.#connecting -= 1;
    const index = this.#idle.indexOf(client);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  onClientClosed(client: Http1Client, before: ClientState, remote: boolean): void {
    if (before === ClientState.Connecting) {
      const reason = remote ? "remote_connection_failure" : "local_connection_failure";
      const text = client.connection.transportFailureReason;
      this.#pending.failAll(client.timedOut ? "timeout" : reason, text);
    }
    this.#connectIfNeeded();
  }

  #attach(client: Http1Client, decoder: ResponseDecoder, callbacks: HttpPoolCallbacks): void {
    const { stats } = this.info;
    if (!this.#resources.requests.canCreate()) {
      this.#idle.push(client);
      stats.upstreamRqActiveOverflow.inc();
      callbacks.onPoolFailure("overflow", "", this.host);
      return;
    }
    this.#busy += 1;
    stats.upstreamRqTotal.inc();
    stats.upstreamRqActive.inc();
    this.host.stats.rqTotal.inc();
    this.host.stats.rqActive.inc();
    this.#resources.requests.inc();
    client.newStream(decoder);
    callbacks.onPoolReady(client);
  }

  #attachPending(): void {
    while (this.#pending.length > 0 && this.#idle.length > 0) {
      const client = this.#idle.pop()!;
      const pending = this.#pending.shift();
      this.#attach(client, pending.decoder, pending.callbacks);
    }
  }

  #connectIfNeeded(): void {
    while (this.#pending.length > this.#connecting) {
      if (!this.#resources.connections.canCreate()) {
        this.info.stats.upstreamCxOverflow.inc();
        // A pool without any connection gets one all the same: nothing else would ever serve its requests.
        if (this.#connecting + this.#busy + this.#idle.length > 0) return;
      }
      this.#connecting += 1;
      // oxlint-disable-next-line no-new -- it tells the pool when it is connected
      new Http1Client(this);
    }
  }
}
