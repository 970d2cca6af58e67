import type { FoundDiscovery } from "../config/found.ts";
import type { DiscoveryCategory } from "../contracts/config/snapshot.ts";
import type { ExtensionConfigUpdate } from "../snapshot/update.ts";
import {
  ExtensionSubscription,
  type CurrentExtension,
  type ExtensionEnvironment,
} from "./extension-subscription.ts";
import { UnknownFields } from "./unknown-fields.ts";
import { UpdateGate, type ApplyUpdate } from "./update-gate.ts";

export interface ExtensionDiscoveryOptions extends Omit<
  ExtensionEnvironment,
  "apply" | "onUnknownField"
> {
  /** Every place of an extension that comes by discovery. */
  readonly discoveries: readonly FoundDiscovery[];
}

/**
 * The extensions that come by discovery (ECDS).
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
  readonly #gate = new UpdateGate<ExtensionConfigUpdate>({
    keyOf: ({ key }) => key,
    snapshotOf: (extensionConfigs) => ({ extensionConfigs }),
  });

  constructor(options: ExtensionDiscoveryOptions) {
    const unknownFields = new UnknownFields(options.logger, options.stats);
    const environment: ExtensionEnvironment = {
      ...options,
      apply: (updates) => this.#gate.apply(updates),
      onUnknownField: (place, text) => unknownFields.onField(place, text),
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
    return this.#gate.takeInitial();
  }

  /** The first snapshot is in force: from here on versions are brought to the workers. */
  goLive(apply: ApplyUpdate): void {
    this.#gate.goLive(apply);
  }

  /** The kinds of places that there are. */
  categories(): ReadonlySet<DiscoveryCategory> {
    return new Set(this.#subscriptions.map(({ category }) => category));
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
}
