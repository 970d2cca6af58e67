import { renameSync, writeFileSync } from "node:fs";
import type { AccessRecord } from "../access-log/access-record.ts";
import type { ServerOptions } from "../cli/options.ts";
import { addressText } from "../common/address.ts";
import { ExitCode } from "../common/exit-code.ts";
import { trimHeap } from "../common/libc.ts";
import type { ThreadLoggers } from "../common/log/logger-source.ts";
import { settleAfterMs, settleAfterStart } from "../common/settle.ts";
import { systemTime } from "../common/time/clock.ts";
import type { Address } from "../contracts/address.ts";
import type { ListenerConfig } from "../contracts/config/snapshot.ts";
import type { Logger } from "../contracts/log.ts";
import type { Result } from "../contracts/result.ts";
import type { StatsSnapshot } from "../contracts/stats-sink.ts";
import type { WorkerConstants } from "../snapshot/messages.ts";
import type { SnapshotUpdate } from "../snapshot/update.ts";
import type { SocketRequest } from "../supervisor/protocol.ts";
import type { PoolSocket } from "./listen-sockets.ts";
import { SupervisorLink } from "./supervisor-link.ts";
import type { ApplyTimes } from "./update-rollout.ts";
import {
  WorkerPool,
  type WorkerAnswer,
  type WorkerHooks,
  type WorkerQuestion,
} from "./worker-pool.ts";

/** Envoy's names (`ServerInfo.State`). */
export type ServerState = "PRE_INITIALIZING" | "INITIALIZING" | "LIVE" | "DRAINING";

/** The configuration, read, checked and prepared. */
export interface LoadedConfiguration {
  readonly constants: WorkerConstants;
  /** Waits for what comes by discovery; gives the update that leads from nothing to the first state. */
  warm(): Promise<SnapshotUpdate>;
}

/** The admin interface, once it listens. */
export interface RunningAdmin {
  readonly address: Address;
  close(): Promise<void>;
}

/** What the server begins with. */
export interface ServerSettings {
  readonly options: ServerOptions;
  readonly loggers: ThreadLoggers;
  /**
   * Loads and makes the rest. Called when the workers are on their way: their modules are then loaded beside those
   * of this thread.
   */
  assemble(): Promise<ServerComponents>;
  /** Instead of the data plane's; for tests. */
  readonly runtimeUrl?: string | undefined;
}

/** What the server is put together from. */
export interface ServerComponents {
  /** Reads the configuration; an error is a list of problems for the operator. */
  loadConfiguration(): Promise<Result<LoadedConfiguration, readonly string[]>>;
  readonly workerHooks: WorkerHooks;
  /** Starts the admin interface; undefined when there is none in the configuration. */
  startAdmin(server: Server): Promise<Result<RunningAdmin | undefined, string>>;
  /** The server serves: start what brings later updates. */
  onLive(server: Server): void;
  /** The main thread's own access logs were moved away. */
  reopenLogs(): void;
  /** The server ends: stop that, write out what is buffered. */
  close(): Promise<void>;
}

/** Where a listener's connections arrive. */
export interface BoundListener {
  readonly listenerName: string;
  readonly addressIndex: number;
  /** With the port that the kernel chose for port 0. */
  readonly address: Address;
}

/** The main thread of the data-plane process, from its start to its orderly end. */
export class Server {
  readonly #settings: ServerSettings;
  readonly #log: Logger;
  readonly #link: SupervisorLink;
  readonly #pool: WorkerPool;
  #components: ServerComponents | undefined;
  #state: ServerState = "PRE_INITIALIZING";
  #boundListeners: readonly BoundListener[] = [];
  #admin: RunningAdmin | undefined;

  /** Starts the worker threads at once. */
  constructor(settings: ServerSettings) {
    this.#settings = settings;
    this.#log = settings.loggers.logger("main");
    this.#link = new SupervisorLink({
      onShutdown: (graceMs) => void this.#shutDown(graceMs),
      onReopenLogs: () => this.#reopenLogs(),
      onOrphaned: () => void this.#shutDownOrphaned(),
    });
    this.#pool = new WorkerPool({
      concurrency: settings.options.concurrency,
      log: this.#log,
      onFatal: (text) => this.#fail([text], ExitCode.runTime),
      runtimeUrl: settings.runtimeUrl,
    });
    this.#pool.boot();
    // A terminal sends SIGINT to every process; the supervisor decides.
    process.on("SIGINT", () => {});
    process.on("SIGHUP", () => {});
    process.on("SIGTERM", () => this.requestShutdown());
    process.on("uncaughtException", (error) => {
      this.#fail([`uncaught exception: ${error.stack ?? String(error)}`], ExitCode.runTime);
    });
  }

  get state(): ServerState {
    return this.#state;
  }

  get boundListeners(): readonly BoundListener[] {
    return this.#boundListeners;
  }

  /** Brings an update to all workers or to none; see `WorkerPool.apply`. */
  async apply(update: SnapshotUpdate): Promise<Result<ApplyTimes, string>> {
    const result = await this.#pool.apply(update);
    if (result.ok) {
      const { stagedMs, committedMs } = result.value;
      this.#log.debug(
        `snapshot ${update.snapshot}: staged after ${stagedMs.toFixed(1)} ms, live on all workers after ${committedMs.toFixed(1)} ms`,
      );
    }
    return result;
  }

  /** Asks every worker; see `WorkerPool.ask`. */
  ask(question: WorkerQuestion, deadlineMs: number): Promise<WorkerAnswer[]> {
    return this.#pool.ask(question, deadlineMs);
  }

  logAdminAccess(record: AccessRecord): void {
    this.#pool.logAdminAccess(record);
  }

  /** See `WorkerPool.flushStats`. */
  flushStats(take: () => StatsSnapshot): void {
    void this.#pool.flushStats(take);
  }

  /** Ends everything in order, as SIGTERM does (`/quitquitquit`). */
  requestShutdown(): void {
    this.#link.terminate();
  }

  /** Opens all log files anew, as SIGUSR1 does (`/reopen_logs`). */
  requestReopenLogs(): void {
    this.#link.reopenLogs();
  }

  /** From nothing to LIVE. What goes wrong is logged and ends the process with its exit code. */
  async start(): Promise<void> {
    const begin = systemTime.monotonicMs();
    const components = await this.#settings.assemble();
    this.#components = components;
    const loaded = await components.loadConfiguration();
    if (!loaded.ok) return this.#fail(loaded.error, ExitCode.config);
    const { constants } = loaded.value;
    this.#state = "INITIALIZING";
    const admin = await components.startAdmin(this);
    if (!admin.ok) return this.#fail([admin.error], ExitCode.runTime);
    this.#admin = admin.value;
    const [started, update] = await Promise.all([
      this.#pool.start(constants, components.workerHooks),
      loaded.value.warm(),
    ]);
    if (this.#isEnding()) return;
    if (!started.ok) return this.#fail([started.error], ExitCode.runTime);
    const served = await this.#serve(update);
    if (!served.ok || this.#isEnding()) return;
    this.#writeAdminAddress();
    this.#state = "LIVE";
    this.#link.ready();
    this.#log.info("all dependencies initialized. starting workers");
    this.#log.debug(`live after ${(systemTime.monotonicMs() - begin).toFixed(0)} ms`);
    components.onLive(this);
    setTimeout(settleAfterStart, settleAfterMs, false).unref();
    // What the workers have given back by then, too.
    setTimeout(trimHeap, 2 * settleAfterMs).unref();
  }

  /** Builds the first state on the workers, opens the ports when all have it, and lets them accept. */
  async #serve(update: SnapshotUpdate): Promise<Result<undefined, undefined>> {
    let sockets: PoolSocket[] = [];
    let unopened: readonly string[] | undefined;
    const applied = await this.#pool.apply(update, async () => {
      const opened = await this.#openSockets(update.listeners);
      if (opened.ok) sockets = opened.value;
      else unopened = opened.error;
      return opened.ok ? { ok: true, value: undefined } : { ok: false, error: "ports in use" };
    });
    if (!applied.ok) {
      this.#fail(unopened ?? [applied.error], unopened ? ExitCode.runTime : ExitCode.config);
      return { ok: false, error: undefined };
    }
    const listening = await this.#pool.listen(sockets);
    if (listening.ok) return { ok: true, value: undefined };
    this.#fail([listening.error], ExitCode.runTime);
    return { ok: false, error: undefined };
  }

  async #openSockets(
    listeners: readonly ListenerConfig[],
  ): Promise<Result<PoolSocket[], string[]>> {
    const requests = listeners.flatMap((listener) =>
      socketRequests(listener, this.#settings.options.concurrency),
    );
    const opened = await this.#link.openSockets(requests);
    if (!opened.ok) return opened;
    const sockets = opened.value.map(({ fds, address }, i) => {
      const { listenerName, addressIndex } = requests[i]!;
      return { listenerName, addressIndex, fds, address };
    });
    this.#boundListeners = sockets.map(({ listenerName, addressIndex, address }) => ({
      listenerName,
      addressIndex,
      address,
    }));
    return { ok: true, value: sockets };
  }

  // Renamed into place: a reader never finds half an address.
  #writeAdminAddress(): void {
    const file = this.#settings.options.adminAddressPath;
    if (file === undefined || this.#admin === undefined) return;
    try {
      writeFileSync(`${file}.tmp`, addressText(this.#admin.address));
      renameSync(`${file}.tmp`, file);
    } catch (error) {
      this.#log.critical(`cannot write the admin's address to ${file}: ${String(error)}`);
    }
  }

  #reopenLogs(): void {
    this.#settings.loggers.reopen();
    this.#components?.reopenLogs();
    this.#pool.reopenLogs();
  }

  #isEnding(): boolean {
    return this.#state === "DRAINING";
  }

  async #shutDown(graceMs: number): Promise<void> {
    if (this.#isEnding()) return;
    const wasLive = this.#state === "LIVE";
    this.#state = "DRAINING";
    if (wasLive) await this.#pool.shutDown(graceMs);
    await this.#end(ExitCode.ok);
  }

  // Whoever starts a new supervisor needs the ports at once, the admin's too.
  async #shutDownOrphaned(): Promise<void> {
    if (this.#isEnding()) return;
    this.#log.critical("the supervisor is gone; shutting down");
    void this.#admin?.close();
    await this.#shutDown(this.#settings.options.shutdownGraceMs);
  }

  async #end(exitCode: number): Promise<never> {
    await this.#components?.close();
    this.#settings.loggers.flush();
    process.exit(exitCode);
  }

  #fail(problems: readonly string[], exitCode: number): void {
    for (const problem of problems) this.#log.critical(problem);
    void this.#end(exitCode);
  }
}

function socketRequests(listener: ListenerConfig, concurrency: number): SocketRequest[] {
  return [listener.address, ...listener.additionalAddresses].map((address, addressIndex) => {
    // A Unix socket cannot be bound twice.
    const reusePort = listener.reusePort && address.kind === "ip";
    return {
      listenerName: listener.name,
      addressIndex,
      address,
      copies: reusePort ? concurrency : 1,
      reusePort,
      backlog: listener.tcpBacklogSize,
    };
  });
}
