import type { Socket } from "node:net";
import type { MessagePort } from "node:worker_threads";
import { accessLogFilesOf } from "../access-log/access-log-files.ts";
import type { AccessRecord } from "../access-log/access-record.ts";
import { createAccessLog } from "../access-log/create-access-log.ts";
import type { ThreadLoggers } from "../common/log/logger-source.ts";
import { messageNameOfTypeUrl } from "../common/type-url.ts";
import type { ExtensionConfig } from "../contracts/config/snapshot.ts";
import type { Dispatcher } from "../contracts/event.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { HttpFilterInstances } from "../contracts/http/filter.ts";
import type { WorkerContext } from "../contracts/runtime.ts";
import type { StatsSnapshot } from "../contracts/stats-sink.ts";
import type { GuestReport } from "../guest/watch/guest-report.ts";
import { guestReportsOf } from "../guest/watch/guest-reports.ts";
import type { TraceRequest } from "../guest/watch/guest-trace.ts";
import { guestWatchesOf, type TraceStart } from "../guest/watch/guest-watches.ts";
import { ConnectionHandler } from "../listener/connection-handler.ts";
import type { StagedListener } from "../listener/listener-runtime.ts";
import { LiveSecrets } from "../secret/live-secrets.ts";
import type { WorkerInit } from "../snapshot/messages.ts";
import type { ListenSocket, SnapshotUpdate } from "../snapshot/update.ts";
import type { ThreadStats } from "../stats/thread-stats.ts";
import { ClusterManagerImpl, type PartsOfClusters } from "../upstream/cluster-manager.ts";
import { createClusterParts, dropClusterParts } from "./cluster-parts.ts";
import { ExtensionConfigs } from "./extension-configs.ts";
import { SingletonMap } from "../common/singleton-map.ts";
import { LiveRoutes } from "./live-routes.ts";
import { WorkerCompanions } from "./worker-companions.ts";
import type { StagedUpdate, WorkerRuntime } from "./worker-runtime.ts";

/** What a data plane is made with, besides what its thread gives. */
export type DataPlaneInit = Omit<WorkerInit, "stats" | "log">;

/** What a data plane uses of its thread. */
export interface ThreadParts {
  readonly dispatcher: Dispatcher;
  readonly loggers: ThreadLoggers;
  readonly stats: ThreadStats;
}

/** The data plane of one worker: everything that it has is put together here. */
export class DataPlane implements WorkerRuntime {
  readonly context: WorkerContext;
  readonly #loggers: ThreadLoggers;
  readonly #stats: ThreadStats;
  readonly #clusters: ClusterManagerImpl;
  readonly #extensionConfigs: ExtensionConfigs;
  readonly #secrets: LiveSecrets;
  readonly #routes = new LiveRoutes();
  readonly #listeners: ConnectionHandler;
  readonly #singletons = new SingletonMap();
  readonly #companions: WorkerCompanions;
  readonly #extensions: ExtensionRegistry;

  constructor(init: DataPlaneInit, thread: ThreadParts, extensions: ExtensionRegistry) {
    const { dispatcher } = thread;
    this.#loggers = thread.loggers;
    this.#secrets = new LiveSecrets(init.workerIndex === 0);
    this.#extensions = extensions;
    this.#stats = thread.stats;
    const common = {
      workerIndex: init.workerIndex,
      dispatcher,
      loggers: this.#loggers,
      stats: this.#stats,
      localInfo: init.localInfo,
    };
    this.#clusters = new ClusterManagerImpl(common);
    this.#extensionConfigs = new ExtensionConfigs({ dispatcher, stats: this.#stats });
    const context: WorkerContext = {
      ...common,
      concurrency: init.concurrency,
      clusterManager: this.#clusters,
      guestEpoch: init.guestEpoch,
      guestShared: init.guestShared,
      guestLimits: init.guestLimits,
      extensionConfigs: this.#extensionConfigs,
      secrets: this.#secrets,
      routes: this.#routes,
      createAccessLog: (config) =>
        createAccessLog(config, { ...context, worker: context }, extensions),
      createHttpFilter: (config, filterName, statPrefix) =>
        createHttpFilter(extensions, context, config, { filterName, statPrefix }),
      singleton: (key, create) => this.#singletons.get(key, create),
    };
    this.context = context;
    this.#companions = new WorkerCompanions(init.companions, context, extensions);
    this.#listeners = new ConnectionHandler(context, extensions);
  }

  get active(): number {
    return this.#listeners.active;
  }

  async stage(update: SnapshotUpdate): Promise<StagedUpdate> {
    const secrets = this.#secrets.stage(update.secrets);
    let filters: StagedUpdate | undefined;
    const listeners: StagedListener[] = [];
    let clusterParts: PartsOfClusters = new Map();
    const abort = (): void => {
      for (const listener of listeners) listener.abandon();
      filters?.abort();
      dropClusterParts(clusterParts);
      secrets.abort();
    };
    try {
      const routes = await this.#routes.stage(update.routes);
      const stagedFilters = await this.#extensionConfigs.stage(update.extensionConfigs);
      filters = stagedFilters;
      clusterParts = await createClusterParts(update.clusters, this.context, this.#extensions);
      const clusters = this.#clusters.stage(update, clusterParts);
      // Services call clusters from the first moment on; and nothing else is there yet that would notice.
      const isFirst = !this.#companions.started;
      if (isFirst) clusters.commit();
      await this.#companions.start();
      for (const config of update.listeners) {
        listeners.push(await this.#listeners.stageListener(config));
      }
      this.#stats.flush();
      return {
        commit: () => {
          secrets.commit();
          routes.commit();
          if (!isFirst) clusters.commit();
          stagedFilters.commit();
          this.#listeners.commit(listeners, update.removedListeners);
        },
        abort,
      };
    } catch (error) {
      abort();
      throw error;
    }
  }

  onStats(snapshot: StatsSnapshot): void {
    this.#companions.onStats(snapshot);
  }

  onAdminAccess(record: AccessRecord): void {
    this.#companions.onAdminAccess(record);
  }

  listen(sockets: readonly ListenSocket[]): void {
    for (const { listenerName, addressIndex, fd } of sockets) {
      this.#listeners.listen(listenerName, addressIndex, fd);
    }
  }

  /** A client has connected by another way than a listening socket; see `ConnectionHandler.accept`. */
  accept(listenerName: string, addressIndex: number, socket: Socket): void {
    this.#listeners.accept(listenerName, addressIndex, socket);
  }

  stopListening(): void {
    this.#listeners.stopListening();
  }

  /** Closes all connections at once. */
  closeConnections(): void {
    this.#listeners.close();
  }

  drain(): void {
    this.#listeners.drain();
  }

  reportGuests(): GuestReport {
    return guestReportsOf(this.context).report();
  }

  reopenLogs(): void {
    accessLogFilesOf(this.context).reopen();
    this.#loggers.reopen();
  }

  traceGuest(request: TraceRequest, port: MessagePort): TraceStart {
    return guestWatchesOf(this.context).trace(request, port);
  }

  async close(): Promise<void> {
    this.#companions.close();
    this.#stats.flush();
    await this.#singletons.close();
    this.#loggers.flush();
  }
}

function createHttpFilter(
  extensions: ExtensionRegistry,
  context: WorkerContext,
  config: ExtensionConfig,
  place: { readonly filterName: string; readonly statPrefix: string },
): HttpFilterInstances | Promise<HttpFilterInstances> {
  const factory = extensions.httpFilter(messageNameOfTypeUrl(config.typeUrl));
  if (factory === undefined) throw new Error(`no HTTP filter for ${config.typeUrl}`);
  return factory.createFilterFactory(config.config, { ...context, ...place });
}
