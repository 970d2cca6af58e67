import type { FromWorker, ToWorker, WorkerCommand } from "../snapshot/messages.ts";
import { joinParts } from "../snapshot/parts.ts";
import type { SnapshotUpdate } from "../snapshot/update.ts";
import type { CreateWorkerRuntime, StagedUpdate, WorkerRuntime } from "./worker-runtime.ts";

const drainCheckMs = 10;

type Observation = Extract<
  WorkerCommand,
  { readonly kind: "reopen_logs" | "trace_guest" | "report_guests" | "stats" | "admin_access" }
>;

/** Carries out the main thread's commands on a worker's runtime. */
export class WorkerShell {
  readonly #create: CreateWorkerRuntime;
  readonly #send: (message: FromWorker) => void;
  #runtime: WorkerRuntime | undefined;
  #parts: SnapshotUpdate[] = [];
  #staging: Staging | undefined;

  constructor(create: CreateWorkerRuntime, send: (message: FromWorker) => void) {
    this.#create = create;
    this.#send = send;
  }

  /** Streams are open, or an update is being built. */
  get busy(): boolean {
    return this.#staging !== undefined || (this.#runtime?.active ?? 0) > 0;
  }

  /** Answers every command, also one that fails. Does not reject. */
  async onMessage(message: ToWorker): Promise<void> {
    let error: string | undefined;
    let value: unknown;
    try {
      value = await this.#carryOut(message.command);
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
    }
    this.#send({ kind: "reply", id: message.id, error, value });
  }

  /** Gives what the command asks for, or a promise. */
  #carryOut(command: WorkerCommand): unknown {
    switch (command.kind) {
      case "init":
        return this.#init(command);
      case "stage":
        this.#parts.push(command.part);
        return command.last ? this.#stage() : undefined;
      case "commit":
        return this.#commit();
      case "abort":
        return this.#abort();
      case "listen":
        return this.#running.listen(command.sockets);
      case "stop_listening":
        return this.#running.stopListening();
      case "drain":
        return this.#drain();
      case "close":
        return this.#running.close?.();
      case "reopen_logs":
      case "trace_guest":
      case "report_guests":
      case "stats":
      case "admin_access":
        return this.#observe(command, this.#running);
    }
  }

  /** What changes nothing of the data plane. */
  #observe(command: Observation, running: WorkerRuntime): unknown {
    switch (command.kind) {
      case "reopen_logs":
        return running.reopenLogs?.();
      case "trace_guest":
        return running.traceGuest?.(command.request, command.port);
      case "report_guests":
        return running.reportGuests?.();
      case "stats":
        return running.onStats?.(command.snapshot);
      case "admin_access":
        return running.onAdminAccess?.(command.record);
    }
  }

  get #running(): WorkerRuntime {
    if (this.#runtime === undefined) throw new Error("the worker has no runtime yet");
    return this.#runtime;
  }

  async #init(command: WorkerCommand & { readonly kind: "init" }): Promise<void> {
    this.#runtime = await this.#create(command.init);
  }

  async #stage(): Promise<void> {
    const update = joinParts(this.#parts);
    this.#parts = [];
    if (this.#staging !== undefined) throw new Error("an update is staged already");
    const staging = new Staging();
    this.#staging = staging;
    try {
      const staged = await this.#running.stage(update);
      if (staging.aborted) staged.abort();
      else staging.staged = staged;
    } catch (error) {
      this.#staging = undefined;
      throw error;
    } finally {
      staging.finish();
    }
  }

  // Nothing is awaited: no stream may begin between the command and the assignment.
  #commit(): void {
    const staged = this.#staging?.staged;
    if (staged === undefined) throw new Error("nothing is staged");
    this.#staging = undefined;
    staged.commit();
  }

  async #abort(): Promise<void> {
    this.#parts = [];
    const staging = this.#staging;
    if (staging === undefined) return;
    staging.aborted = true;
    await staging.finished;
    this.#staging = undefined;
    staging.staged?.abort();
  }

  #drain(): void {
    const runtime = this.#running;
    runtime.drain();
    const timer = setInterval(() => {
      if (runtime.active > 0) return;
      clearInterval(timer);
      this.#send({ kind: "drained" });
    }, drainCheckMs);
  }
}

/** One update on its way from `stage` to `commit` or `abort`. */
class Staging {
  staged: StagedUpdate | undefined;
  aborted = false;
  readonly finished: Promise<void>;
  finish!: () => void;

  constructor() {
    this.finished = new Promise((resolve) => {
      this.finish = resolve;
    });
  }
}
