import { messageNameOfTypeUrl } from "../common/type-url.ts";
import { ConfigContext } from "../config/context.ts";
import { misplacedText } from "../config/extension-discovery.ts";
import { nothingFound, type Found, type FoundDiscovery } from "../config/found.ts";
import type { TypedExtensionConfig } from "../config/gen/envoy/config/core/v3/extension_pb.ts";
import { prepareAll, type PrepareContextFor } from "../config/prepare.ts";
import { formatProblem, formatProblems, type Place, type ProblemList } from "../config/problem.ts";
import type { ExtensionConfig, LocalInfo } from "../contracts/config/snapshot.ts";
import type { TimeSource } from "../contracts/event.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { Logger } from "../contracts/log.ts";
import type { Result } from "../contracts/result.ts";
import type { StatsScope } from "../contracts/stats.ts";
import type { ExtensionConfigUpdate } from "../snapshot/update.ts";
import { readExtensionFile, type PushedExtension, type PushFailure } from "./discovery-file.ts";
import { FileWatcher } from "./file-watcher.ts";
import { SubscriptionStats } from "./subscription-stats.ts";

/** What all subscriptions share. */
export interface SubscriptionEnvironment {
  readonly registry: ExtensionRegistry;
  readonly localInfo: LocalInfo;
  /** The component `config`. */
  readonly logger: Logger;
  /** The root of all stats. */
  readonly stats: StatsScope;
  readonly time: TimeSource;
  readonly prepareContextFor: PrepareContextFor;
  readonly hasCluster: (name: string) => boolean;
  /** Called for a field that is not known, with its place: it is counted, and skipped. */
  readonly onUnknownField: (place: Place, text: string) => void;
  readonly warned: Set<string>;
  /** Brings a version to all workers or to none. Called for one version at a time. */
  readonly apply: (update: ExtensionConfigUpdate) => Promise<Result<unknown, string>>;
}

/** The version in force, for `/config_dump`. */
export interface CurrentExtension {
  readonly version: string;
  readonly resource: TypedExtensionConfig;
  /** Milliseconds since the epoch. */
  readonly lastUpdatedMs: number;
}

/** Why a version was not taken. */
interface Refusal {
  readonly failure: PushFailure;
  readonly problems: ProblemList;
}

/**
 * One extension that comes by file, shared by all filters that name it in the same way. A version is read,
 * checked against every one of them, prepared, and only then applied; whatever goes wrong before leaves all as
 * it was, and is said and counted once. A version that arrives meanwhile waits; only the newest waiting counts.
 */
export class ExtensionSubscription {
  readonly key: string;
  readonly #users: readonly FoundDiscovery[];
  readonly #environment: SubscriptionEnvironment;
  readonly #stats: SubscriptionStats;
  readonly #watcher: FileWatcher;
  readonly #warm = Promise.withResolvers<undefined>();
  #fetchTimer: NodeJS.Timeout | undefined;
  #current: (CurrentExtension & { readonly hash: string }) | undefined;
  #running = false;
  #again = false;
  #closed = false;

  /** `users` have equal keys. */
  constructor(users: readonly FoundDiscovery[], environment: SubscriptionEnvironment) {
    const { discovery, name } = users[0]!;
    this.key = discovery.key;
    this.#users = users;
    this.#environment = environment;
    this.#stats = new SubscriptionStats(environment.stats, discovery.category, name);
    this.#watcher = new FileWatcher({
      file: discovery.path,
      watchedDirectory: discovery.watchedDirectory,
      onChange: () => this.#arrived(),
      onWatchFailure: (reason) => {
        const text = `cannot watch ${discovery.path} (${reason}); looking at it twice a second`;
        environment.logger.warning(text);
      },
    });
  }

  get current(): CurrentExtension | undefined {
    return this.#current;
  }

  /**
   * Starts reading and watching. Settles when the first version was taken or refused, when
   * `initial_fetch_timeout` is over, or at once where all users start on their default.
   */
  start(): Promise<undefined> {
    const { initialFetchTimeoutMs } = this.#users[0]!.discovery;
    if (initialFetchTimeoutMs > 0) {
      this.#fetchTimer = setTimeout(() => this.#fetchTimedOut(), initialFetchTimeoutMs);
    }
    this.#watcher.start();
    this.#arrived();
    if (this.#users.every((user) => user.discovery.applyDefaultConfigWithoutWarming)) {
      this.#warm.resolve(undefined);
    }
    return this.#warm.promise;
  }

  close(): void {
    this.#closed = true;
    this.#watcher.close();
    this.#warmed();
  }

  #warmed(): void {
    clearTimeout(this.#fetchTimer);
    this.#fetchTimer = undefined;
    this.#warm.resolve(undefined);
  }

  #fetchTimedOut(): void {
    this.#stats.initFetchTimeout.inc();
    this.#stats.configFail.inc();
    const { name } = this.#users[0]!;
    const text = `initial fetch timed out for ${name}; going on without it`;
    this.#environment.logger.warning(text);
    this.#warmed();
  }

  #arrived(): void {
    if (this.#running) this.#again = true;
    else void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    do {
      this.#again = false;
      await this.#push();
    } while (this.#again && !this.#closed);
    this.#running = false;
  }

  /** Never rejects: what is thrown refuses this version and nothing else. */
  async #push(): Promise<void> {
    const { logger, time } = this.#environment;
    const startMs = time.monotonicMs();
    this.#stats.updateAttempt.inc();
    let refusal: Refusal | string | undefined;
    try {
      refusal = await this.#take();
    } catch (error) {
      refusal = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    this.#stats.updateDuration.record(time.monotonicMs() - startMs);
    if (refusal === undefined) {
      this.#stats.updateSuccess.inc();
      this.#stats.updateTime.set(Math.floor(time.systemMs()));
    } else {
      this.#stats.configFail.inc();
      const failed = typeof refusal !== "string" && refusal.failure === "failure";
      (failed ? this.#stats.updateFailure : this.#stats.updateRejected).inc();
      const why = typeof refusal === "string" ? refusal : formatProblems(refusal.problems.errors);
      logger.warning(`Filesystem config update ${failed ? "failure" : "rejected"}: ${why}`);
    }
    this.#warmed();
  }

  /** Undefined when the version is in force (or was already). */
  async #take(): Promise<Refusal | undefined> {
    const { discovery, name } = this.#users[0]!;
    const { onUnknownField, warned } = this.#environment;
    const read = readExtensionFile(discovery.path, { name, onUnknownField, warned });
    if (!read.ok) return read;
    const { pushed, problems } = read;
    if (pushed.hash === this.#current?.hash) return undefined;
    const extension = await this.#prepare(pushed);
    if (problems.failed || !extension) return { failure: "rejected", problems };
    for (const warning of problems.warnings) {
      this.#environment.logger.warning(formatProblem(warning));
    }
    const { version, resource, hash } = pushed;
    const applied = await this.#environment.apply({ key: this.key, version, extension });
    if (!applied.ok) {
      problems.error(pushed.model.origins.place(resource, "typed_config"), applied.error);
      return { failure: "rejected", problems };
    }
    const lastUpdatedMs = this.#environment.time.systemMs();
    this.#current = { version, resource, hash, lastUpdatedMs };
    this.#stats.configReload.inc();
    this.#environment.logger.info(`extension config ${name}: version "${version}" is in force`);
    return undefined;
  }

  /** Reports to the problems of `pushed.model`. */
  async #prepare(pushed: PushedExtension): Promise<ExtensionConfig | undefined> {
    const { model, resource, config } = pushed;
    const { registry, localInfo, prepareContextFor } = this.#environment;
    const found = nothingFound();
    const context = new ConfigContext({ model, registry, localInfo, found });
    model.check(resource);
    const name = resource.name;
    const extension = context.extension("http_filter", name, config, resource, "typed_config");
    if (!extension) return undefined;
    this.#checkUsers(extension, context, resource);
    model.checkUnread();
    this.#checkReferences(found, model.problems);
    if (model.problems.failed) return undefined;
    await prepareAll(found, prepareContextFor, model.problems);
    return extension;
  }

  /** Every filter that uses the subscription must be able to take this version. */
  #checkUsers(
    extension: ExtensionConfig,
    context: ConfigContext,
    resource: TypedExtensionConfig,
  ): void {
    const messageName = messageNameOfTypeUrl(extension.typeUrl);
    const factory = context.registry.httpFilter(messageName);
    for (const { discovery, last } of this.#users) {
      const allowed = discovery.typeUrls.map(messageNameOfTypeUrl);
      if (!allowed.includes(messageName)) {
        const text = `Error: filter config has type URL ${messageName} but expect ${allowed.join(", ")}.`;
        context.problem(resource, "typed_config", text);
      }
      const misplaced = factory && misplacedText(resource.name, factory, last);
      if (misplaced !== undefined) context.problem(resource, "typed_config", misplaced);
    }
  }

  #checkReferences(found: Found, problems: ProblemList): void {
    for (const { name, place } of found.references) {
      if (!this.#environment.hasCluster(name)) problems.error(place, `unknown cluster '${name}'`);
    }
  }
}
