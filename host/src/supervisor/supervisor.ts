import { ExitCode } from "../common/exit-code.ts";
import { moduleUrl } from "../common/module-url.ts";
import { systemTime } from "../common/time/clock.ts";
import { DataPlaneProcess, type DataPlaneExit } from "./data-plane-process.ts";
import { ListeningSockets } from "./listening-sockets.ts";
import { RestartPolicy } from "./restart-policy.ts";
import type { SupervisorLog } from "./supervisor-log.ts";

export interface SupervisorSettings {
  /** The command line, passed on to the data plane. */
  readonly args: readonly string[];
  readonly shutdownGraceMs: number;
  readonly log: SupervisorLog;
  /** What a terminal that closes does: Envoy ignores it, the demo ends. */
  readonly hangup: "ignore" | "terminate";
  /** The data plane's module; tests start their own. */
  readonly entry?: URL;
  /** The process that restarts are counted for has become ready (again). */
  readonly onReady?: () => void;
}

/** Signals closer together than this are one: a terminal and a service manager may both send. */
const secondSignalAfterMs = 1000;
/** Beyond the grace, before a data plane that does not end is killed. */
const killAfterGraceMs = 6000;

/**
 * Starts the data plane and keeps it running until SIGTERM or SIGINT. The result is the exit code. A data plane
 * that fails before it was ever ready is not started again: its exit code is the result.
 */
export function superviseDataPlane(settings: SupervisorSettings): Promise<number> {
  return new Promise((resolve) => {
    new Supervisor(settings, resolve).start();
  });
}

class Supervisor {
  readonly #settings: SupervisorSettings;
  readonly #finish: (exitCode: number) => void;
  readonly #sockets = new ListeningSockets();
  readonly #restarts = new RestartPolicy();
  #dataPlane: DataPlaneProcess | undefined;
  #everReady = false;
  #shutdownAt: number | undefined;
  #killed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: SupervisorSettings, finish: (exitCode: number) => void) {
    this.#settings = settings;
    this.#finish = finish;
  }

  start(): void {
    process.on("SIGTERM", this.#onSignal);
    process.on("SIGINT", this.#onSignal);
    process.on("SIGHUP", this.#settings.hangup === "terminate" ? this.#onSignal : ignore);
    process.on("SIGUSR1", this.#reopenLogs);
    this.#spawn();
  }

  readonly #spawn = (): void => {
    const { entry = moduleUrl("../server/main", import.meta.url), args } = this.#settings;
    this.#dataPlane = new DataPlaneProcess(entry, args, this.#sockets, {
      onReady: () => this.#onReady(),
      onTerminate: () => this.#shutDown(),
      onReopenLogs: this.#reopenLogs,
      onExit: (exit) => this.#onExit(exit),
    });
  };

  #onReady(): void {
    this.#everReady = true;
    if (this.#restarts.deathsInARow > 0) {
      this.#settings.log.log("info", `data plane ${this.#dataPlane?.pid} serves again`);
    }
    this.#settings.onReady?.();
  }

  readonly #onSignal = (): void => {
    if (this.#shutdownAt === undefined) return this.#shutDown();
    if (systemTime.monotonicMs() - this.#shutdownAt < secondSignalAfterMs) return;
    this.#killed = true;
    this.#dataPlane?.kill();
  };

  readonly #reopenLogs = (): void => {
    this.#settings.log.reopen();
    this.#dataPlane?.reopenLogs();
  };

  #shutDown(): void {
    if (this.#shutdownAt !== undefined) return;
    this.#shutdownAt = systemTime.monotonicMs();
    clearTimeout(this.#timer);
    if (this.#dataPlane === undefined) return this.#end(ExitCode.ok);
    const graceMs = this.#settings.shutdownGraceMs;
    this.#settings.log.log("info", `shutting down, requests in flight get ${graceMs / 1000} s`);
    this.#dataPlane.shutDown(graceMs);
    // The workers close their duplicates when they are told; the queue is refused when the last one is closed.
    this.#sockets.close();
    this.#timer = setTimeout(() => {
      this.#settings.log.log("error", "the data plane does not end, killing it");
      this.#dataPlane?.kill();
    }, graceMs + killAfterGraceMs);
  }

  #onExit(exit: DataPlaneExit): void {
    const { log } = this.#settings;
    this.#dataPlane = undefined;
    if (this.#killed) return this.#end(ExitCode.ok);
    if (this.#shutdownAt !== undefined) {
      // A terminal's SIGINT reaches the data plane too, perhaps before it has a handler.
      const early = exit.signal === "SIGINT" || exit.signal === "SIGTERM";
      return this.#end(early ? ExitCode.ok : (exit.code ?? ExitCode.runTime));
    }
    if (!this.#everReady) {
      // One that ended by itself has said why.
      if (exit.code === undefined)
        log.log("critical", `the data plane ${exit.how} before it was ready`);
      return this.#end(exit.code ?? ExitCode.runTime);
    }
    const delayMs = this.#restarts.delayAfterDeath(exit.servedMs);
    const count = this.#restarts.deathsInARow;
    const when = delayMs === 0 ? "now" : `in ${delayMs} ms (${count} deaths in a row)`;
    log.log("error", `the data plane ${exit.how}; starting it again ${when}`);
    if (delayMs === 0) return this.#spawn();
    this.#timer = setTimeout(this.#spawn, delayMs);
  }

  #end(exitCode: number): void {
    clearTimeout(this.#timer);
    this.#sockets.close();
    process.off("SIGTERM", this.#onSignal);
    process.off("SIGINT", this.#onSignal);
    process.off("SIGHUP", this.#onSignal);
    process.off("SIGHUP", ignore);
    process.off("SIGUSR1", this.#reopenLogs);
    this.#finish(exitCode);
  }
}

function ignore(): void {}
