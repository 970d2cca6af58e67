import type { AccessLog } from "../../contracts/access-log.ts";
import type { LocalInfo } from "../../contracts/config/snapshot.ts";
import type { DataBuffer } from "../../contracts/buffer.ts";
import type { Dispatcher } from "../../contracts/event.ts";
import type { ServerConnection, ServerConnectionCallbacks } from "../../contracts/http/codec.ts";
import type { Connection } from "../../contracts/network/connection.ts";
import type { RouteProvider } from "../../contracts/router/route-providers.ts";
import type { RouteTable } from "../../contracts/router/route.ts";
import type { FilterChain } from "../filter-manager/filter-chain.ts";
import type { HcmConfig } from "./config.ts";
import { DateProvider } from "./date-provider.ts";
import { EventClock } from "./event-clock.ts";
import { RequestHeaderMutator } from "./request-headers.ts";
import { ResponseHeaderMutator } from "./response-headers.ts";
import type { ConnectionManagerStats } from "./stats.ts";

/** What connection managers of one configuration are given, on one worker. */
export interface ConnectionManagerOptions {
  readonly config: HcmConfig;
  /** Makes the codec of a connection, when its first bytes are there; undefined: they do not tell yet. */
  readonly createCodec: (
    connection: Connection,
    data: DataBuffer,
    callbacks: ServerConnectionCallbacks,
  ) => ServerConnection | undefined;
  readonly routeTable: RouteTable;
  /** Where the table comes from when it may change; `routeTable` is for as long as there is none. */
  readonly routes?: RouteProvider | undefined;
  readonly filterChain: FilterChain;
  readonly accessLogs: readonly AccessLog[];
  readonly stats: ConnectionManagerStats;
  readonly dispatcher: Dispatcher;
  readonly localInfo: LocalInfo;
}

/** The options, and what is made from them once for all connections. */
export class SharedState {
  readonly config: HcmConfig;
  readonly createCodec: ConnectionManagerOptions["createCodec"];
  readonly filterChain: FilterChain;
  readonly accessLogs: readonly AccessLog[];
  readonly stats: ConnectionManagerStats;
  readonly dispatcher: Dispatcher;
  /** Stands still while bytes of one event are being parsed. */
  readonly clock: EventClock;
  readonly requestHeaders: RequestHeaderMutator;
  readonly responseHeaders: ResponseHeaderMutator;
  readonly #routeTable: RouteTable;
  readonly #routes: RouteProvider | undefined;
  #lastStreamId = 0;

  constructor(options: ConnectionManagerOptions) {
    const { config, dispatcher } = options;
    this.config = config;
    this.createCodec = options.createCodec;
    this.#routeTable = options.routeTable;
    this.#routes = options.routes;
    this.filterChain = options.filterChain;
    this.accessLogs = options.accessLogs;
    this.stats = options.stats;
    this.dispatcher = dispatcher;
    this.clock = new EventClock(dispatcher.time);
    this.requestHeaders = new RequestHeaderMutator(
      config,
      options.localInfo,
      dispatcher.random,
      () => this.routeTable.internalOnlyHeaders,
    );
    this.responseHeaders = new ResponseHeaderMutator(config, new DateProvider(this.clock));
  }

  /** For new streams. */
  get routeTable(): RouteTable {
    return this.#routes?.current ?? this.#routeTable;
  }

  /** Its last connection has ended. */
  dispose(): void {
    this.filterChain.dispose();
    for (const log of this.accessLogs) log.dispose?.();
  }

  nextStreamId(): number {
    this.#lastStreamId += 1;
    return this.#lastStreamId;
  }
}
