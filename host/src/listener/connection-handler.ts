import type { Socket } from "node:net";
import type { ListenerConfig } from "../contracts/config/snapshot.ts";
import type { Dispatcher } from "../contracts/event.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { Logger } from "../contracts/log.ts";
import type { WorkerContext } from "../contracts/runtime.ts";
import { startConnectionIdsAt } from "../network/connection-id.ts";
import { ActiveListener, type ActiveListenerContext } from "./active-listener.ts";
import { buildListener, type StagedListener } from "./listener-runtime.ts";

/** Envoy's default of `--drain-time-s`. */
const defaultDrainTimeMs = 600_000;
/** Connection numbers that each worker has for itself. */
const connectionIdsPerWorker = 2 ** 40;

export interface ConnectionHandlerOptions {
  /** How long connections of a removed filter chain or listener may live on; default 600 s. */
  readonly drainTimeMs?: number | undefined;
  /** The first connection number of this thread; default: a range of the worker's own. */
  readonly firstConnectionId?: number | undefined;
}

/**
 * The listeners of one worker and their connections.
 *
 * A change has two steps: `stageListener` builds everything beside what is running and may fail; `commit` puts
 * what was built into service in one synchronous step and does not fail.
 */
export class ConnectionHandler implements ActiveListenerContext {
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  readonly configLogger: Logger;
  readonly drainTimeMs: number;
  readonly #context: WorkerContext;
  readonly #registry: ExtensionRegistry;
  readonly #listeners = new Map<string, ActiveListener>();
  /** Removed listeners that still have connections. */
  #removed: ActiveListener[] = [];
  #draining = false;

  constructor(
    context: WorkerContext,
    registry: ExtensionRegistry,
    options: ConnectionHandlerOptions = {},
  ) {
    this.#context = context;
    this.#registry = registry;
    this.dispatcher = context.dispatcher;
    this.logger = context.loggers.logger("conn_handler");
    this.configLogger = context.loggers.logger("config");
    this.drainTimeMs = options.drainTimeMs ?? defaultDrainTimeMs;
    startConnectionIdsAt(options.firstConnectionId ?? context.workerIndex * connectionIdsPerWorker);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Open connections, and sockets that listener filters still look at. */
  get active(): number {
    let count = 0;
    for (const listener of this.#listeners.values()) count += listener.active;
    for (const listener of this.#removed) count += listener.active;
    return count;
  }

  /** Builds a new listener, or a new version of the one with its name. Rejects with a text for the operator. */
  async stageListener(config: ListenerConfig): Promise<StagedListener> {
    const previous = this.#listeners.get(config.name)?.runtime;
    return buildListener(config, this.#context, this.#registry, previous);
  }

  /** Puts staged listeners into service and takes others out. New ones accept from `listen` on. */
  commit(staged: readonly StagedListener[], removedNames: readonly string[]): void {
    for (const name of removedNames) this.#remove(name);
    for (const { runtime } of staged) {
      const existing = this.#listeners.get(runtime.config.name);
      if (existing === undefined) {
        this.#listeners.set(runtime.config.name, new ActiveListener(runtime, this));
      } else {
        existing.update(runtime);
      }
    }
  }

  /**
   * Accepts connections on `fd` (bound, this worker's own) for one address of a committed listener: 0 is
   * `address`, then come `additionalAddresses`. Replaces the socket that it had.
   */
  listen(listenerName: string, addressIndex: number, fd: number): void {
    const listener = this.#listeners.get(listenerName);
    if (listener === undefined) throw new Error(`no listener '${listenerName}' to listen for`);
    listener.listen(addressIndex, fd);
  }

  /** A client has connected by another way than a listening socket; `socket` is paused and made with `socketOptions`. */
  accept(listenerName: string, addressIndex: number, socket: Socket): void {
    const listener = this.#listeners.get(listenerName);
    if (listener === undefined) throw new Error(`no listener '${listenerName}' to accept for`);
    listener.accept(socket, addressIndex);
  }

  /** Closes the listening sockets; connections live on. */
  stopListening(): void {
    for (const listener of this.#listeners.values()) listener.stopListening();
  }

  /** Tells all connections, also those still to come, to close after what is in flight. */
  drain(): void {
    this.#draining = true;
    for (const listener of this.#listeners.values()) listener.drain();
    for (const listener of this.#removed) listener.drain();
  }

  /** Closes everything at once. */
  close(): void {
    for (const listener of this.#listeners.values()) listener.close();
    for (const listener of this.#removed) listener.close();
  }

  #remove(name: string): void {
    const listener = this.#listeners.get(name);
    if (listener === undefined) return;
    this.#listeners.delete(name);
    listener.remove();
    this.#removed = this.#removed.filter((removed) => removed.active > 0);
    this.#removed.push(listener);
  }
}
