import { createHash } from "node:crypto";
import { ConfigContext } from "../config/context.ts";
import { nothingFound, type FoundSecret } from "../config/found.ts";
import type { Secret } from "../config/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import type { Model } from "../config/model.ts";
import { formatProblem, formatProblems, ProblemList } from "../config/problem.ts";
import { Source } from "../config/source.ts";
import type { LocalInfo } from "../contracts/config/snapshot.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { Result } from "../contracts/result.ts";
import type { SecretUpdate } from "../contracts/secret.ts";
import type { StatsScope } from "../contracts/stats.ts";
import { modelFor, type ArrivedResource, type ResourceKind } from "./resource-source.ts";
import { ResourceSubscription, type ResourceEnvironment } from "./resource-subscription.ts";
import { SecretFiles } from "./secret-files.ts";
import { SecretStats } from "./secret-stats.ts";

/** What all subscriptions to secrets share. */
export interface SecretEnvironment extends ResourceEnvironment {
  readonly registry: ExtensionRegistry;
  readonly localInfo: LocalInfo;
  /** The root of all stats. */
  readonly stats: StatsScope;
  /** Brings new versions to all threads or to none. */
  readonly apply: (updates: readonly SecretUpdate[]) => Promise<Result<unknown, string>>;
}

/** The version in force, for `/config_dump`. */
export interface CurrentSecret {
  readonly name: string;
  /** Undefined: none has arrived. */
  readonly arrived: { readonly version: string; readonly message: Secret } | undefined;
  /** Milliseconds since the epoch; of the start while none has arrived. */
  readonly lastUpdatedMs: number;
}

const secretKind: ResourceKind = {
  messageName: "envoy.extensions.transport_sockets.tls.v3.Secret",
  service: "envoy.service.secret.v3.SecretDiscoveryService",
  method: "StreamSecrets",
  word: "secret",
  lengthText: (name, count) =>
    `Unexpected SDS secrets length for ${name}, number of added resources ${count}, ` +
    "number of removed resources 0. Expected sum is 1",
  nameText: (expected, found) => `Unexpected SDS secret (expecting ${expected}): ${found}`,
};

/**
 * One secret, for all who name it in the same way. A version is checked for each of its users, and only then applied.
 * Files that it names are watched. Nothing of a key gets into the log, or to the server.
 */
export class SecretSubscription {
  readonly #users: readonly FoundSecret[];
  readonly #environment: SecretEnvironment;
  readonly #stats: SecretStats;
  readonly #resource: ResourceSubscription<Secret>;
  readonly #files: SecretFiles;
  #lastUpdatedMs: number;
  /** What was made of the version in force, for comparing. */
  #applied = "";

  /** `users` are of one subscription. */
  constructor(users: readonly FoundSecret[], environment: SecretEnvironment) {
    const { name, source } = users[0]!;
    this.#users = users;
    this.#environment = environment;
    this.#stats = new SecretStats(environment.stats, name, source.specifier.kind === "grpc");
    this.#resource = new ResourceSubscription({
      kind: secretKind,
      name,
      source,
      stats: this.#stats,
      environment,
      take: (arrived) => this.#take(arrived),
    });
    this.#files = new SecretFiles(
      () => void this.#resource.enqueue(() => this.#rotate()),
      (file, reason) => this.#resource.onWatchFailure(file, reason),
    );
    this.#lastUpdatedMs = environment.time.systemMs();
  }

  get current(): CurrentSecret {
    const { name } = this.#users[0]!;
    return { name, arrived: this.#resource.current, lastUpdatedMs: this.#lastUpdatedMs };
  }

  /** See `ResourceSubscription.start`. */
  start(): Promise<undefined> {
    return this.#resource.start();
  }

  close(): void {
    this.#resource.close();
    this.#files.close();
  }

  async #take({ message, model }: ArrivedResource<Secret>): Promise<string | undefined> {
    const refusal = await this.#apply(message, model);
    if (refusal === undefined) this.#files.follow(message);
    return refusal;
  }

  /** The files of the version in force have changed. */
  async #rotate(): Promise<void> {
    const { current } = this.#resource;
    if (current === undefined) return;
    const { logger } = this.#environment;
    const model = modelFor(new Source("", ""), new ProblemList(), this.#environment);
    let refusal: string | undefined;
    try {
      refusal = await this.#apply(current.message, model);
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
    }
    const what = `secret '${current.message.name}'`;
    if (refusal === undefined) logger.info(`${what}: its files are read anew`);
    else {
      this.#stats.keyRotationFailed.inc();
      logger.warning(`Failed to reload certificates: ${what}: ${refusal}`);
    }
  }

  /** Makes of the secret what each user needs, and brings that to all threads; gives why it cannot be used. */
  async #apply(message: Secret, model: Model): Promise<string | undefined> {
    const { registry, localInfo, apply, time, logger } = this.#environment;
    const context = new ConfigContext({ model, registry, localInfo, found: nothingFound() });
    const updates: SecretUpdate[] = [];
    for (const { key, parse } of this.#users) {
      const material = parse(message, context);
      if (material !== undefined) updates.push({ key, material });
    }
    const { problems } = model;
    if (problems.failed) return formatProblems(problems.errors);
    for (const warning of problems.warnings) {
      logger.warning(`secret '${message.name}': ${formatProblem(warning)}`);
    }
    const identity = createHash("sha256").update(JSON.stringify(updates)).digest("hex");
    if (identity === this.#applied) return undefined;
    const applied = await apply(updates);
    if (!applied.ok) return applied.error;
    this.#applied = identity;
    this.#lastUpdatedMs = time.systemMs();
    return undefined;
  }
}
