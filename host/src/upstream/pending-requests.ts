import type { ResponseDecoder } from "../contracts/http/codec.ts";
import type {
  HttpPoolCallbacks,
  PoolCancellable,
  PoolFailureReason,
  Resource,
} from "../contracts/upstream/cluster.ts";
import type { ClusterInfoImpl } from "./cluster-info.ts";
import type { HostImpl } from "./host.ts";

/** A request that waits for a connection. */
export class PendingRequest implements PoolCancellable {
  readonly decoder: ResponseDecoder;
  readonly callbacks: HttpPoolCallbacks;
  readonly #queue: PendingRequests;

  constructor(queue: PendingRequests, decoder: ResponseDecoder, callbacks: HttpPoolCallbacks) {
    this.#queue = queue;
    this.decoder = decoder;
    this.callbacks = callbacks;
  }

  cancel(): void {
    this.#queue.cancel(this);
  }
}

/** The requests that wait for a connection of one pool, in order; all that is counted of them. */
export class PendingRequests {
  readonly #info: ClusterInfoImpl;
  readonly #host: HostImpl;
  readonly #resource: Resource;
  #requests: PendingRequest[] = [];

  constructor(info: ClusterInfoImpl, host: HostImpl, priority: "default" | "high") {
    this.#info = info;
    this.#host = host;
    this.#resource = info.resourceManager(priority).pendingRequests;
  }

  get length(): number {
    return this.#requests.length;
  }

  /** Undefined when too many wait already: the request has failed then. */
  add(decoder: ResponseDecoder, callbacks: HttpPoolCallbacks): PoolCancellable | undefined {
    const { stats } = this.#info;
    if (!this.#resource.canCreate()) {
      stats.upstreamRqPendingOverflow.inc();
      callbacks.onPoolFailure("overflow", "", undefined);
      return undefined;
    }
    const pending = new PendingRequest(this, decoder, callbacks);
    this.#requests.push(pending);
    stats.upstreamRqPendingTotal.inc();
    stats.upstreamRqPendingActive.inc();
    this.#host.stats.rqPendingActive.inc();
    this.#resource.inc();
    return pending;
  }

  /** The one that waits longest, which waits no more. */
  shift(): PendingRequest {
    const pending = this.#requests.shift()!;
    this.#noLongerPending();
    return pending;
  }

  cancel(pending: PendingRequest): void {
    const index = this.#requests.indexOf(pending);
    if (index < 0) return;
    this.#requests.splice(index, 1);
    this.#noLongerPending();
    this.#info.stats.upstreamRqCancelled.inc();
  }

  /** Envoy fails all that wait: what one connection met, the next would, too. */
  failAll(reason: PoolFailureReason, text: string): void {
    const failed = this.#requests;
    this.#requests = [];
    for (const pending of failed) {
      this.#noLongerPending();
      this.#info.stats.upstreamRqPendingFailureEject.inc();
      pending.callbacks.onPoolFailure(reason, text, this.#host);
    }
  }

  #noLongerPending(): void {
    this.#info.stats.upstreamRqPendingActive.dec();
    this.#host.stats.rqPendingActive.dec();
    this.#resource.dec();
  }
}
