import type { ClusterInfoImpl } from "./cluster-info.ts";
import type { HostImpl } from "./host.ts";
import type { Resource } from "../contracts/upstream/cluster.ts";

/** What cluster and host count of one upstream connection, from its making to its end. */
export class ConnectionAccounting {
  readonly #info: ClusterInfoImpl;
  readonly #host: HostImpl;
  readonly #connections: Resource;
  readonly #startMs: number;

  constructor(
    info: ClusterInfoImpl,
    host: HostImpl,
    priority: "default" | "high",
    startMs: number,
  ) {
    this.#info = info;
    this.#host = host;
    this.#connections = info.resourceManager(priority).connections;
    this.#startMs = startMs;
    info.stats.upstreamCxTotal.inc();
    info.stats.upstreamCxActive.inc();
    host.stats.cxTotal.inc();
    host.stats.cxActive.inc();
    this.#connections.inc();
  }

  connected(nowMs: number): void {
    this.#info.stats.upstreamCxConnectMs.record(nowMs - this.#startMs);
  }

  connectFailed(): void {
    this.#info.stats.upstreamCxConnectFail.inc();
    this.#host.stats.cxConnectFail.inc();
  }

  /** `remote`: the peer ended it; `active`: a request (or a TCP stream) was on it. */
  closed(nowMs: number, remote: boolean, active: boolean): void {
    const stats = this.#info.stats;
    stats.upstreamCxDestroy.inc();
    if (remote) stats.upstreamCxDestroyRemote.inc();
    else stats.upstreamCxDestroyLocal.inc();
    if (active) {
      stats.upstreamCxDestroyWithActiveRq.inc();
      if (remote) stats.upstreamCxDestroyRemoteWithActiveRq.inc();
      else stats.upstreamCxDestroyLocalWithActiveRq.inc();
    }
    stats.upstreamCxLengthMs.record(nowMs - this.#startMs);
    stats.upstreamCxActive.dec();
    this.#host.stats.cxActive.dec();
    this.#connections.dec();
  }
}
