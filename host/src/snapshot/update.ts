import type {
  ClusterConfig,
  ExtensionConfig,
  ListenerConfig,
} from "../contracts/config/snapshot.ts";
import type { RouteUpdate } from "../contracts/router/route-providers.ts";
import type { SecretUpdate } from "../contracts/secret.ts";

/**
 * A difference between two snapshots: all that ever travels to a worker. A worker that is born gets one that
 * leads from nothing to the committed state.
 */
export interface SnapshotUpdate {
  /** Number of the snapshot that this leads to; for display. */
  readonly snapshot: number;
  /** Added or changed, whole. */
  readonly clusters: readonly ClusterConfig[];
  readonly removedClusters: readonly string[];
  readonly listeners: readonly ListenerConfig[];
  readonly removedListeners: readonly string[];
  readonly extensionConfigs: readonly ExtensionConfigUpdate[];
  readonly secrets: readonly SecretUpdate[];
  readonly routes: readonly RouteUpdate[];
}

/** Changes nothing. */
export const emptyUpdate: SnapshotUpdate = {
  snapshot: 0,
  clusters: [],
  removedClusters: [],
  listeners: [],
  removedListeners: [],
  extensionConfigs: [],
  secrets: [],
  routes: [],
};

/** A new version of one discovered extension; `extension` undefined: back to the default, or to nothing. */
export interface ExtensionConfigUpdate {
  /** `ExtensionDiscoveryConfig.key`. */
  readonly key: string;
  readonly version: string;
  readonly extension: ExtensionConfig | undefined;
}

/** The listening socket of one address of a listener, as a worker gets it: its own duplicate. */
export interface ListenSocket {
  readonly listenerName: string;
  /** Index into address, additionalAddresses…: 0 is `address`. */
  readonly addressIndex: number;
  readonly fd: number;
}
