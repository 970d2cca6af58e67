import type { Message } from "@bufbuild/protobuf";
import type { DiscoveryResponse } from "../config/gen/envoy/service/discovery/v3/discovery_pb.ts";
import { formatProblems } from "../config/problem.ts";
import { typeUrlOf } from "../config/schema.ts";
import type { ConfigSourceConfig } from "../contracts/config/config-source.ts";
import type { GrpcServiceConfig } from "../contracts/config/grpc-service.ts";
import type { RandomSource, TimeSource } from "../contracts/event.ts";
import type { Logger } from "../contracts/log.ts";
import type { Counter, Gauge } from "../contracts/stats.ts";
import type { GrpcClient } from "../grpc/grpc-client.ts";
import { FileWatcher } from "./file-watcher.ts";
import {
  findInResponse,
  readResourceFile,
  type ArrivedResource,
  type NamedMessage,
  type ReadEnvironment,
  type ResourceKind,
  type ResourceReading,
} from "./resource-source.ts";
import { SotwStream, type SotwSubscriber } from "./sotw-stream.ts";
import { StreamFailureLog } from "./stream-failure-log.ts";
import type { UpdateStats } from "./update-stats.ts";

/** What subscriptions of all kinds share. */
export interface ResourceEnvironment extends ReadEnvironment {
  /** The component `config`. */
  readonly logger: Logger;
  readonly time: TimeSource;
  readonly random: RandomSource;
  /** The `envoy.config.core.v3.Node` that control planes are told. */
  readonly node: () => Message;
  /** Calls a service over the main thread's clusters. */
  readonly grpcClient: (service: GrpcServiceConfig) => Promise<GrpcClient>;
}

export interface ResourceSubscriptionOptions<M extends NamedMessage> {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly source: ConfigSourceConfig;
  readonly stats: UpdateStats & {
    /** 1 while the stream to the control plane is open. */
    readonly connectedState?: Gauge | undefined;
    /** Responses without any resource; those end the wait for the first version. */
    readonly updateEmpty?: Counter | undefined;
    /** Whatever keeps a version from being in force. */
    readonly configFail?: Counter | undefined;
  };
  readonly environment: ResourceEnvironment;
  /** Checks a version and brings it into force; gives why it cannot be used. May throw. */
  take(arrived: ArrivedResource<M>): Promise<string | undefined>;
}

/**
 * One resource, by file or by gRPC. A version is taken whole, or refused: said in the log, counted, and told to the
 * control plane; the one before stays then. One version at a time, in the order of their coming.
 */
export class ResourceSubscription<M extends NamedMessage> implements SotwSubscriber {
  readonly #options: ResourceSubscriptionOptions<M>;
  readonly #failures: StreamFailureLog;
  readonly #warm = Promise.withResolvers<undefined>();
  #fetchTimer: NodeJS.Timeout | undefined;
  #watcher: FileWatcher | undefined;
  #stream: SotwStream | undefined;
  #current: ArrivedResource<M> | undefined;
  /** What was said last of a version that was not taken. */
  #lastRefusal = "";
  #taking: Promise<unknown> = Promise.resolve();
  /** A reading of the file waits for its turn: it will see whatever is moved there until then. */
  #readingWaits = false;
  #closed = false;

  constructor(options: ResourceSubscriptionOptions<M>) {
    const { logger, time } = options.environment;
    this.#options = options;
    this.#failures = new StreamFailureLog(logger, time);
  }

  /** The version in force. */
  get current(): ArrivedResource<M> | undefined {
    return this.#current;
  }

  /** Settles when the first version was taken or refused, or `initial_fetch_timeout` is over. */
  start(): Promise<undefined> {
    const { initialFetchTimeoutMs, specifier } = this.#options.source;
    if (initialFetchTimeoutMs > 0) {
      this.#fetchTimer = setTimeout(() => this.#fetchTimedOut(), initialFetchTimeoutMs);
    }
    if (specifier.kind === "file") {
      this.#watch(specifier.path, specifier.watchedDirectory);
      this.#fileChanged(specifier.path);
    } else {
      this.#options.stats.updateAttempt.inc();
      void this.#openStream(specifier.service, specifier.setNodeOnFirstMessageOnly);
    }
    return this.#warm.promise;
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#stream?.close();
    this.#warmed();
  }

  /** Runs `job` when all versions that have come before are dealt with. */
  enqueue<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#taking.then(job);
    this.#taking = done.catch(() => undefined);
    return done;
  }

  /** Says that something cannot be watched. */
  onWatchFailure(file: string, reason: string): void {
    const text = `cannot watch ${file} (${reason}); looking at it twice a second`;
    this.#options.environment.logger.warning(text);
  }

  // The stream.

  onResponse(response: DiscoveryResponse): Promise<string | undefined> {
    this.#failures.onResponse();
    const { kind, name, environment } = this.#options;
    return this.enqueue(() =>
      this.#take(() => findInResponse<M>(response, { ...environment, kind, name })),
    );
  }

  onConnected(connected: boolean): void {
    this.#options.stats.connectedState?.set(connected ? 1 : 0);
  }

  onStreamFailure(status: number, text: string): void {
    const { stats, source, kind } = this.#options;
    stats.updateFailure.inc();
    const cluster = source.specifier.kind === "grpc" ? source.specifier.service.cluster : "";
    this.#failures.onFailure(status, `${kind.method} gRPC config stream to ${cluster}`, text);
  }

  onOtherType(typeUrl: string): void {
    const text = `Ignoring the message for type URL ${typeUrl} as it has no current subscribers.`;
    this.#options.environment.logger.warning(text);
  }

  async #openStream(service: GrpcServiceConfig, nodeOnFirstMessageOnly: boolean): Promise<void> {
    const { kind, name, environment } = this.#options;
    const { grpcClient, node, random } = environment;
    const client = await grpcClient(service);
    if (this.#closed) return;
    // The stream has no end.
    const head = { service: kind.service, method: kind.method, metadata: [], timeoutMs: 0 };
    this.#stream = new SotwStream({
      open: (callbacks) => client.open(head, callbacks),
      typeUrl: typeUrlOf(kind.messageName),
      names: [name],
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
      onChange: () => this.#fileChanged(file),
      onWatchFailure: (reason) => this.onWatchFailure(file, reason),
    });
    this.#watcher.start();
  }

  #fileChanged(file: string): void {
    if (this.#readingWaits) return;
    this.#readingWaits = true;
    void this.enqueue(() => this.#readFile(file));
  }

  #readFile(file: string): Promise<string | undefined> {
    this.#readingWaits = false;
    const { kind, name, environment } = this.#options;
    return this.#take(() => readResourceFile<M>(file, { ...environment, kind, name }));
  }

  // A version.

  /** Never rejects; gives why the version is refused. */
  async #take(read: () => ResourceReading<M>): Promise<string | undefined> {
    const { stats, environment } = this.#options;
    const { time } = environment;
    const startMs = time.monotonicMs();
    stats.updateAttempt.inc();
    let unreadable = false;
    let refusal: string | undefined;
    try {
      const reading = read();
      if (reading.kind === "nothing") return this.#onNothing(reading.empty);
      if (reading.kind === "refused") {
        unreadable = reading.unreadable;
        refusal = formatProblems(reading.problems.errors);
      } else refusal = await this.#takeArrived(reading.resource);
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
    }
    stats.updateDuration.record(time.monotonicMs() - startMs);
    this.#count(refusal, unreadable);
    this.#warmed();
    return refusal;
  }

  #count(refusal: string | undefined, unreadable: boolean): void {
    const { kind, name, source, stats, environment } = this.#options;
    if (refusal === undefined) {
      this.#lastRefusal = "";
      stats.updateSuccess.inc();
      stats.updateTime.set(Math.floor(environment.time.systemMs()));
      return;
    }
    (unreadable ? stats.updateFailure : stats.updateRejected).inc();
    stats.configFail?.inc();
    const text = `${kind.word} '${name}' ${unreadable ? "failure" : "rejected"}: ${refusal}`;
    // A control plane may send the same again and again; a file is moved by somebody who waits for an answer.
    const isNews = source.specifier.kind === "file" || text !== this.#lastRefusal;
    environment.logger.log(isNews ? "warning" : "debug", text);
    this.#lastRefusal = text;
  }

  #onNothing(empty: boolean): undefined {
    const { updateEmpty } = this.#options.stats;
    if (!empty || updateEmpty === undefined) return;
    updateEmpty.inc();
    this.#warmed();
  }

  async #takeArrived(arrived: ArrivedResource<M>): Promise<string | undefined> {
    if (arrived.hash === this.#current?.hash) {
      this.#current = arrived;
      return undefined;
    }
    const { model, message, version } = arrived;
    model.check(message);
    if (model.problems.failed) return formatProblems(model.problems.errors);
    const refusal = await this.#options.take(arrived);
    if (refusal !== undefined) return refusal;
    this.#current = arrived;
    const { kind, name, environment } = this.#options;
    environment.logger.info(`${kind.word} '${name}': version "${version}" is in force`);
    return undefined;
  }

  #warmed(): void {
    clearTimeout(this.#fetchTimer);
    this.#fetchTimer = undefined;
    this.#warm.resolve(undefined);
  }

  #fetchTimedOut(): void {
    const { kind, name, stats, environment } = this.#options;
    stats.initFetchTimeout.inc();
    stats.configFail?.inc();
    const text = `initial fetch timed out for the ${kind.word} '${name}'; going on without it`;
    environment.logger.warning(text);
    this.#warmed();
  }
}
