import { defaultHttp2Settings } from "./http2.ts";
import { once } from "node:events";
import net from "node:net";
import { addressText } from "../../host/src/common/address.ts";
import {
  bindSocket,
  boundAddress,
  listenSocket,
  setReuseAddress,
  streamSocket,
} from "../../host/src/common/libc.ts";
import { ThreadDispatcher } from "../../host/src/common/time/dispatcher.ts";
import type { AccessLogType } from "../../host/src/contracts/access-log.ts";
import type { Address } from "../../host/src/contracts/address.ts";
import type {
  ClusterConfig,
  ExtensionConfig,
  FilterChainConfig,
  FilterChainMatchConfig,
  ListenerConfig,
  ListenerFilterConfig,
} from "../../host/src/contracts/config/snapshot.ts";
import type {
  ExtensionRegistry,
  ListenerFilterFactory,
  NetworkFilterFactory,
} from "../../host/src/contracts/extension.ts";
import type { Dispatcher } from "../../host/src/contracts/event.ts";
import type { Logger } from "../../host/src/contracts/log.ts";
import type { NetworkFilterFactoryCb } from "../../host/src/contracts/network/filter.ts";
import type {
  ListenerFilter,
  ListenerFilterFactoryCb,
} from "../../host/src/contracts/network/listener-filter.ts";
import type { WorkerContext } from "../../host/src/contracts/runtime.ts";
import type { StreamInfo } from "../../host/src/contracts/stream-info.ts";
import { httpInspectorFilter } from "../../host/src/extensions/listener-filters/http_inspector/config.ts";
import { directResponseFilter } from "../../host/src/extensions/network-filters/direct_response/config.ts";
import { echoFilter } from "../../host/src/extensions/network-filters/echo/config.ts";
import {
  tcpProxyFilter,
  type TcpProxyConfig,
} from "../../host/src/extensions/network-filters/tcp_proxy/config.ts";
import {
  ConnectionHandler,
  type ConnectionHandlerOptions,
} from "../../host/src/listener/connection-handler.ts";
import { ThreadStats } from "../../host/src/stats/thread-stats.ts";
import { ClusterManagerImpl } from "../../host/src/upstream/cluster-manager.ts";

/** What an access log was told, as it was at that moment. */
export interface LogLine {
  readonly type: AccessLogType;
  readonly info: StreamInfo;
  readonly flags: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/** Filters that tests make up: the configuration is the factory. */
const scriptedNetworkFilter: NetworkFilterFactory<NetworkFilterFactoryCb> = {
  name: "test.network",
  messageName: "test.Network",
  isTerminal: true,
  parseConfig: () => () => undefined,
  createFilterFactory: (config) => config,
};
const scriptedListenerFilter: ListenerFilterFactory<ListenerFilterFactoryCb> = {
  name: "test.listener",
  messageName: "test.Listener",
  parseConfig: () => {
    throw new Error("not configurable");
  },
  createFilterFactory: (config) => config,
};

const networkFilters = [echoFilter, directResponseFilter, tcpProxyFilter, scriptedNetworkFilter];
const listenerFilterFactories = [httpInspectorFilter, scriptedListenerFilter];

/** The extensions of layer 4. */
export const testRegistry: ExtensionRegistry = {
  httpFilter: () => undefined,
  httpFilterOfRoute: () => undefined,
  downstreamTransportSocket: () => undefined,
  upstreamTransportSocket: () => undefined,
  accessLogger: () => undefined,
  bootstrapExtension: () => undefined,
  statsSink: () => undefined,
  factories: () => [],
  networkFilter: (name) =>
    networkFilters.find((factory) => factory.messageName === name) as NetworkFilterFactory,
  listenerFilter: (name) =>
    listenerFilterFactories.find(
      (factory) => factory.messageName === name,
    ) as ListenerFilterFactory,
};

const typeUrl = (messageName: string): string => `type.googleapis.com/${messageName}`;
const extension = (messageName: string, config: unknown): ExtensionConfig => ({
  name: messageName,
  typeUrl: typeUrl(messageName),
  config,
});

export const echo = (): ExtensionConfig => extension(echoFilter.messageName, null);
export const directResponse = (text: string): ExtensionConfig =>
  extension(directResponseFilter.messageName, { response: Buffer.from(text) });
export const network = (create: NetworkFilterFactoryCb): ExtensionConfig =>
  extension(scriptedNetworkFilter.messageName, create);
export const httpInspector = (): ListenerFilterConfig => ({
  extension: extension(httpInspectorFilter.messageName, null),
  disabled: undefined,
});
export const listenerFilters = (create: ListenerFilterFactoryCb): ListenerFilterConfig => ({
  extension: extension(scriptedListenerFilter.messageName, create),
  disabled: undefined,
});
export const listenerFilter = (create: () => ListenerFilter): ListenerFilterConfig =>
  listenerFilters((add) => add(create()));
export const tcpProxy = (config: Partial<TcpProxyConfig> & { cluster?: string }): ExtensionConfig =>
  extension(tcpProxyFilter.messageName, {
    statPrefix: "t",
    clusters: [{ name: config.cluster ?? "up", weight: 1 }],
    idleTimeoutMs: 0,
    maxConnectAttempts: 1,
    maxDownstreamConnectionDurationMs: 0,
    durationJitterPercent: 0,
    backoff: undefined,
    accessLogs: [log],
    accessLogFlushIntervalMs: 0,
    flushAccessLogOnConnected: false,
    ...config,
  } satisfies TcpProxyConfig & { cluster?: string });

/** An access log that `ListenerHarness.logs` shows. */
export const log: ExtensionConfig = extension("test.Log", null);

export const anyMatch: FilterChainMatchConfig = {
  destinationPort: undefined,
  prefixRanges: [],
  serverNames: [],
  transportProtocol: "",
  applicationProtocols: [],
  directSourcePrefixRanges: [],
  sourceType: "any",
  sourcePrefixRanges: [],
  sourcePorts: [],
};

export function chain(
  filters: readonly ExtensionConfig[],
  match: Partial<FilterChainMatchConfig> = {},
  name = "",
): FilterChainConfig {
  return {
    name,
    filters,
    match: { ...anyMatch, ...match },
    transportSocketConnectTimeoutMs: 0,
  };
}

export function listenerConfig(
  name: string,
  filterChains: readonly FilterChainConfig[],
  options: Partial<ListenerConfig> = {},
): ListenerConfig {
  return {
    name,
    metadata: {},
    direction: "unspecified",
    statPrefix: name,
    address: { kind: "ip", ip: "127.0.0.1", port: 0, family: 4 },
    additionalAddresses: [],
    perConnectionBufferLimitBytes: 1_048_576,
    tcpBacklogSize: 128,
    reusePort: false,
    maxConnectionsToAcceptPerSocketEvent: 0,
    listenerFilters: [],
    listenerFiltersTimeoutMs: 15_000,
    continueOnListenerFiltersTimeout: false,
    filterChains,
    defaultFilterChain: undefined,
    accessLogs: [log],
    ...options,
  };
}

export function clusterConfig(
  name: string,
  hosts: readonly Address[],
  options: Partial<ClusterConfig> = {},
): ClusterConfig {
  const thresholds = {
    maxConnections: 1024,
    maxPendingRequests: 1024,
    maxRequests: 1024,
    maxRetries: 3,
  };
  return {
    name,
    observabilityName: name,
    httpFilters: [],
    type: "STATIC",
    lbPolicy: "ROUND_ROBIN",
    connectTimeoutMs: 5000,
    perConnectionBufferLimitBytes: 1_048_576,
    hosts: hosts.map((address) => ({
      address,
      hostname: "",
      weight: 1,
      priority: 0,
      healthFlags: 0,
      locality: { region: "", zone: "", subZone: "" },
      metadata: {},
    })),
    healthyPanicThreshold: 50,
    overprovisioningFactor: 140,
    circuitBreakers: { default: thresholds, high: thresholds },
    idleTimeoutMs: 0,
    maxRequestsPerConnection: 0,
    upstreamProtocol: "HTTP1",
    http2: defaultHttp2Settings,
    http1: {
      maxHeadersCount: 100,
      maxHeadersBytes: 61_440,
      headerKeyFormat: "default",
      enableTrailers: false,
    },
    metadata: {},
    resourceCounts: new SharedArrayBuffer(1024),
    ...options,
  };
}

const silent: Logger = {
  component: "test",
  enabled: () => false,
  log: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warning: () => undefined,
  error: () => undefined,
  critical: () => undefined,
};

/** One worker's listeners and clusters, with real sockets on all sides. */
export class ListenerHarness implements Disposable {
  readonly dispatcher: Dispatcher;
  readonly stats = new ThreadStats(() => undefined);
  readonly clusterManager: ClusterManagerImpl;
  readonly handler: ConnectionHandler;
  readonly logs: LogLine[] = [];
  readonly #addresses = new Map<string, { readonly configured: string; readonly bound: Address }>();
  readonly #upstreams: { close(): void }[] = [];
  #logWaiters: (() => void)[] = [];

  constructor(options: ConnectionHandlerOptions & { dispatcher?: Dispatcher } = {}) {
    this.dispatcher = options.dispatcher ?? new ThreadDispatcher("worker_0");
    const base = {
      workerIndex: 0,
      concurrency: 1,
      dispatcher: this.dispatcher,
      loggers: { logger: () => silent },
      stats: this.stats,
      localInfo: {
        nodeId: "",
        clusterName: "",
        zone: "",
        nodeMetadata: {},
        address: "127.0.0.1",
        version: "test",
      },
    };
    this.clusterManager = new ClusterManagerImpl(base);
    const context: Partial<WorkerContext> = {
      ...base,
      clusterManager: this.clusterManager,
      createAccessLog: () => Promise.resolve({ log: (info, type) => this.#onLog(info, type) }),
      singleton: (_key, create) => create(),
    };
    this.handler = new ConnectionHandler(context as WorkerContext, testRegistry, options);
  }

  [Symbol.dispose](): void {
    this.handler.close();
    for (const upstream of this.#upstreams) upstream.close();
  }

  /** Stages and commits listeners, and binds those that are new. */
  async put(...configs: ListenerConfig[]): Promise<void> {
    const staged = [];
    for (const config of configs) staged.push(await this.handler.stageListener(config));
    this.handler.commit(staged, []);
    for (const config of configs) {
      const addresses = [config.address, ...config.additionalAddresses];
      for (const [index, address] of addresses.entries()) this.#bind(config.name, index, address);
    }
  }

  /** The address that a listener is bound to. */
  address(name: string, index = 0): Address {
    return this.#addresses.get(`${name} ${index}`)!.bound;
  }

  /** A client's socket to a listener, connected. */
  async connect(name: string, index = 0): Promise<net.Socket> {
    const address = this.address(name, index);
    const options = { allowHalfOpen: true, noDelay: true };
    const socket = net.connect(
      address.kind === "pipe"
        ? { ...options, path: address.path }
        : { ...options, host: address.ip, port: address.port },
    );
    socket.on("error", () => undefined);
    await once(socket, "connect");
    this.#upstreams.push({ close: () => socket.destroy() });
    return socket;
  }

  /** An upstream server as the only host of a new cluster. */
  async upstream(
    name: string,
    onConnection: (socket: net.Socket) => void,
    options: Partial<ClusterConfig> = {},
  ): Promise<void> {
    const sockets = new Set<net.Socket>();
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      sockets.add(socket.on("error", () => undefined));
      onConnection(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    this.#upstreams.push({
      close: () => {
        server.close();
        for (const socket of sockets) socket.destroy();
      },
    });
    this.cluster(clusterConfig(name, [{ kind: "ip", ip: "127.0.0.1", port, family: 4 }], options));
  }

  cluster(config: ClusterConfig): void {
    this.clusterManager.stage({ clusters: [config], removedClusters: [] }).commit();
  }

  counter(name: string): number {
    return this.stats.counter(name).value;
  }

  gauge(name: string): number {
    return this.stats.gauge(name).value;
  }

  /** Resolves when `count` lines have been logged. */
  async untilLogged(count: number): Promise<readonly LogLine[]> {
    while (this.logs.length < count) {
      await new Promise<void>((resolve) => this.#logWaiters.push(resolve));
    }
    return this.logs;
  }

  /** Resolves when `condition` holds; looks after every turn of the event loop, for ten seconds. */
  async until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`never came true: ${condition.toString()}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #bind(name: string, index: number, address: Address): void {
    const key = `${name} ${index}`;
    const configured = addressText(address);
    if (this.#addresses.get(key)?.configured === configured) return;
    const fd = streamSocket(address);
    setReuseAddress(fd);
    bindSocket(fd, address);
    listenSocket(fd, 128);
    const bound = address.kind === "pipe" ? address : boundAddress(fd);
    this.#addresses.set(key, { configured, bound });
    this.handler.listen(name, index, fd);
  }

  #onLog(info: StreamInfo, type: AccessLogType): void {
    this.logs.push({
      type,
      info,
      flags: info.responseFlags,
      bytesReceived: info.bytesReceived,
      bytesSent: info.bytesSent,
    });
    const waiters = this.#logWaiters;
    this.#logWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
