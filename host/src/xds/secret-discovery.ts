import type { Found } from "../config/found.ts";
import { formatProblem, type Place } from "../config/problem.ts";
import type { Result } from "../contracts/result.ts";
import type { SecretUpdate } from "../contracts/secret.ts";
import type { Counter } from "../contracts/stats.ts";
import type { LiveSecrets } from "../secret/live-secrets.ts";
import type { SnapshotUpdate } from "../snapshot/update.ts";
import type { ApplyUpdate } from "./extension-discovery.ts";
import {
  SecretSubscription,
  type CurrentSecret,
  type SecretEnvironment,
} from "./secret-subscription.ts";
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
  readonly #own: LiveSecrets;
  readonly #live = Promise.withResolvers<ApplyUpdate>();
  readonly #unknownFields: Counter;
  readonly #unknownSeen = new Set<string>();
  /** Versions that were accepted before the first snapshot; undefined once it was made. */
  #initial: Map<string, SecretUpdate> | undefined = new Map();
  #lastApply: Promise<unknown> = Promise.resolve();

  constructor(options: SecretDiscoveryOptions) {
    const { found, own } = options;
    this.#own = own;
    this.#unknownFields = options.stats.counter("server.dynamic_unknown_fields");
    const environment: SecretEnvironment = {
      ...options,
      apply: (updates) => this.#apply(updates),
      onUnknownField: (place, text) => this.#onUnknownField(options, place, text),
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
    const initial = [...(this.#initial?.values() ?? [])];
    this.#initial = undefined;
    return initial;
  }

  /** The first snapshot is in force: from here on versions are brought to the workers. */
  goLive(apply: ApplyUpdate): void {
    this.#live.resolve(apply);
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

  /** One at a time, in the order of the calls: on this thread and on all workers, or nowhere. */
  #apply(updates: readonly SecretUpdate[]): Promise<Result<unknown, string>> {
    const applied = this.#lastApply.then(() => this.#applyNow(updates));
    this.#lastApply = applied.catch(() => undefined);
    return applied;
  }

  async #applyNow(updates: readonly SecretUpdate[]): Promise<Result<unknown, string>> {
    const staged = this.#own.stage(updates);
    if (this.#initial) {
      for (const update of updates) this.#initial.set(update.key, update);
      staged.commit();
      return { ok: true, value: undefined };
    }
    const apply = await this.#live.promise;
    const result = await apply(updateOf(updates));
    if (result.ok) staged.commit();
    else staged.abort();
    return result;
  }

  #onUnknownField(options: SecretDiscoveryOptions, place: Place, text: string): void {
    this.#unknownFields.inc();
    if (this.#unknownSeen.has(text)) return;
    this.#unknownSeen.add(text);
    options.logger.warning(formatProblem({ severity: "warning", ...place, text }));
  }
}

function updateOf(secrets: readonly SecretUpdate[]): SnapshotUpdate {
  return {
    // Numbered by who brings it to the workers.
    snapshot: 0,
    clusters: [],
    removedClusters: [],
    listeners: [],
    removedListeners: [],
    extensionConfigs: [],
    secrets,
  };
}
