import { once } from "node:events";
import net from "node:net";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { ThreadDispatcher } from "../../host/src/common/time/dispatcher.ts";
import type { Cluster } from "../../host/src/config/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { RouteConfiguration } from "../../host/src/config/gen/envoy/config/route/v3/route_pb.js";
import type { ClusterConfig } from "../../host/src/contracts/config/snapshot.ts";
import type { Dispatcher } from "../../host/src/contracts/event.ts";
import type { HttpFilterContext } from "../../host/src/contracts/extension.ts";
import type { HttpFilterInstances } from "../../host/src/contracts/http/filter.ts";
import type { Logger } from "../../host/src/contracts/log.ts";
import { routerFilter } from "../../host/src/extensions/http-filters/router/config.ts";
import type { HcmConfig } from "../../host/src/http/connection-manager/config.ts";
import { parseRouteConfiguration } from "../../host/src/router/config.ts";
import type { RouterConfig } from "../../host/src/router/router-config.ts";
import { createRouteTable } from "../../host/src/router/route-table.ts";
import type { StatAnnouncement } from "../../host/src/stats/announcement.ts";
import { ThreadStats } from "../../host/src/stats/thread-stats.ts";
import { ClusterManagerImpl } from "../../host/src/upstream/cluster-manager.ts";
import { parseCluster } from "../../host/src/upstream/config.ts";
import { MainClusters } from "../../host/src/upstream/main-clusters.ts";
import { allocateResourceCounts } from "../../host/src/upstream/resource-manager.ts";
import { messageOf, recordingParseContext } from "./config-message.ts";
import { HcmServer } from "./hcm-server.ts";

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

/** A cluster as plain data, from the JSON of `Cluster`; its endpoints are 127.0.0.1 at `ports`. */
export function clusterOf(
  name: string,
  ports: readonly number[],
  more: JsonObject = {},
): ClusterConfig {
  const endpoints = ports.map((port): JsonObject => {
    const address = { socket_address: { address: "127.0.0.1", port_value: port } };
    return { endpoint: { address } };
  });
  const context = recordingParseContext();
  const json: JsonObject = {
    name,
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    ...more,
  };
  const message = messageOf<Cluster>("envoy.config.cluster.v3.Cluster", json);
  const parsed = parseCluster(message, context);
  if (context.problems.length > 0) throw new Error(context.problems.join("; "));
  return { ...parsed, resourceCounts: allocateResourceCounts(2) };
}

/** The clusters of one worker with their stats. */
export class TestClusters {
  readonly dispatcher: Dispatcher;
  readonly stats: ThreadStats;
  readonly manager: ClusterManagerImpl;
  readonly main: MainClusters;
  readonly #announced: StatAnnouncement[] = [];

  constructor(dispatcher: Dispatcher = new ThreadDispatcher("worker_0"), workerIndex = 0) {
    this.dispatcher = dispatcher;
    this.stats = new ThreadStats((batch) => this.#announced.push(...batch));
    this.main = new MainClusters(this.stats);
    this.manager = new ClusterManagerImpl({
      workerIndex,
      dispatcher,
      loggers: { logger: () => silent },
      stats: this.stats,
      localInfo,
    });
  }

  put(...clusters: ClusterConfig[]): void {
    this.update({ clusters, removedClusters: [] });
  }

  update(update: { clusters: ClusterConfig[]; removedClusters: string[] }): void {
    this.manager.stage(update).commit();
    this.main.commit(update);
  }

  /** Counters and gauges that are shown, below `prefix`, by what stands behind it. */
  values(prefix: string): Map<string, number> {
    this.main.refresh();
    this.stats.flush();
    const values = new Map<string, number>();
    for (const each of this.#announced) {
      if (each.kind !== "counter" && each.kind !== "gauge") continue;
      if (each.hidden || !each.name.startsWith(prefix)) continue;
      values.set(each.name.slice(prefix.length), this.stats[each.kind](each.name).value);
    }
    return values;
  }

  /** The names of histograms below `prefix`. */
  histograms(prefix: string): string[] {
    this.stats.flush();
    return this.#announced
      .filter((each) => each.kind === "histogram" && each.name.startsWith(prefix))
      .map((each) => (each.kind === "histogram" ? each.name.slice(prefix.length) : ""));
  }
}

const localInfo = {
  nodeId: "n",
  clusterName: "c",
  zone: "",
  nodeMetadata: {},
  address: "192.0.2.2",
  version: "",
};

export interface RouterServerOptions {
  /** JSON of `VirtualHost`s, or of one virtual host's routes. */
  readonly routes?: readonly JsonValue[];
  readonly virtualHosts?: readonly JsonValue[];
  readonly clusters: readonly ClusterConfig[];
  readonly router?: Partial<RouterConfig>;
  readonly hcm?: Partial<HcmConfig>;
  readonly dispatcher?: Dispatcher;
  /** In front of the router. */
  readonly filters?: readonly { readonly name: string; readonly instances: HttpFilterInstances }[];
  readonly bufferLimit?: number;
}

/** A connection manager with the router and real clusters behind a real listening socket. */
export class RouterServer implements AsyncDisposable {
  readonly clusters: TestClusters;
  readonly server: HcmServer;

  static async start(options: RouterServerOptions): Promise<RouterServer> {
    const clusters = new TestClusters(options.dispatcher);
    clusters.put(...options.clusters);
    const context = {
      dispatcher: clusters.dispatcher,
      clusterManager: clusters.manager,
      stats: clusters.stats,
      statPrefix: "http.p.",
      singleton: <T>(_key: string, create: () => T): T => create(),
    } as unknown as HttpFilterContext;
    const config: RouterConfig = {
      dynamicStats: true,
      suppressEnvoyHeaders: false,
      respectExpectedRqTimeout: false,
      upstreamHttpFilters: [],
      ...options.router,
    };
    const instances = await routerFilter.createFilterFactory(config, context);
    const server = await HcmServer.start({
      config: options.hcm ?? {},
      dispatcher: clusters.dispatcher,
      filters: [...(options.filters ?? []), { name: "router", instances }],
      routeTable: routeTableOf(options),
      ...(options.bufferLimit !== undefined && { bufferLimit: options.bufferLimit }),
    });
    return new RouterServer(clusters, server);
  }

  private constructor(clusters: TestClusters, server: HcmServer) {
    this.clusters = clusters;
    this.server = server;
  }

  get port(): number {
    return this.server.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.clusters.update({
      clusters: [],
      removedClusters: this.clusters.main.configs.map(({ name }) => name),
    });
    await this.server[Symbol.asyncDispose]();
  }
}

function routeTableOf(options: RouterServerOptions) {
  const routes = (options.routes ?? []) as JsonObject[];
  const hosts = options.virtualHosts ?? [{ name: "v", domains: ["*"], routes }];
  const message = messageOf<RouteConfiguration>("envoy.config.route.v3.RouteConfiguration", {
    name: "rc",
    virtual_hosts: hosts as JsonObject[],
  });
  const context = recordingParseContext();
  const config = parseRouteConfiguration(message, context);
  if (context.problems.length > 0) throw new Error(context.problems.join("; "));
  return createRouteTable(config);
}

/** A TCP server that treats each connection as a test says. */
export class TestUpstream implements AsyncDisposable {
  readonly sockets: net.Socket[] = [];
  readonly #server: net.Server;
  #wake: (() => void)[] = [];

  static async start(onConnection: (socket: net.Socket) => void): Promise<TestUpstream> {
    const upstream = new TestUpstream(onConnection);
    upstream.#server.listen(0, "127.0.0.1");
    await once(upstream.#server, "listening");
    return upstream;
  }

  private constructor(onConnection: (socket: net.Socket) => void) {
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.sockets.push(socket);
      socket.on("error", () => undefined);
      socket.on("end", () => socket.end());
      onConnection(socket);
      const wake = this.#wake;
      this.#wake = [];
      for (const each of wake) each();
    });
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Waits until this many connections have come. */
  async untilConnected(count: number): Promise<void> {
    while (this.sockets.length < count) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    if (this.#server.listening) await once(this.#server, "close");
  }
}

/** Answers each request of a connection, which must have no body or a Content-Length. */
export function answering(answer: (head: string, body: string) => string) {
  return (socket: net.Socket): void => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      for (;;) {
        const end = text.indexOf("\r\n\r\n");
        if (end < 0) return;
        const head = text.slice(0, end);
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (text.length < end + 4 + length) return;
        const body = text.slice(end + 4, end + 4 + length);
        text = text.slice(end + 4 + length);
        socket.write(answer(head, body), "latin1");
      }
    });
  };
}

/** A 200 with a body. */
export function ok(body: string, headers = ""): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`;
}
