import { messageNameOfTypeUrl } from "../common/type-url.ts";
import { ConfigContext } from "../config/context.ts";
import { kindOfCategory, misplacedText, unexpectedText } from "../config/extension-discovery.ts";
import { nothingFound, type Found, type FoundDiscovery } from "../config/found.ts";
import type { TypedExtensionConfig } from "../config/gen/envoy/config/core/v3/extension_pb.ts";
import type { Model } from "../config/model.ts";
import { prepareAll, type PrepareContextFor } from "../config/prepare.ts";
import { formatProblem, formatProblems, type ProblemList } from "../config/problem.ts";
import type {
  DiscoveryCategory,
  ExtensionConfig,
  LocalInfo,
} from "../contracts/config/snapshot.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { Result } from "../contracts/result.ts";
import type { StatsScope } from "../contracts/stats.ts";
import type { ExtensionConfigUpdate } from "../snapshot/update.ts";
import type { ArrivedResource, ResourceKind } from "./resource-source.ts";
import { ResourceSubscription, type ResourceEnvironment } from "./resource-subscription.ts";
import { SubscriptionStats } from "./subscription-stats.ts";

/** What all subscriptions to extensions share. */
export interface ExtensionEnvironment extends ResourceEnvironment {
  readonly registry: ExtensionRegistry;
  readonly localInfo: LocalInfo;
  /** The root of all stats. */
  readonly stats: StatsScope;
  readonly prepareContextFor: PrepareContextFor;
  readonly hasCluster: (name: string) => boolean;
  /** Brings a version to all workers or to none. */
  readonly apply: (updates: readonly ExtensionConfigUpdate[]) => Promise<Result<unknown, string>>;
}

/** The version in force, for `/config_dump`. */
export interface CurrentExtension {
  readonly category: DiscoveryCategory;
  readonly version: string;
  readonly resource: TypedExtensionConfig;
  /** Milliseconds since the epoch. */
  readonly lastUpdatedMs: number;
}

const extensionKind: ResourceKind = {
  messageName: "envoy.config.core.v3.TypedExtensionConfig",
  service: "envoy.service.extension.v3.ExtensionConfigDiscoveryService",
  method: "StreamExtensionConfigs",
  word: "extension config",
  lengthText: (_name, count) =>
    `Unexpected number of resources in ExtensionConfigDS response: ${count}`,
  nameText: (expected, found) =>
    `Unexpected resource name in ExtensionConfigDS response: ${found}; expected ${expected}`,
};

/**
 * One extension that comes by discovery, shared by all places that name it in the same way. A version is checked against
 * every one of them, prepared, and only then applied; whatever goes wrong before leaves all as it was.
 */
export class ExtensionSubscription {
  readonly category: DiscoveryCategory;
  readonly #users: readonly FoundDiscovery[];
  readonly #environment: ExtensionEnvironment;
  readonly #stats: SubscriptionStats;
  readonly #resource: ResourceSubscription<TypedExtensionConfig>;
  #current: CurrentExtension | undefined;

  /** `users` have equal keys. */
  constructor(users: readonly FoundDiscovery[], environment: ExtensionEnvironment) {
    const { discovery, name, source } = users[0]!;
    const { category } = discovery;
    const byGrpc = source.specifier.kind === "grpc";
    this.category = category;
    this.#users = users;
    this.#environment = environment;
    this.#stats = new SubscriptionStats(environment.stats, category, name, byGrpc);
    this.#resource = new ResourceSubscription({
      kind: extensionKind,
      name,
      source,
      stats: this.#stats,
      environment,
      take: (arrived) => this.#take(arrived),
    });
  }

  get current(): CurrentExtension | undefined {
    return this.#current;
  }

  /** See `ResourceSubscription.start`; settles at once where all users start on their default. */
  async start(): Promise<void> {
    const started = this.#resource.start();
    if (!this.#users.every((user) => user.applyDefaultConfigWithoutWarming)) await started;
  }

  close(): void {
    this.#resource.close();
  }

  async #take({
    message,
    model,
    version,
  }: ArrivedResource<TypedExtensionConfig>): Promise<string | undefined> {
    const { apply, logger, time } = this.#environment;
    const { problems } = model;
    const extension = await this.#prepare(message, model);
    if (!problems.failed && extension) {
      for (const warning of problems.warnings) logger.warning(formatProblem(warning));
      const { key } = this.#users[0]!.discovery;
      const applied = await apply([{ key, version, extension }]);
      if (!applied.ok) {
        problems.error(model.origins.place(message, "typed_config"), applied.error);
      }
    }
    if (problems.failed) return formatProblems(problems.errors);
    const lastUpdatedMs = time.systemMs();
    this.#current = { category: this.category, version, resource: message, lastUpdatedMs };
    this.#stats.configReload.inc();
    return undefined;
  }

  /** Reports to the problems of `model`. */
  async #prepare(
    resource: TypedExtensionConfig,
    model: Model,
  ): Promise<ExtensionConfig | undefined> {
    const { registry, localInfo } = this.#environment;
    const found = nothingFound();
    const context = new ConfigContext({ model, registry, localInfo, found, isDiscovered: true });
    const kind = kindOfCategory[this.category];
    const { name, typedConfig } = resource;
    const extension = context.extension(kind, name, typedConfig, resource, "typed_config");
    if (!extension) return undefined;
    this.#checkUsers(extension, context, resource);
    model.checkUnread();
    this.#checkReferences(found, model.problems);
    if (!model.problems.failed) await prepareAll(found, this.#prepareContextFor, model.problems);
    return extension;
  }

  readonly #prepareContextFor: PrepareContextFor = (filterName) => ({
    ...this.#environment.prepareContextFor(filterName),
    replaces: this.#current !== undefined || this.#users[0]!.discovery.defaultConfig !== undefined,
  });

  /** Every place that uses the subscription must be able to take this version. */
  #checkUsers(
    extension: ExtensionConfig,
    context: ConfigContext,
    resource: TypedExtensionConfig,
  ): void {
    const { category } = this;
    const messageName = messageNameOfTypeUrl(extension.typeUrl);
    for (const { name, typeUrls, last } of this.#users) {
      const misfits = [
        unexpectedText(messageName, typeUrls),
        misplacedText({ category, name, last }, messageName, context.registry),
      ];
      for (const text of misfits) {
        if (text !== undefined) context.problem(resource, "typed_config", text);
      }
    }
  }

  #checkReferences(found: Found, problems: ProblemList): void {
    for (const { name, place } of found.references) {
      if (!this.#environment.hasCluster(name)) problems.error(place, `unknown cluster '${name}'`);
    }
  }
}
