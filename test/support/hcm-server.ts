import { once } from "node:events";
import net from "node:net";
import { ipAddress } from "../../host/src/common/address.ts";
import { StreamInfoImpl } from "../../host/src/common/stream-info.ts";
import { ThreadDispatcher } from "../../host/src/common/time/dispatcher.ts";
import type { LocalInfo } from "../../host/src/contracts/config/snapshot.ts";
import type { Dispatcher } from "../../host/src/contracts/event.ts";
import type { HttpFilterInstances } from "../../host/src/contracts/http/filter.ts";
import type { Route, RouteTable } from "../../host/src/contracts/router/route.ts";
import type { StreamInfo } from "../../host/src/contracts/stream-info.ts";
import { createHttp2CodecStats } from "../../host/src/http/codec/http2/stats.ts";
import { createCodec } from "../../host/src/http/connection-manager/create-codec.ts";
import type { HcmConfig } from "../../host/src/http/connection-manager/config.ts";
import { ConnectionManager } from "../../host/src/http/connection-manager/connection-manager.ts";
import { SharedState } from "../../host/src/http/connection-manager/connection-manager-options.ts";
import { ConnectionManagerStats } from "../../host/src/http/connection-manager/stats.ts";
import { FilterChain } from "../../host/src/http/filter-manager/filter-chain.ts";
import { nextConnectionId } from "../../host/src/network/connection-id.ts";
import { ConnectionImpl } from "../../host/src/network/connection.ts";
import { SocketIo, socketOptions } from "../../host/src/network/socket-io.ts";
import { ThreadStats } from "../../host/src/stats/thread-stats.ts";
import { defaultHttp2Settings } from "./http2.ts";
import { routeWith } from "./filter-harness.ts";
import { SimulatedDispatcher } from "./simulated-dispatcher.ts";

/** The settings that an empty `HttpConnectionManager` message stands for. */
export const defaultHcmConfig: HcmConfig = {
  statPrefix: "p",
  routeConfig: undefined,
  httpFilters: [],
  accessLogs: [],
  http1: {
    maxHeadersBytes: 61_440,
    maxHeadersCount: 100,
    acceptHttp10: false,
    defaultHostForHttp10: "",
    allowAbsoluteUrl: true,
    enableTrailers: false,
    allowChunkedLength: false,
    headerKeyFormat: "default",
    underscoresInHeaders: "allow",
    streamErrorOnInvalidHttpMessage: false,
    upgrades: false,
  },
  codecType: "AUTO",
  upgrades: [],
  http2: defaultHttp2Settings,
  maxRequestsPerConnection: 0,
  streamIdleTimeoutMs: 300_000,
  requestTimeoutMs: 0,
  requestHeadersTimeoutMs: 0,
  maxStreamDurationMs: 0,
  idleTimeoutMs: 3_600_000,
  maxConnectionDurationMs: 0,
  maxConnectionDurationJitterPercent: 0,
  drainTimeoutMs: 5000,
  delayedCloseTimeoutMs: 1000,
  forwarded: {
    useRemoteAddress: false,
    xffNumTrustedHops: 0,
    skipXffAppend: false,
    appendXForwardedPort: false,
    clientCert: {
      mode: "SANITIZE",
      subject: false,
      cert: false,
      chain: false,
      dns: false,
      uri: false,
    },
    schemeToOverwrite: "",
    internalAddresses: { cidrRanges: [], unixSockets: false },
  },
  requestId: {
    generate: true,
    preserveExternal: false,
    alwaysSetInResponse: false,
    packTraceReason: true,
  },
  path: { normalize: false, mergeSlashes: false, escapedSlashes: "keep" },
  stripPort: "none",
  stripTrailingHostDot: false,
  serverName: "envoy",
  serverHeaderTransformation: "overwrite",
  via: "",
  addUserAgent: false,
  proxy100Continue: false,
};

/** Time stands still until a test moves it; posted callbacks run by themselves. */
export class FrozenDispatcher extends SimulatedDispatcher {
  override post(callback: () => void): void {
    setImmediate(callback);
  }
}

export interface HcmServerOptions {
  readonly config?: Partial<HcmConfig>;
  /** The last one is terminal. */
  readonly filters: readonly { readonly name: string; readonly instances: HttpFilterInstances }[];
  /** Undefined from it: no route. Default: a route without any settings. */
  readonly route?: (path: string, random: number) => Route | undefined;
  readonly internalOnlyHeaders?: readonly string[];
  /** Instead of the two above. */
  readonly routeTable?: RouteTable;
  readonly dispatcher?: Dispatcher;
  readonly bufferLimit?: number;
  readonly localInfo?: Partial<LocalInfo>;
}

/** Connection managers behind a real listening socket. */
export class HcmServer implements AsyncDisposable {
  readonly stats = new ThreadStats(() => undefined);
  readonly logged: StreamInfo[] = [];
  readonly connections = new Set<ConnectionImpl>();
  readonly #server: net.Server;
  readonly #shared: SharedState;
  readonly #dispatcher: Dispatcher;
  readonly #bufferLimit: number;
  #wake: (() => void)[] = [];

  static async start(options: HcmServerOptions): Promise<HcmServer> {
    const server = new HcmServer(options);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  private constructor(options: HcmServerOptions) {
    const config: HcmConfig = { ...defaultHcmConfig, ...options.config };
    this.#dispatcher = options.dispatcher ?? new ThreadDispatcher("worker_0");
    this.#bufferLimit = options.bufferLimit ?? 1_048_576;
    const codecStats = {
      http1: {
        droppedHeadersWithUnderscores: this.stats.counter("http1.dropped_headers_with_underscores"),
        requestsRejectedWithUnderscoresInHeaders: this.stats.counter(
          "http1.requests_rejected_with_underscores_in_headers",
        ),
        metadataNotSupportedError: this.stats.counter("http1.metadata_not_supported_error"),
        responseFlood: this.stats.counter("http1.response_flood"),
      },
      http2: () => createHttp2CodecStats(this.stats.scope("http2")),
    };
    const entries = options.filters.map((each) => ({
      ...each,
      disabled: false,
      provider: undefined,
    }));
    this.#shared = new SharedState({
      config,
      createCodec: (connection, data, callbacks) =>
        createCodec(connection, data, callbacks, config, codecStats),
      routeTable: options.routeTable ?? routeTableOf(options),
      filterChain: new FilterChain(entries),
      accessLogs: [{ log: (info) => this.#log(info) }],
      stats: new ConnectionManagerStats(
        this.stats.scope("http.p"),
        this.stats.scope("listener.l.http.p"),
      ),
      dispatcher: this.#dispatcher,
      localInfo: {
        nodeId: "node-1",
        clusterName: "cluster-1",
        zone: "",
        nodeMetadata: {},
        address: "192.0.2.2",
        version: "",
        ...options.localInfo,
      },
    });
    this.#server = net.createServer(
      { ...socketOptions, pauseOnConnect: true, noDelay: true },
      (socket) => this.#accept(socket),
    );
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** The value of a counter or gauge of `http.p.`. */
  stat(name: string): number {
    return this.stats.counter(`http.p.${name}`).value;
  }

  gauge(name: string): number {
    return this.stats.gauge(`http.p.${name}`).value;
  }

  /** Waits until this many streams have been logged; gives the last. */
  async untilLogged(count: number): Promise<StreamInfo> {
    while (this.logged.length < count) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.logged[count - 1]!;
  }

  /** Tells all connections that the server goes away. */
  drain(): void {
    for (const connection of this.connections) connection.raiseDrain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const connection of this.connections) connection.close(4);
    if (this.#server.listening) await once(this.#server, "close");
  }

  #log(info: StreamInfo): void {
    this.logged.push(info);
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
  }

  #accept(socket: net.Socket): void {
    const localAddress = ipAddress(socket.localAddress, socket.localPort)!;
    const remoteAddress = ipAddress(socket.remoteAddress, socket.remotePort)!;
    const id = nextConnectionId();
    const nobody = {
      onSocketData: (): boolean => false,
      onSocketEnd: (): void => undefined,
      onSocketDrain: (): void => undefined,
      onSocketError: (): void => undefined,
    };
    const connection = new ConnectionImpl(this.#dispatcher, new SocketIo(socket, nobody), {
      id,
      streamInfo: new StreamInfoImpl(this.#dispatcher.time, {
        downstreamLocalAddress: localAddress,
        downstreamRemoteAddress: remoteAddress,
        downstreamDirectRemoteAddress: remoteAddress,
        connectionId: id,
        filterChainName: "",
        requestedServerName: "",
      }),
      localAddress,
      remoteAddress,
      directRemoteAddress: remoteAddress,
      requestedApplicationProtocols: [],
      requestedServerName: "",
      bufferLimit: this.#bufferLimit,
    });
    this.connections.add(connection);
    connection.addConnectionCallbacks({
      onEvent: () => this.connections.delete(connection),
      onAboveWriteBufferHighWatermark: () => undefined,
      onBelowWriteBufferLowWatermark: () => undefined,
    });
    connection.addReadFilter(new ConnectionManager(this.#shared));
    connection.initializeReadFilters();
    connection.start(Buffer.alloc(0));
  }
}

function routeTableOf(options: HcmServerOptions): RouteTable {
  const choose = options.route ?? (() => routeWith({}));
  return {
    name: "table",
    internalOnlyHeaders: options.internalOnlyHeaders ?? [],
    route: (headers, _info, random) => {
      const path = headers.get(":path");
      return path === undefined ? undefined : choose(path, random);
    },
  };
}

/** A client socket that remembers what it receives. */
export class TestClient implements AsyncDisposable {
  readonly socket: net.Socket;
  text = "";
  ended = false;
  #wake: (() => void)[] = [];

  static async connect(port: number): Promise<TestClient> {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    const client = new TestClient(socket);
    await once(socket, "connect");
    return client;
  }

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.text += chunk.toString("latin1");
      this.#changed();
    });
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.ended = true;
        this.#changed();
      });
    }
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Waits until what was received satisfies `condition`, or the server closes. */
  async until(condition: (text: string) => boolean): Promise<string> {
    while (!condition(this.text) && !this.ended) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.text;
  }

  /** Waits for `count` whole responses with Content-Length; takes them out. */
  async responses(count: number, head = false): Promise<string[]> {
    const taken: string[] = [];
    while (taken.length < count) {
      const length = responseLength(this.text, head);
      if (length !== undefined) {
        taken.push(this.text.slice(0, length));
        this.text = this.text.slice(length);
      } else if (this.ended) {
        throw new Error(`closed after ${taken.length} responses: ${JSON.stringify(this.text)}`);
      } else {
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    }
    return taken;
  }

  async response(head = false): Promise<string> {
    return (await this.responses(1, head))[0]!;
  }

  async untilClosed(): Promise<string> {
    return this.until(() => false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    if (!this.socket.closed) await once(this.socket, "close");
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
  }
}

/** The length of the response that `text` begins with; undefined while it is not whole. */
function responseLength(text: string, head: boolean): number | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const bodyless = head || /^HTTP\/1\.[01] (1\d\d|204|304)/.test(text);
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, end + 2));
  const chunked = !bodyless && /\r\ntransfer-encoding: chunked\r\n/i.test(text.slice(0, end + 2));
  if (chunked) {
    const last = text.indexOf("\r\n0\r\n\r\n", end);
    return last < 0 ? undefined : last + 7;
  }
  const total = end + 4 + (bodyless || length === null ? 0 : Number(length[1]));
  return text.length >= total ? total : undefined;
}
