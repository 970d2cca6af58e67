import type { Counter, Histogram, StatsScope } from "../contracts/stats.ts";
import type { ClusterInfo } from "../contracts/upstream/cluster.ts";
import type { GrpcMethod } from "./messages.ts";

/** Names that are made of what clients and upstreams send, per cluster and worker. */
const methodsMax = 1000;
const statusesMax = 100;

/** What calls of one method came to, below `cluster.<name>.grpc.<service>.<method>.`; each made when first needed. */
export class MethodStats {
  readonly #scope: StatsScope;
  readonly #statuses = new Map<string, Counter>();
  #total: Counter | undefined = undefined;
  #success: Counter | undefined = undefined;
  #failure: Counter | undefined = undefined;
  #requestMessages: Counter | undefined = undefined;
  #responseMessages: Counter | undefined = undefined;
  #upstreamTime: Histogram | undefined = undefined;

  constructor(scope: StatsScope) {
    this.#scope = scope;
  }

  /** `status`: the `grpc-status` as it was sent. */
  chargeStatus(status: string): void {
    this.#ofStatus(status)?.inc();
    this.chargeOutcome(status === "0");
  }

  chargeOutcome(success: boolean): void {
    if (success) (this.#success ??= this.#scope.counter("success")).inc();
    else (this.#failure ??= this.#scope.counter("failure")).inc();
    (this.#total ??= this.#scope.counter("total")).inc();
  }

  chargeRequestMessages(count: number): void {
    (this.#requestMessages ??= this.#scope.counter("request_message_count")).add(count);
  }

  chargeResponseMessages(count: number): void {
    (this.#responseMessages ??= this.#scope.counter("response_message_count")).add(count);
  }

  chargeUpstreamTime(ms: number): void {
    (this.#upstreamTime ??= this.#scope.histogram("upstream_rq_time", "ms")).record(ms);
  }

  #ofStatus(status: string): Counter | undefined {
    let counter = this.#statuses.get(status);
    if (counter === undefined && this.#statuses.size < statusesMax) {
      counter = this.#scope.counter(status);
      this.#statuses.set(status, counter);
    }
    return counter;
  }
}

/** The stats of all methods in all clusters of a worker, for one protocol: `grpc` or `grpc-web`. */
export class MethodStatsOfClusters {
  readonly #protocol: string;
  readonly #clusters = new WeakMap<ClusterInfo, StatsOfCluster>();

  constructor(protocol: string) {
    this.#protocol = protocol;
  }

  /** `method`: undefined for those that are not told apart. */
  of(cluster: ClusterInfo, method: GrpcMethod | undefined): MethodStats {
    let stats = this.#clusters.get(cluster);
    if (stats === undefined) {
      stats = new StatsOfCluster(cluster.scope.scope(this.#protocol));
      this.#clusters.set(cluster, stats);
    }
    return method === undefined ? stats.together : stats.of(method);
  }
}

class StatsOfCluster {
  readonly together: MethodStats;
  readonly #scope: StatsScope;
  readonly #methods = new Map<string, MethodStats>();

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.together = new MethodStats(scope);
  }

  of({ service, method }: GrpcMethod): MethodStats {
    const name = `${service}.${method}`;
    const known = this.#methods.get(name);
    if (known !== undefined) return known;
    if (this.#methods.size >= methodsMax) return this.together;
    const stats = new MethodStats(this.#scope.scope(name));
    this.#methods.set(name, stats);
    return stats;
  }
}
