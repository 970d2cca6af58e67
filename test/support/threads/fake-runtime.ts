import net from "node:net";
import { threadId } from "node:worker_threads";
import type { WorkerInit } from "../../../host/src/snapshot/messages.ts";
import type { ListenSocket, SnapshotUpdate } from "../../../host/src/snapshot/update.ts";
import type { StagedUpdate, WorkerRuntime } from "../../../host/src/worker/worker-runtime.ts";

/** What an extension configuration makes a fake worker do while it stages. */
export interface FakeExtension {
  /** Only this worker misbehaves. */
  readonly worker?: number;
  readonly fail?: string;
  readonly delayMs?: number;
  /** Staging never ends. */
  readonly never?: boolean;
  readonly throwInStage?: boolean;
  /** The thread ends while it stages. */
  readonly exit?: boolean;
}

/**
 * A worker's data plane without one: a server that answers a line with facts about its worker.
 *   who         worker index, thread, process, number of the committed snapshot, committed extension versions
 *   wait <ms>   the same, but later
 *   throw       an uncaught error
 *   exit        the thread ends
 *   hang        the same as `who`, then the event loop stands still
 */
class FakeRuntime implements WorkerRuntime {
  readonly #init: WorkerInit;
  readonly #servers: net.Server[] = [];
  readonly #sockets = new Map<net.Socket, { waiting: number }>();
  #snapshot = 0;
  #versions = new Map<string, string>();
  #draining = false;
  active = 0;

  constructor(init: WorkerInit) {
    this.#init = init;
  }

  async stage(update: SnapshotUpdate): Promise<StagedUpdate> {
    const versions = new Map(this.#versions);
    for (const { key, version, extension } of update.extensionConfigs) {
      versions.set(key, version);
      await this.#misbehave((extension?.config ?? {}) as FakeExtension);
    }
    return {
      commit: () => {
        this.#snapshot = update.snapshot;
        this.#versions = versions;
      },
      abort: () => {},
    };
  }

  async #misbehave(config: FakeExtension): Promise<void> {
    if (config.worker !== undefined && config.worker !== this.#init.workerIndex) return;
    if (config.delayMs !== undefined) await new Promise((r) => setTimeout(r, config.delayMs));
    if (config.never === true) await new Promise(() => {});
    if (config.exit === true) process.exit(7);
    if (config.fail !== undefined) throw new Error(config.fail);
  }

  listen(sockets: readonly ListenSocket[]): void {
    for (const { fd } of sockets) {
      const server = net.createServer((socket) => this.#accept(socket));
      server.listen({ fd });
      this.#servers.push(server);
    }
  }

  stopListening(): void {
    for (const server of this.#servers) server.close();
  }

  drain(): void {
    this.#draining = true;
    for (const [socket, { waiting }] of this.#sockets) if (waiting === 0) socket.end();
  }

  #accept(socket: net.Socket): void {
    const state = { waiting: 0 };
    this.#sockets.set(socket, state);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    socket.setEncoding("utf8").on("data", (text: unknown) => {
      for (const line of String(text).trim().split("\n")) this.#answer(socket, state, line);
    });
  }

  #answer(socket: net.Socket, state: { waiting: number }, line: string): void {
    const [verb = "", ms] = line.split(" ");
    if (verb === "throw") throw new Error("thrown by a test");
    if (verb === "exit") process.exit(3);
    if (verb === "hang") {
      // The kernel has it before the loop begins.
      socket.write(`${this.#facts()}\n`);
      for (;;);
    }
    state.waiting += 1;
    this.active += 1;
    setTimeout(
      () => {
        state.waiting -= 1;
        this.active -= 1;
        socket.write(`${this.#facts()}\n`);
        if (this.#draining && state.waiting === 0) socket.end();
      },
      Number(ms ?? 0),
    );
  }

  #facts(): string {
    const versions = [...this.#versions].map(([key, version]) => `${key}=${version}`).join(",");
    return `${this.#init.workerIndex} ${threadId} ${process.pid} ${this.#snapshot} ${versions}`;
  }
}

export function createWorkerRuntime(init: WorkerInit): WorkerRuntime {
  if (init.log.path === "refuse") throw new Error("no runtime for a test");
  return new FakeRuntime(init);
}
