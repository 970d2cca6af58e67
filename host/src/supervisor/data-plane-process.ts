import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { maxDescriptorsPerMessage, sendDescriptors, socketPair } from "../common/libc.ts";
import { systemTime } from "../common/time/clock.ts";
import { dataPlaneFlags } from "./data-plane-flags.ts";
import type { ListeningSockets } from "./listening-sockets.ts";
import type { FromSupervisor, SocketRequest, ToSupervisor } from "./protocol.ts";

/** How a data-plane process ended. */
export interface DataPlaneExit {
  /** Undefined when a signal ended it, or when it could not be started. */
  readonly code: number | undefined;
  /** For the log: "ended with code 1". */
  readonly how: string;
  readonly signal: string | undefined;
  /** How long it has served; 0 when it never got ready. */
  readonly servedMs: number;
}

/** What a data-plane process makes its supervisor do. */
export interface DataPlaneEvents {
  onReady(): void;
  onTerminate(): void;
  onReopenLogs(): void;
  /** Called once, last. */
  onExit(exit: DataPlaneExit): void;
}

/** One life of the data-plane process. */
export class DataPlaneProcess {
  readonly #child: ChildProcess;
  readonly #channel: number;
  readonly #sockets: ListeningSockets;
  readonly #events: DataPlaneEvents;
  #readyAt: number | undefined;
  #ended = false;

  /** Starts `entry` with the command line `args`. */
  constructor(
    entry: URL,
    args: readonly string[],
    sockets: ListeningSockets,
    events: DataPlaneEvents,
  ) {
    const [ours, theirs] = socketPair();
    this.#sockets = sockets;
    this.#events = events;
    this.#channel = ours;
    this.#child = spawn(process.execPath, [...dataPlaneFlags(), fileURLToPath(entry), ...args], {
      stdio: ["ignore", "inherit", "inherit", "ipc", theirs],
    });
    closeSync(theirs);
    this.#child.on("message", (message: ToSupervisor) => this.#onMessage(message));
    this.#child.on("error", (error) => this.#onEnd(`cannot be run: ${error.message}`, null, null));
    this.#child.on("exit", (code, signal) => {
      this.#onEnd(signal === null ? `ended with code ${code}` : `died of ${signal}`, code, signal);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks it to end in order. */
  shutDown(graceMs: number): void {
    this.#send({ kind: "shutdown", graceMs });
  }

  /** Its log files were moved away. */
  reopenLogs(): void {
    this.#send({ kind: "reopen_logs" });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #onMessage(message: ToSupervisor): void {
    switch (message.kind) {
      case "sockets":
        return this.#send(this.#openSockets(message.requests));
      case "ready":
        this.#readyAt = systemTime.monotonicMs();
        return this.#events.onReady();
      case "terminate":
        return this.#events.onTerminate();
      case "reopen_logs":
        return this.#events.onReopenLogs();
    }
  }

  #openSockets(requests: readonly SocketRequest[]): FromSupervisor {
    const result = this.#sockets.replace(requests);
    if (!result.ok) return { kind: "bind_failed", problems: result.error };
    const fds = result.value.flatMap((set) => set.fds);
    try {
      for (let i = 0; i < fds.length; i += maxDescriptorsPerMessage) {
        sendDescriptors(this.#channel, fds.slice(i, i + maxDescriptorsPerMessage));
      }
    } catch (error) {
      return { kind: "bind_failed", problems: [`cannot hand over the sockets: ${String(error)}`] };
    }
    const sockets = result.value.map(({ address, fds: { length } }) => ({
      address,
      copies: length,
    }));
    return { kind: "bound", sockets };
  }

  #send(message: FromSupervisor): void {
    // It may have died a moment ago: its exit event tells more than an error here.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #onEnd(how: string, code: number | null, signal: string | null): void {
    if (this.#ended) return;
    this.#ended = true;
    closeSync(this.#channel);
    const now = systemTime.monotonicMs();
    this.#events.onExit({
      how,
      code: code ?? undefined,
      signal: signal ?? undefined,
      servedMs: now - (this.#readyAt ?? now),
    });
  }
}
