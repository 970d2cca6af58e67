import type { FoundDiscovery } from "../config/found.ts";
import type { Result } from "../contracts/result.ts";
import type { Counter } from "../contracts/stats.ts";
import { formatProblem, type Place } from "../config/problem.ts";
import type { ExtensionConfigUpdate, SnapshotUpdate } from "../snapshot/update.ts";
import {
  ExtensionSubscription,
  type CurrentExtension,
  type SubscriptionEnvironment,
} from "./extension-subscription.ts";

/** Brings an update to all workers, or to none and says why. */
export type ApplyUpdate = (update: SnapshotUpdate) => Promise<Result<unknown, string>>;

export interface ExtensionDiscoveryOptions extends Omit<
  SubscriptionEnvironment,
  "apply" | "onUnknownField"
> {
  /** Every filter that comes by discovery. */
  readonly discoveries: readonly FoundDiscovery[];
  /** The number of the snapshot that the static configuration leads to. */
  readonly snapshot: number;
}

/**
 * The HTTP filters that come by file (ECDS).
 *
 * ```ts
 * const discovery = new ExtensionDiscovery(options);
 * await discovery.warm();                    // before the listeners open
 * const configs = discovery.takeInitial();   // for the first snapshot
 * discovery.goLive((update) => server.apply(update));
 * ```
 */
export class ExtensionDiscovery {
  readonly #subscriptions: readonly ExtensionSubscription[];
  readonly #live = Promise.withResolvers<ApplyUpdate>();
  readonly #unknownFields: Counter;
  readonly #unknownSeen = new Set<string>();
  /** Versions that were accepted before the first snapshot; undefined once it was made. */
  #initial: Map<string, ExtensionConfigUpdate> | undefined = new Map();
  #snapshot: number;
  #lastApply: Promise<unknown> = Promise.resolve();

  constructor(options: ExtensionDiscoveryOptions) {
    this.#snapshot = options.snapshot;
    this.#unknownFields = options.stats.counter("server.dynamic_unknown_fields");
    const environment: SubscriptionEnvironment = {
      ...options,
      apply: (update) => this.#apply(update),
      onUnknownField: (place, text) => {
        this.#unknownFields.inc();
        this.#sayOnce(options, place, text);
      },
    };
    const byKey = Map.groupBy(options.discoveries, ({ discovery }) => discovery.key);
    this.#subscriptions = [...byKey.values()].map(
      (users) => new ExtensionSubscription(users, environment),
    );
  }

  /** Reads all for the first time. Settles when each has arrived, was refused, or took too long. */
  async warm(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.start()));
  }

  /** What has arrived so far, for the first snapshot. What comes later waits for `goLive`. */
  takeInitial(): readonly ExtensionConfigUpdate[] {
    const initial = [...(this.#initial?.values() ?? [])];
    this.#initial = undefined;
    return initial;
  }

  /** The first snapshot is in force: from here on versions are brought to the workers. */
  goLive(apply: ApplyUpdate): void {
    this.#live.resolve(apply);
  }

  /** The versions in force, by name, for `/config_dump`. */
  current(): readonly CurrentExtension[] {
    return this.#subscriptions
      .map((subscription) => subscription.current)
      .filter((current) => current !== undefined)
      .sort((a, b) => (a.resource.name < b.resource.name ? -1 : 1));
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }

  /** One at a time, in the order of the calls. */
  #apply(update: ExtensionConfigUpdate): Promise<Result<unknown, string>> {
    if (this.#initial) {
      this.#initial.set(update.key, update);
      return Promise.resolve({ ok: true, value: undefined });
    }
    const applied = this.#lastApply.then(async () => {
      const apply = await this.#live.promise;
      this.#snapshot += 1;
      return apply({
        snapshot: this.#snapshot,
        clusters: [],
        removedClusters: [],
        listeners: [],
        removedListeners: [],
        extensionConfigs: [update],
        secrets: [],
      });
    });
    this.#lastApply = applied.catch(() => undefined);
    return applied;
  }

  #sayOnce(options: ExtensionDiscoveryOptions, place: Place, text: string): void {
    if (this.#unknownSeen.has(text)) return;
    this.#unknownSeen.add(text);
    options.logger.warning(formatProblem({ severity: "warning", ...place, text }));
  }
}
