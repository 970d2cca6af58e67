import type { Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { AccessLog } from "./access-log.ts";
import type { GuestLimitsConfig, GuestShared } from "./config/guests.ts";
import type {
  DiscoveryCategory,
  ExtensionConfig,
  ExtensionDiscoveryConfig,
  LocalInfo,
} from "./config/snapshot.ts";
import type { HttpFilterInstances } from "./http/filter.ts";
import type { LoggerSource } from "./log.ts";
import type { NetworkFilterFactoryCb } from "./network/filter.ts";
import type { ListenerFilterFactoryCb } from "./network/listener-filter.ts";
import type {
  DownstreamTransportSockets,
  UpstreamTransportSockets,
} from "./network/transport-socket.ts";
import type { Result } from "./result.ts";
import type { RouteDiscoveryConfig } from "./router/route-providers.ts";
import type { ClusterContext, ListenerContext, WorkerContext } from "./runtime.ts";
import type { MaterialSlots, SecretKind, SecretRequest, SecretSlot } from "./secret.ts";
import type { StatsSink } from "./stats-sink.ts";
import type { StatsScope } from "./stats.ts";
import type { ClusterManager } from "./upstream/cluster.ts";

/** Kinds of extension points, as in Envoy's registry categories. */
export type ExtensionKind =
  | "http_filter"
  | "network_filter"
  | "listener_filter"
  | "access_logger"
  | "bootstrap"
  | "stats_sink"
  | "transport_socket"
  | "upstream_transport_socket";

/**
 * Life of an extension's configuration:
 * `parseConfig` (main thread, pure) → `prepare` (main thread, may compile and test) → structured clone →
 * `create…` (once per configuration, worker) → the filter (once per stream or connection) → `dispose`.
 *
 * Every thread loads every factory's module at its start, whatever is configured. It may import protobuf *types* only,
 * and it imports what runs where it is first needed: `await import("./…")` in `prepare` and `create…`.
 */
export interface ExtensionFactory<Config = unknown> {
  /** Envoy's name, e.g. `envoy.filters.http.lua`. */
  readonly name: string;
  /** Full message name of the configuration, e.g. `envoy.extensions.filters.http.lua.v3.Lua`. */
  readonly messageName: string;
  /**
   * The typed message (see `config/gen`) to plain data. Reports what is wrong through `context`, all of it;
   * the result is used only when nothing was reported.
   */
  parseConfig(message: never, context: ParseContext): Config;
  /**
   * Everything that may fail later than parsing: reading code, compiling, a canary run. What it gives is what
   * travels to the workers (a `WebAssembly.Module` may be inside). An error refuses the configuration.
   */
  prepare?(config: Config, context: PrepareContext): Promise<Result<Config, string>>;
}

/** Makes HTTP filters (category `envoy.filters.http`). */
export interface HttpFilterFactory<
  Config = unknown,
  RouteConfig = unknown,
> extends ExtensionFactory<Config> {
  /** True for the router: must be last, and last must be it. */
  readonly isTerminal: boolean;
  /** Message name of `typed_per_filter_config` entries; absent when the filter has no per-route settings. */
  readonly routeMessageName?: string | undefined;
  parseRouteConfig?(message: never, context: ParseContext): RouteConfig;
  prepareRouteConfig?(
    config: RouteConfig,
    context: PrepareContext,
  ): Promise<Result<RouteConfig, string>>;
  createFilterFactory(
    config: Config,
    context: HttpFilterContext,
  ): HttpFilterInstances | Promise<HttpFilterInstances>;
}

/** What an HTTP filter's factory gets on a worker. */
export interface HttpFilterContext extends WorkerContext {
  /** `http.<stat_prefix>.` of the connection manager; the root for filters that come by discovery. */
  readonly statPrefix: string;
  /** The filter's name in the chain. */
  readonly filterName: string;
}

/** Makes network filters (category `envoy.filters.network`). */
export interface NetworkFilterFactory<Config = unknown> extends ExtensionFactory<Config> {
  readonly isTerminal: boolean;
  createFilterFactory(
    config: Config,
    context: ListenerContext,
  ): NetworkFilterFactoryCb | Promise<NetworkFilterFactoryCb>;
}

/** Makes listener filters (category `envoy.filters.listener`). */
export interface ListenerFilterFactory<Config = unknown> extends ExtensionFactory<Config> {
  createFilterFactory(
    config: Config,
    context: ListenerContext,
  ): ListenerFilterFactoryCb | Promise<ListenerFilterFactoryCb>;
}

/**
 * Makes what listeners encrypt with (category `envoy.transport_sockets.downstream`). `raw_buffer` is none of them:
 * plain text has nothing in its way.
 */
export interface DownstreamTransportSocketFactory<
  Config = unknown,
> extends ExtensionFactory<Config> {
  createTransportSockets(
    config: Config,
    context: ListenerContext,
  ): DownstreamTransportSockets | Promise<DownstreamTransportSockets>;
}

/** Makes what clusters encrypt with (category `envoy.transport_sockets.upstream`), `raw_buffer` aside. */
export interface UpstreamTransportSocketFactory<Config = unknown> extends ExtensionFactory<Config> {
  createTransportSockets(
    config: Config,
    context: ClusterContext,
  ): UpstreamTransportSockets | Promise<UpstreamTransportSockets>;
}

/** Makes access loggers (category `envoy.access_loggers`). */
export interface AccessLoggerFactory<Config = unknown> extends ExtensionFactory<Config> {
  /** True for those that cannot be on the main thread: what happens there they log on worker 0. */
  readonly needsWorker?: boolean | undefined;
  createAccessLog(config: Config, context: AccessLogContext): AccessLog | Promise<AccessLog>;
}

/** What access loggers get of a worker, or of the main thread (for the admin interface's). */
export interface AccessLogContext extends Pick<WorkerContext, "loggers" | "singleton" | "stats"> {
  /** All of it; absent on the main thread. */
  readonly worker?: WorkerContext | undefined;
}

/** Makes what runs beside the traffic (category `envoy.bootstrap`). */
export interface BootstrapExtensionFactory<Config = unknown> extends ExtensionFactory<Config> {
  /**
   * Called once per worker, before its first listener is built. Throws, with a text for the operator, when the
   * service does not start. Undefined: this worker does not have it.
   */
  createService(
    config: Config,
    context: WorkerContext,
  ): WorkerService | undefined | Promise<WorkerService | undefined>;
}

/** What runs on a worker from its start to its end. */
export interface WorkerService {
  close(): void;
}

/** Makes stats sinks (category `envoy.stats_sinks`). They run on worker 0. */
export interface StatsSinkFactory<Config = unknown> extends ExtensionFactory<Config> {
  /** Throws, with a text for the operator, when the sink does not start. */
  createStatsSink(config: Config, context: WorkerContext): StatsSink | Promise<StatsSink>;
}

/** The factories that this build has, by the message name of their configuration. */
export interface ExtensionRegistry {
  httpFilter(messageName: string): HttpFilterFactory | undefined;
  networkFilter(messageName: string): NetworkFilterFactory | undefined;
  listenerFilter(messageName: string): ListenerFilterFactory | undefined;
  downstreamTransportSocket(messageName: string): DownstreamTransportSocketFactory | undefined;
  upstreamTransportSocket(messageName: string): UpstreamTransportSocketFactory | undefined;
  accessLogger(messageName: string): AccessLoggerFactory | undefined;
  bootstrapExtension(messageName: string): BootstrapExtensionFactory | undefined;
  statsSink(messageName: string): StatsSinkFactory | undefined;
  /** By `routeMessageName`. */
  httpFilterOfRoute(routeMessageName: string): HttpFilterFactory | undefined;
  /** All of a kind, in the order of registration. */
  factories(kind: ExtensionKind): readonly ExtensionFactory[];
}

/**
 * Given to `parse…` functions. A problem names a message that was read from the file and one of its
 * fields (proto name; `hosts[2]` for an element); file, line, column and path come from there.
 */
export interface ParseContext {
  /** Refuses the configuration. `text` says what is wrong and how to mend it. */
  problem(message: Message, field: string, text: string): void;
  /** Something that works, but that the user should know. */
  warning(message: Message, field: string, text: string): void;
  /**
   * A configured extension of `owner.field` (an `Any`): finds the factory by type URL and parses. Reports an
   * unknown type, and returns undefined then. Keep the object that it gives: `prepare` runs later and puts its
   * result into it.
   */
  extension(
    kind: ExtensionKind,
    name: string,
    config: Any | undefined,
    owner: Message,
    field: string,
  ): ExtensionConfig | undefined;
  /**
   * Whether `extension` would find a factory, for what may be left out when there is none (`is_optional`): an
   * unknown type that was asked about so is not reported.
   */
  knowsExtension(kind: ExtensionKind, name: string, config: Any): boolean;
  /**
   * An `envoy.config.accesslog.v3.AccessLog`, an element of `owner.field`: the logger with its filter, for
   * `WorkerContext.createAccessLog`. Reports an unknown logger, and returns undefined then.
   */
  accessLog(message: Message, owner: Message, field: string): ExtensionConfig | undefined;
  /**
   * Per-route configuration for one filter: `Any` of the filter's `routeMessageName`, or `FilterConfig` around it.
   * Undefined: nothing to be done (it was reported, or is optional and unknown). Keep the object, as above.
   */
  perRouteConfig(
    filterName: string,
    config: Any,
    owner: Message,
    field: string,
  ): PerRouteConfig | undefined;
  /** The registered factories. */
  readonly registry: ExtensionRegistry;
  /** The content of an `envoy.config.core.v3.DataSource`, read now; reports a missing file or variable. */
  dataSource(source: Message | undefined, owner: Message, field: string): Buffer | undefined;
  /** A message inside an `Any`, when it is one of the known types. */
  unpack(config: Any, owner: Message, field: string): Message | undefined;
  /** `google.protobuf.Duration` in milliseconds, `fallback` when absent. */
  durationMs(
    duration: { readonly seconds: bigint; readonly nanos: number } | undefined,
    fallback: number,
  ): number;
  /**
   * `config_discovery` of the extension `name`: checks the `ExtensionConfigSource` and records the subscription.
   * `last`: whether it ends its filter chain, where terminal filters belong.
   */
  extensionDiscovery(
    category: DiscoveryCategory,
    name: string,
    source: Message,
    last: boolean,
  ): ExtensionDiscoveryConfig | undefined;
  /**
   * `message.field` names a cluster that must exist; checked when all is read. Only for what Envoy checks too
   * (static routes): others may name clusters that come later.
   */
  reference(kind: "cluster", name: string, message: Message, field: string): void;
  /**
   * The slot of the secret that `config` (an `SdsSecretConfig`) names: one of `static_resources.secrets`, or one to
   * which this subscribes. Undefined: it was reported.
   */
  secret<Value>(config: Message, request: SecretRequest<Value>): SecretSlot<Value> | undefined;
  /**
   * The slot of what is written into the configuration and names files: `parse` is called now, and again when
   * something is moved into `directory` (a `WatchedDirectory`).
   */
  watchedFiles<Value>(
    directory: Message,
    kind: SecretKind,
    parse: (context: ParseContext) => Value | undefined,
  ): SecretSlot<Value> | undefined;
  /**
   * Subscribes to the routes that `config` (an `Rds`) names; `parse` is called for each version, on the main thread.
   * Undefined: it was reported.
   */
  routeDiscovery(
    config: Message,
    statPrefix: string,
    parse: (routes: Message, context: ParseContext) => unknown,
  ): RouteDiscoveryConfig | undefined;
  /** A TLS context is made of what these slots hold; for those who look at certificates. */
  tlsContext(slots: MaterialSlots): void;
  /** Where a message that was read stands: `static_resources.listeners[0]`. */
  pathOf(message: Message): string;
  /** `over` merged over `base` as protobuf does; both stay as they are. */
  merged<T extends Message>(base: T, over: T): T;
  readonly localInfo: LocalInfo;
}

/** One entry of `typed_per_filter_config`. */
export interface PerRouteConfig {
  readonly filterName: string;
  /** Message name of `config`; empty when the entry only enables or disables. */
  readonly messageName: string;
  readonly config: unknown;
  readonly disabled: boolean;
}

/** Given to `prepare`, on the main thread. */
export interface PrepareContext {
  readonly loggers: LoggerSource;
  readonly localInfo: LocalInfo;
  readonly guestLimits: GuestLimitsConfig;
  /** The filter's name, for messages. */
  readonly filterName: string;
  /** One object per process and key. */
  singleton<T>(key: string, create: () => T): T;
  /** Memory of the main thread that the watchdog thread condemns canary runs through. */
  readonly guestEpoch: WebAssembly.Memory;
  readonly guestShared: GuestShared;
  /** The configured clusters, for what must be fetched. Absent where nothing can be. */
  readonly clusters?: () => Promise<ClusterManager>;
  /** The root of all stats. */
  readonly stats?: StatsScope;
  /** Waits for a peer: that time does not count towards the deadline. */
  readonly waitFor?: <T>(promise: Promise<T>) => Promise<T>;
  /** Another version is in force, and stays when this one is refused. */
  readonly replaces?: boolean;
  /** Refuse after this (5 s by default): canary runs stop there. */
  readonly deadlineMs: number;
}
