import { createHash } from "node:crypto";
import type { Message } from "@bufbuild/protobuf";
import { ConfigContext } from "../config/context.ts";
import { nothingFound, type FoundSecret } from "../config/found.ts";
import type { Secret } from "../config/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import type { DiscoveryResponse } from "../config/gen/envoy/service/discovery/v3/discovery_pb.ts";
import type { Model } from "../config/model.ts";
import { formatProblem, formatProblems, ProblemList, type Place } from "../config/problem.ts";
import { Source } from "../config/source.ts";
import type { GrpcServiceConfig } from "../contracts/config/grpc-service.ts";
import type { LocalInfo } from "../contracts/config/snapshot.ts";
import type { RandomSource, TimeSource } from "../contracts/event.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { Logger } from "../contracts/log.ts";
import type { Result } from "../contracts/result.ts";
import type { SecretUpdate } from "../contracts/secret.ts";
import type { StatsScope } from "../contracts/stats.ts";
import type { GrpcClient } from "../grpc/grpc-client.ts";
import { FileWatcher } from "./file-watcher.ts";
import { SecretFiles } from "./secret-files.ts";
import {
  findInResponse,
  modelFor,
  readSecretFile,
  secretTypeUrl,
  type ArrivedSecret,
  type SecretReading,
} from "./secret-source.ts";
import { SecretStats } from "./secret-stats.ts";
import { SotwStream, type SotwSubscriber } from "./sotw-stream.ts";
import { StreamFailureLog } from "./stream-failure-log.ts";

/** What all subscriptions to secrets share. */
export interface SecretEnvironment {
  readonly registry: ExtensionRegistry;
  readonly localInfo: LocalInfo;
  /** The component `config`. */
  readonly logger: Logger;
  /** The root of all stats. */
  readonly stats: StatsScope;
  readonly time: TimeSource;
  readonly random: RandomSource;
  /** The `envoy.config.core.v3.Node` that control planes are told. */
  readonly node: () => Message;
  /** Calls a service over the main thread's clusters. */
  readonly grpcClient: (service: GrpcServiceConfig) => Promise<GrpcClient>;
  readonly onUnknownField: (place: Place, text: string) => void;
  readonly warned: Set<string>;
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

const grpcHead = {
  service: "envoy.service.secret.v3.SecretDiscoveryService",
  method: "StreamSecrets",
  metadata: [],
  // The stream has no end.
  timeoutMs: 0,
};

/**
 * One secret, by file or by gRPC, for all who name it in the same way. A version is read, checked for each of its
 * users, and only then applied; whatever goes wrong before leaves the old one. Files that it names are watched.
 * Nothing of a key gets into the log, or to the server.
 */
export class SecretSubscription implements SotwSubscriber {
  readonly #users: readonly FoundSecret[];
  readonly #environment: SecretEnvironment;
  readonly #stats: SecretStats;
  readonly #files: SecretFiles;
  readonly #failures: StreamFailureLog;
  readonly #warm = Promise.withResolvers<undefined>();
  #fetchTimer: NodeJS.Timeout | undefined;
  #watcher: FileWatcher | undefined;
  #stream: SotwStream | undefined;
  #current: ArrivedSecret | undefined;
  #lastUpdatedMs: number;
  /** What was made of the version in force, for comparing. */
  #applied = "";
  /** One version at a time, in the order of their coming. */
  #taking: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** `users` are of one subscription. */
  constructor(users: readonly FoundSecret[], environment: SecretEnvironment) {
    const { name, source } = users[0]!;
    const { logger, time } = environment;
    this.#users = users;
    this.#environment = environment;
    this.#stats = new SecretStats(environment.stats, name, source.specifier.kind === "grpc");
    this.#files = new SecretFiles(
      () => void this.#enqueue(() => this.#rotate()),
      (file, reason) => this.#onWatchFailure(file, reason),
    );
    this.#failures = new StreamFailureLog(logger, time);
    this.#lastUpdatedMs = time.systemMs();
  }

  get current(): CurrentSecret {
    return { name: this.#name, arrived: this.#current, lastUpdatedMs: this.#lastUpdatedMs };
  }

  get #name(): string {
    return this.#users[0]!.name;
  }

  /** Settles when the first version was taken or refused, or `initial_fetch_timeout` is over. */
  start(): Promise<undefined> {
    const { initialFetchTimeoutMs, specifier } = this.#users[0]!.source;
    if (initialFetchTimeoutMs > 0) {
      this.#fetchTimer = setTimeout(() => this.#fetchTimedOut(), initialFetchTimeoutMs);
    }
    if (specifier.kind === "file") {
      this.#watch(specifier.path, specifier.watchedDirectory);
      void this.#enqueue(() => this.#readFile(specifier.path));
    } else {
      this.#stats.updateAttempt.inc();
      void this.#openStream(specifier.service, specifier.setNodeOnFirstMessageOnly);
    }
    return this.#warm.promise;
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#stream?.close();
    this.#files.close();
    this.#warmed();
  }

  // The stream.

  onResponse(response: DiscoveryResponse): Promise<string | undefined> {
    this.#failures.onResponse();
    return this.#enqueue(() => {
      const { onUnknownField, warned } = this.#environment;
      const options = { name: this.#name, onUnknownField, warned };
      return this.#take(() => findInResponse(response, options));
    });
  }

  onConnected(connected: boolean): void {
    this.#stats.connectedState?.set(connected ? 1 : 0);
  }

  onStreamFailure(status: number, text: string): void {
    this.#stats.updateFailure.inc();
    const { specifier } = this.#users[0]!.source;
    const cluster = specifier.kind === "grpc" ? specifier.service.cluster : "";
    this.#failures.onFailure(status, `${grpcHead.method} gRPC config stream to ${cluster}`, text);
  }

  onOtherType(typeUrl: string): void {
    const text = `Ignoring the message for type URL ${typeUrl} as it has no current subscribers.`;
    this.#environment.logger.warning(text);
  }

  async #openStream(service: GrpcServiceConfig, nodeOnFirstMessageOnly: boolean): Promise<void> {
    const { grpcClient, node, random } = this.#environment;
    const client = await grpcClient(service);
    if (this.#closed) return;
    this.#stream = new SotwStream({
      open: (callbacks) => client.open(grpcHead, callbacks),
      typeUrl: secretTypeUrl,
      names: [this.#name],
      node: node(),
      nodeOnFirstMessageOnly,
      random,
      subscriber: this,
    });
    this.#stream.start();
  }

  // The file.

  #watch(file: string, watchedDirectory: string | undefined): void {
    this.#watcher = new FileWatcher({
      file,
      watchedDirectory,
      onChange: () => void this.#enqueue(() => this.#readFile(file)),
      onWatchFailure: (reason) => this.#onWatchFailure(file, reason),
    });
    this.#watcher.start();
  }

  #readFile(file: string): Promise<string | undefined> {
    const { onUnknownField, warned } = this.#environment;
    return this.#take(() => readSecretFile(file, { name: this.#name, onUnknownField, warned }));
  }

  #onWatchFailure(file: string, reason: string): void {
    const text = `cannot watch ${file} (${reason}); looking at it twice a second`;
    this.#environment.logger.warning(text);
  }

  // A version.

  #enqueue<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#taking.then(job);
    this.#taking = done.catch(() => undefined);
    return done;
  }

  /** Never rejects; gives why the version is refused. */
  async #take(read: () => SecretReading): Promise<string | undefined> {
    const { time, logger } = this.#environment;
    const startMs = time.monotonicMs();
    this.#stats.updateAttempt.inc();
    let unreadable = false;
    let refusal: string | undefined;
    try {
      const reading = read();
      if (reading.kind === "refused") {
        unreadable = reading.unreadable;
        refusal = formatProblems(reading.problems.errors);
      } else if (reading.kind === "nothing") return undefined;
      else refusal = await this.#accept(reading.secret);
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
    }
    this.#stats.updateDuration.record(time.monotonicMs() - startMs);
    if (refusal === undefined) {
      this.#stats.updateSuccess.inc();
      this.#stats.updateTime.set(Math.floor(time.systemMs()));
    } else {
      (unreadable ? this.#stats.updateFailure : this.#stats.updateRejected).inc();
      logger.warning(`secret '${this.#name}' ${unreadable ? "failure" : "rejected"}: ${refusal}`);
    }
    this.#warmed();
    return refusal;
  }

  /** Gives why it cannot be used; undefined when it is in force, or was already. */
  async #accept(secret: ArrivedSecret): Promise<string | undefined> {
    if (secret.hash === this.#current?.hash) {
      this.#current = secret;
      return undefined;
    }
    secret.model.check(secret.message);
    if (secret.model.problems.failed) return formatProblems(secret.model.problems.errors);
    const refusal = await this.#apply(secret.message, secret.model);
    if (refusal !== undefined) return refusal;
    this.#current = secret;
    this.#files.follow(secret.message);
    this.#environment.logger.info(
      `secret '${this.#name}': version "${secret.version}" is in force`,
    );
    return undefined;
  }

  /** The files of the version in force have changed. */
  async #rotate(): Promise<void> {
    const current = this.#current;
    if (current === undefined || this.#closed) return;
    const { onUnknownField, warned, logger } = this.#environment;
    const options = { name: this.#name, onUnknownField, warned };
    const model = modelFor(new Source("", ""), new ProblemList(), options);
    let refusal: string | undefined;
    try {
      refusal = await this.#apply(current.message, model);
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
    }
    if (refusal === undefined) logger.info(`secret '${this.#name}': its files are read anew`);
    else {
      this.#stats.keyRotationFailed.inc();
      logger.warning(`Failed to reload certificates: secret '${this.#name}': ${refusal}`);
    }
  }

  /** Makes of the secret what each user needs, and brings that to all threads. */
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
      logger.warning(`secret '${this.#name}': ${formatProblem(warning)}`);
    }
    const identity = createHash("sha256").update(JSON.stringify(updates)).digest("hex");
    if (identity === this.#applied) return undefined;
    const applied = await apply(updates);
    if (!applied.ok) return applied.error;
    this.#applied = identity;
    this.#lastUpdatedMs = time.systemMs();
    return undefined;
  }

  #warmed(): void {
    clearTimeout(this.#fetchTimer);
    this.#fetchTimer = undefined;
    this.#warm.resolve(undefined);
  }

  #fetchTimedOut(): void {
    this.#stats.initFetchTimeout.inc();
    const text = `initial fetch timed out for the secret '${this.#name}'; going on without it`;
    this.#environment.logger.warning(text);
    this.#warmed();
  }
}
