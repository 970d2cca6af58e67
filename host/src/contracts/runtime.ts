import type { AccessLog } from "./access-log.ts";
import type { GuestLimitsConfig, GuestShared } from "./config/guests.ts";
import type { ExtensionConfig, ExtensionDiscoveryConfig, LocalInfo } from "./config/snapshot.ts";
import type { Dispatcher } from "./event.ts";
import type { HttpFilterInstances } from "./http/filter.ts";
import type { LoggerSource } from "./log.ts";
import type { RouteProviders } from "./router/route-providers.ts";
import type { SecretProviders } from "./secret.ts";
import type { StatsScope } from "./stats.ts";
import type { ClusterManager } from "./upstream/cluster.ts";

/** What a worker offers to the extensions that it builds. */
export interface WorkerContext {
  /** 0 … concurrency-1. A replaced worker has the index of its predecessor. */
  readonly workerIndex: number;
  readonly concurrency: number;
  readonly dispatcher: Dispatcher;
  readonly clusterManager: ClusterManager;
  readonly loggers: LoggerSource;
  /** The root of all stats. */
  readonly stats: StatsScope;
  readonly localInfo: LocalInfo;
  /** Memory of this worker that the watchdog thread condemns guests through. */
  readonly guestEpoch: WebAssembly.Memory;
  readonly guestShared: GuestShared;
  readonly guestLimits: GuestLimitsConfig;
  /** Extensions that come by discovery, by key. */
  readonly extensionConfigs: ExtensionConfigProviders;
  readonly secrets: SecretProviders;
  readonly routes: RouteProviders;
  createAccessLog(config: ExtensionConfig): Promise<AccessLog>;
  /**
   * The filters of a static entry of an HTTP filter chain: finds the factory and calls its `createFilterFactory`.
   * `statPrefix`: `http.<stat_prefix>.`
   */
  createHttpFilter(
    config: ExtensionConfig,
    filterName: string,
    statPrefix: string,
  ): HttpFilterInstances | Promise<HttpFilterInstances>;
  /** One object per worker and key: made at first use. */
  singleton<T>(key: string, create: () => T): T;
}

/** What a listener adds to that for the extensions of its filter chains. */
export interface ListenerContext extends WorkerContext {
  /** `listener.<address>.` */
  readonly listenerScope: StatsScope;
  readonly listenerName: string;
}

/** What the parts of a cluster may use, on a worker or on the main thread. */
export interface ClusterContext {
  /** `cluster.<name>.` */
  readonly clusterScope: StatsScope;
  readonly loggers: LoggerSource;
  readonly secrets: SecretProviders;
}

/** What a configuration is made into on a worker. */
export interface ExtensionInstances {
  dispose?(): void;
}

/** Where an extension that comes by ECDS is looked up, on one worker. */
export interface ExtensionConfigProviders {
  /**
   * The provider for one place, made while what it belongs to is built; `create` makes what a configuration needs there.
   * Rejects with a text for the operator when the current configuration cannot be built.
   */
  get<Instances extends ExtensionInstances>(
    discovery: ExtensionDiscoveryConfig,
    name: string,
    create: (config: ExtensionConfig) => Instances | Promise<Instances>,
  ): Promise<ExtensionConfigProvider<Instances>>;
}

/** The current version of one discovered extension. A stream or connection asks once, when its filters are made. */
export interface ExtensionConfigProvider<Instances = HttpFilterInstances> {
  /** Undefined while none has arrived and there is no default. */
  current(): FilterGeneration<Instances> | undefined;
  /** What it belongs to is out of service: the current version lives until its last user has ended. */
  close(): void;
}

/** One version of an extension's configuration on one worker, alive until its last user has ended. */
export interface FilterGeneration<Instances = HttpFilterInstances> {
  readonly version: string;
  readonly instances: Instances;
  /** Each stream or connection that uses the generation acquires it once; gives a place for `release`. */
  acquire(user: GenerationUser): number;
  /** The user that was given `place` is destroyed. */
  release(place: number): void;
}

/** A stream or connection that can be ended because its filter's generation must go. */
export interface GenerationUser {
  resetForGenerationEnd(): void;
}
