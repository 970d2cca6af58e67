import type { ClusterConfig, ListenerConfig } from "../contracts/config/snapshot.ts";
import type { RouteUpdate } from "../contracts/router/route-providers.ts";
import type { SecretUpdate } from "../contracts/secret.ts";
import type { ExtensionConfigUpdate, SnapshotUpdate } from "./update.ts";

/** The sum of all committed updates: what a worker that is born now has to begin with. */
export class CommittedState {
  #snapshot = 0;
  #commits = 0;
  readonly #clusters = new Map<string, ClusterConfig>();
  readonly #listeners = new Map<string, ListenerConfig>();
  readonly #extensionConfigs = new Map<string, ExtensionConfigUpdate>();
  readonly #secrets = new Map<string, SecretUpdate>();
  readonly #routes = new Map<string, RouteUpdate>();

  /** How many updates were committed. */
  get commits(): number {
    return this.#commits;
  }

  get clusters(): Iterable<ClusterConfig> {
    return this.#clusters.values();
  }

  commit(update: SnapshotUpdate): void {
    this.#snapshot = update.snapshot;
    this.#commits += 1;
    for (const name of update.removedClusters) this.#clusters.delete(name);
    for (const cluster of update.clusters) this.#clusters.set(cluster.name, cluster);
    for (const name of update.removedListeners) this.#listeners.delete(name);
    for (const listener of update.listeners) this.#listeners.set(listener.name, listener);
    for (const config of update.extensionConfigs) this.#extensionConfigs.set(config.key, config);
    for (const secret of update.secrets) this.#secrets.set(secret.key, secret);
    for (const routes of update.routes) this.#routes.set(routes.key, routes);
  }

  /** The update that leads from nothing to here. */
  whole(): SnapshotUpdate {
    return {
      snapshot: this.#snapshot,
      clusters: [...this.#clusters.values()],
      removedClusters: [],
      listeners: [...this.#listeners.values()],
      removedListeners: [],
      extensionConfigs: [...this.#extensionConfigs.values()],
      secrets: [...this.#secrets.values()],
      routes: [...this.#routes.values()],
    };
  }
}
