import type { ClusterConfig } from "../contracts/config/snapshot.ts";
import type { HttpFilterChain } from "../contracts/http/filter-chain.ts";
import type { Logger } from "../contracts/log.ts";
import type { UpstreamOverrideHost } from "../contracts/stream-info.ts";
import type { AsyncClient } from "../contracts/upstream/async-client.ts";
import type {
  HttpConnectionPool,
  LoadBalancerContext,
  TcpConnectionResult,
  ThreadLocalCluster,
} from "../contracts/upstream/cluster.ts";
import { AlpnPool } from "./alpn-pool.ts";
import { AsyncClientImpl } from "./async-client.ts";
import { ClusterInfoImpl } from "./cluster-info.ts";
import type { ClusterTransports } from "./cluster-transports.ts";
import type { UpstreamEnvironment } from "./environment.ts";
import { hostUse } from "./host-health.ts";
import { HostImpl } from "./host.ts";
import type { PoolOwner } from "./http-pool.ts";
import { Http1Pool } from "./http1-pool.ts";
import { Http2Pool } from "./http2-pool.ts";
import { RoundRobinLoadBalancer } from "./load-balancer.ts";
import { configuredNames, namesOfState, type RequestNames, requestNames } from "./request-names.ts";
import { connectTcp } from "./tcp-connection.ts";
import { noTunnel, Tunnel } from "./tunnel.ts";

type Pool = Http1Pool | Http2Pool | AlpnPool;

/** The pools of one host, by protocol, priority and names of the requests. */
type HostPools = Map<string, Pool>;

/** What a cluster is built of besides its configuration. */
export interface ClusterParts {
  /** Of each request; undefined when there are none. */
  readonly httpFilters?: HttpFilterChain | undefined;
  /** Undefined: connections are plain. */
  readonly transports?: ClusterTransports | undefined;
}

/** What makes two configurations of a cluster interchangeable for its pools. */
function poolKeyOf(config: ClusterConfig): string {
  const { hosts: _hosts, resourceCounts: _counts, httpFilters: _filters, ...settings } = config;
  return JSON.stringify(settings);
}

function hostKeyOf(config: ClusterConfig, index: number): string {
  const { weight: _weight, healthFlags: _flags, ...identity } = config.hosts[index]!;
  return JSON.stringify(identity);
}

/** One configuration of a cluster on one worker. A change makes a new one, which takes over what it can. */
export class ClusterEntry implements ThreadLocalCluster {
  readonly info: ClusterInfoImpl;
  readonly httpFilters: HttpFilterChain | undefined;
  readonly #config: ClusterConfig;
  readonly #environment: UpstreamEnvironment;
  readonly #logger: Logger;
  readonly #hosts: HostImpl[] = [];
  readonly #pools: Map<HostImpl, HostPools>;
  #loadBalancer: RoundRobinLoadBalancer;

  /** `previous` goes on working until `takeOver`. */
  constructor(
    config: ClusterConfig,
    parts: ClusterParts,
    environment: UpstreamEnvironment,
    previous: ClusterEntry | undefined,
  ) {
    this.#config = config;
    this.httpFilters = parts.httpFilters;
    this.#environment = environment;
    this.#logger = environment.loggers.logger("pool");
    const kept = previous !== undefined && previous.#isInterchangeableWith(config);
    const { transports } = parts;
    if (kept) transports?.dispose();
    this.info = kept ? previous.info : new ClusterInfoImpl(config, environment, transports);
    this.#pools = kept ? previous.#pools : new Map<HostImpl, HostPools>();
    const free = kept ? previous.#hostsByKey() : new Map<string, HostImpl[]>();
    for (let i = 0; i < config.hosts.length; i += 1) {
      const same = free.get(hostKeyOf(config, i))?.shift();
      this.#hosts.push(same ?? new HostImpl(environment.stats, config, i));
    }
    this.#loadBalancer = this.#makeLoadBalancer();
  }

  get hostCount(): number {
    return this.#hosts.length;
  }

  /** From now on this entry serves the cluster: weights and health are the new ones, hosts that are gone drain. */
  takeOver(previous: ClusterEntry | undefined): void {
    for (const [i, host] of this.#hosts.entries()) {
      host.weight = this.#config.hosts[i]!.weight;
      host.healthFlags = this.#config.hosts[i]!.healthFlags;
    }
    if (previous === undefined) return;
    previous.httpFilters?.retire?.();
    this.#loadBalancer = this.#makeLoadBalancer();
    if (previous.#pools !== this.#pools) {
      previous.#drainPools();
      previous.info.transports?.dispose();
      return;
    }
    const current = new Set(this.#hosts);
    for (const [host, pools] of this.#pools) {
      if (current.has(host)) continue;
      this.#pools.delete(host);
      drainPools(pools);
    }
  }

  /** The cluster is gone: what is in flight finishes. */
  drain(): void {
    this.httpFilters?.retire?.();
    this.#drainPools();
    this.info.transports?.dispose();
  }

  #drainPools(): void {
    for (const pools of this.#pools.values()) drainPools(pools);
    this.#pools.clear();
  }

  httpConnPool(
    priority: "default" | "high",
    context: LoadBalancerContext,
  ): HttpConnectionPool | undefined {
    const host = this.#chooseHost(context);
    if (host === undefined) return undefined;
    let pools = this.#pools.get(host);
    if (pools === undefined) {
      pools = new Map<string, Pool>();
      this.#pools.set(host, pools);
    }
    const names = this.#names(context);
    const protocol = this.#protocol(context);
    const key = poolKeys[protocol][priority];
    if (names !== configuredNames) return this.#poolFor(names, pools, { host, protocol, priority });
    let pool = pools.get(key);
    if (pool === undefined) {
      pool = this.#makePool({ host, protocol, priority }, names, undefined);
      pools.set(key, pool);
    }
    return pool;
  }

  /** Requests choose the names, so there may be any number of them: a pool goes with its last connection. */
  #poolFor(names: RequestNames, pools: HostPools, kind: PoolKind): Pool {
    const key = `${poolKeys[kind.protocol][kind.priority]} ${names.serverName} ${names.subjectAltNames.join()} ${names.alpnProtocols?.join()}`;
    const kept = pools.get(key);
    if (kept !== undefined) return kept;
    const owner: PoolOwner = {
      onPoolRoom: () => undefined,
      onClientGone: () => {
        if (pool.empty && pools.get(key) === pool) pools.delete(key);
      },
    };
    const pool = this.#makePool(kind, names, owner);
    pools.set(key, pool);
    return pool;
  }

  tunnel(context: LoadBalancerContext): HttpConnectionPool | undefined {
    const host = this.#chooseHost(context);
    if (host === undefined) return undefined;
    const { dispatcher } = this.#environment;
    const result = connectTcp(this.info, host, dispatcher, this.#names(context));
    return result.kind === "connection"
      ? new Tunnel(result.connection, host)
      : { host, ...noTunnel };
  }

  httpAsyncClient(): AsyncClient {
    const { dispatcher, localInfo } = this.#environment;
    return new AsyncClientImpl(this, { dispatcher, localAddress: localInfo.address });
  }

  tcpConnection(context: LoadBalancerContext): TcpConnectionResult {
    const host = this.#chooseHost(context);
    if (host === undefined) return { kind: "no_host" };
    return connectTcp(this.info, host, this.#environment.dispatcher, this.#names(context));
  }

  #chooseHost(context: LoadBalancerContext): HostImpl | undefined {
    const override = context.streamInfo?.upstreamOverrideHost;
    const host =
      override === undefined ? this.#loadBalancer.chooseHost() : this.#chooseHostBy(override);
    if (host === undefined) this.info.stats.upstreamCxNoneHealthy.inc();
    return host;
  }

  /** Envoy's default of `override_host_status`: healthy and degraded hosts can be asked for. */
  #chooseHostBy({ address, strict }: UpstreamOverrideHost): HostImpl | undefined {
    const host = this.#hosts.find(({ addressText }) => addressText === address);
    const use = host && hostUse(host.healthFlags);
    if (use === "healthy" || use === "degraded") return host;
    return strict ? undefined : this.#loadBalancer.chooseHost();
  }

  #protocol(context: LoadBalancerContext): PoolProtocol {
    const { upstreamProtocol } = this.#config;
    if (upstreamProtocol !== "DOWNSTREAM") return upstreamProtocol;
    return context.streamInfo?.protocol === "HTTP/2" ? "HTTP2" : "HTTP1";
  }

  #names(context: LoadBalancerContext): RequestNames {
    const config = this.#config.requestServerName;
    const names =
      config === undefined ? configuredNames : requestNames(config, context.requestHeaders);
    const { streamInfo } = context;
    if (this.info.transports === undefined || streamInfo === undefined) return names;
    return namesOfState(streamInfo.filterState, names);
  }

  #makePool(kind: PoolKind, names: RequestNames, owner: PoolOwner | undefined): Pool {
    const { dispatcher } = this.#environment;
    const environment = { dispatcher, logger: this.#logger, names, owner };
    return new poolClasses[kind.protocol](this.info, kind.host, kind.priority, environment);
  }

  #makeLoadBalancer(): RoundRobinLoadBalancer {
    const panics = this.info.scope.counter("lb_healthy_panic");
    const { random } = this.#environment.dispatcher;
    return new RoundRobinLoadBalancer(this.#hosts, this.#config, random, panics);
  }

  #isInterchangeableWith(config: ClusterConfig): boolean {
    return (
      this.#config.resourceCounts === config.resourceCounts &&
      poolKeyOf(this.#config) === poolKeyOf(config)
    );
  }

  #hostsByKey(): Map<string, HostImpl[]> {
    const byKey = new Map<string, HostImpl[]>();
    for (const [i, host] of this.#hosts.entries()) {
      const key = hostKeyOf(this.#config, i);
      const same = byKey.get(key);
      if (same === undefined) byKey.set(key, [host]);
      else same.push(host);
    }
    return byKey;
  }
}

function drainPools(pools: HostPools): void {
  for (const pool of pools.values()) pool.drain();
}

type PoolProtocol = "HTTP1" | "HTTP2" | "ALPN";

/** What pool it is. */
interface PoolKind {
  readonly host: HostImpl;
  readonly protocol: PoolProtocol;
  readonly priority: "default" | "high";
}

const poolClasses = { HTTP1: Http1Pool, HTTP2: Http2Pool, ALPN: AlpnPool } as const;

const poolKeys = {
  HTTP1: { default: "http1 default", high: "http1 high" },
  HTTP2: { default: "http2 default", high: "http2 high" },
  ALPN: { default: "alpn default", high: "alpn high" },
} as const;
