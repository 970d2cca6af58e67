import type { Found } from "../config/found.ts";
import type { SecretUpdate } from "../contracts/secret.ts";
import type { LiveSecrets } from "../secret/live-secrets.ts";
import {
  SecretSubscription,
  type CurrentSecret,
  type SecretEnvironment,
} from "./secret-subscription.ts";
import { UnknownFields } from "./unknown-fields.ts";
import { UpdateGate, type ApplyUpdate } from "./update-gate.ts";
import { WatchedFiles } from "./watched-files.ts";

export interface SecretDiscoveryOptions extends Omit<
  SecretEnvironment,
  "apply" | "onUnknownField"
> {
  readonly found: Pick<Found, "secrets" | "watchedFiles">;
  /** The main thread's own: it may call control planes by TLS. */
  readonly own: LiveSecrets;
}

/**
 * The secrets that come by discovery (SDS), and certificates whose files are watched.
 *
 * ```ts
 * const secrets = new SecretDiscovery(options);
 * await secrets.warm();                     // before the listeners open
 * const updates = secrets.takeInitial();    // for the first snapshot
 * secrets.goLive((update) => server.apply(update));
 * ```
 */
export class SecretDiscovery {
  readonly #subscriptions: readonly SecretSubscription[];
  readonly #files: readonly WatchedFiles[];
  readonly #gate: UpdateGate<SecretUpdate>;

  constructor(options: SecretDiscoveryOptions) {
    const { found, own } = options;
    const unknownFields = new UnknownFields(options.logger, options.stats);
    this.#gate = new UpdateGate({
      keyOf: ({ key }) => key,
      snapshotOf: (secrets) => ({ secrets }),
      stage: (updates) => own.stage(updates),
    });
    const environment: SecretEnvironment = {
      ...options,
      apply: (updates) => this.#gate.apply(updates),
      onUnknownField: (place, text) => unknownFields.onField(place, text),
    };
    const groups = Map.groupBy(found.secrets, ({ subscription }) => subscription);
    this.#subscriptions = [...groups.values()].map(
      (users) => new SecretSubscription(users, environment),
    );
    this.#files = found.watchedFiles.map((files) => new WatchedFiles(files, environment));
  }

  /** Subscribes. Settles when each secret has arrived, was refused, or took too long. */
  async warm(): Promise<void> {
    for (const files of this.#files) files.start();
    await Promise.all(this.#subscriptions.map((subscription) => subscription.start()));
  }

  /** What has arrived so far, for the first snapshot. What comes later waits for `goLive`. */
  takeInitial(): readonly SecretUpdate[] {
    return this.#gate.takeInitial();
  }

  /** The first snapshot is in force: from here on versions are brought to the workers. */
  goLive(apply: ApplyUpdate): void {
    this.#gate.goLive(apply);
  }

  /** The secrets that are subscribed to, in the order of their names. */
  current(): readonly CurrentSecret[] {
    return this.#subscriptions
      .map((subscription) => subscription.current)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
    for (const files of this.#files) files.close();
  }
}
