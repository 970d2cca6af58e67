import { Worker } from "node:worker_threads";
import { moduleUrl } from "../common/module-url.ts";
import type { Result } from "../contracts/result.ts";
import type {
  FromWorker,
  ToWorker,
  WorkerCommand,
  WorkerThreadData,
} from "../snapshot/messages.ts";
import { partsOf } from "../snapshot/parts.ts";
import type { SnapshotUpdate } from "../snapshot/update.ts";

/** Objects that move to the worker instead of being copied. */
export type Transfer = NonNullable<Parameters<Worker["postMessage"]>[1]>;

export interface WorkerThreadSettings {
  readonly index: number;
  /** Instead of the data plane's runtime; for tests. */
  readonly runtimeUrl: string | undefined;
  /** Called once, when the thread is gone: `reason` says why, for the log. */
  readonly onGone: (reason: string) => void;
}

/** One life of a worker thread, seen from the main thread. */
export class WorkerThread {
  readonly index: number;
  /** Its last stream has ended since it was told to drain. */
  drained = false;
  readonly #worker: Worker;
  readonly #heartbeat = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, (result: Result<unknown, string>) => void>();
  readonly #onGone: (reason: string) => void;
  #onDrained: (() => void) | undefined;
  #lastId = 0;
  #reason: string | undefined;
  #gone = false;

  constructor(settings: WorkerThreadSettings) {
    this.index = settings.index;
    this.#onGone = settings.onGone;
    const workerData: WorkerThreadData = {
      workerIndex: settings.index,
      heartbeat: this.#heartbeat.buffer,
      runtimeUrl: settings.runtimeUrl,
    };
    this.#worker = new Worker(moduleUrl("../worker/worker", import.meta.url), {
      name: this.name,
      workerData,
    });
    this.#worker.on("message", (message: FromWorker) => this.#onMessage(message));
    // An error is followed by the exit; without a listener it would end the process.
    this.#worker.on("error", (error: unknown) => {
      this.#reason ??= `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    });
    this.#worker.on("exit", (code) => this.#onExit(code));
  }

  get name(): string {
    return `worker_${this.index}`;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Changes while the worker's event loop runs. */
  get beats(): number {
    return Atomics.load(this.#heartbeat, 0);
  }

  /** Resolves with the worker's answer, or with an error when the worker ends without one. */
  async call(command: WorkerCommand, transfer: Transfer = []): Promise<Result<undefined, string>> {
    const answer = await this.ask(command, transfer);
    return answer.ok ? { ok: true, value: undefined } : answer;
  }

  /** As `call`, for commands that ask for something: resolves with that. */
  ask(command: WorkerCommand, transfer: Transfer = []): Promise<Result<unknown, string>> {
    if (this.#gone) return Promise.resolve({ ok: false, error: `${this.name} has ended` });
    const message: ToWorker = { id: (this.#lastId += 1), command };
    return new Promise((resolve) => {
      try {
        this.#worker.postMessage(message, transfer);
        this.#waiting.set(message.id, resolve);
      } catch (error) {
        // Something in it cannot be copied.
        resolve({ ok: false, error: `cannot be sent to ${this.name}: ${String(error)}` });
      }
    });
  }

  /** Sends an update in parts, and resolves when all of it is staged. */
  async stage(update: SnapshotUpdate): Promise<Result<undefined, string>> {
    const parts = partsOf(update);
    for (const part of parts.slice(0, -1)) {
      const sent = await this.call({ kind: "stage", part, last: false });
      if (!sent.ok) return sent;
    }
    return this.call({ kind: "stage", part: parts.at(-1)!, last: true });
  }

  /** Resolves when the last stream has ended, or the thread has. */
  whenDrained(): Promise<void> {
    if (this.drained || this.#gone) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  /** Ends the thread, whatever it is doing. Resolves when it is gone, which a thread in native code may never be. */
  async terminate(reason: string): Promise<void> {
    this.#reason ??= reason;
    await this.#worker.terminate();
  }

  #onMessage(message: FromWorker): void {
    if (message.kind === "drained") {
      this.drained = true;
      this.#onDrained?.();
      return;
    }
    const resolve = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    const { error, value } = message;
    resolve?.(error === undefined ? { ok: true, value } : { ok: false, error });
  }

  #onExit(code: number): void {
    this.#gone = true;
    const reason = this.#reason ?? `ended with code ${code}`;
    for (const resolve of this.#waiting.values()) {
      resolve({ ok: false, error: `${this.name} ${reason}` });
    }
    this.#waiting.clear();
    this.#onDrained?.();
    this.#onGone(reason);
  }
}
