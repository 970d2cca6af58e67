import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { sluiceBin } from "./command.ts";

/** A test, or the hooks of a whole file. */
export interface Cleanup {
  after(callback: () => void | Promise<void>): void;
}

/** A folder that is removed afterwards. */
export function scratchFolder(cleanup: Cleanup): string {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-test-"));
  cleanup.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface SluiceOptions {
  /** The text of a YAML file, or what is written as JSON. */
  readonly config: string | JsonObject;
  /** Where the configuration is written; default: a folder of its own. */
  readonly folder?: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Run instead of the command, with its arguments. */
  readonly program?: readonly string[];
  /** A thread that ends with an exception, or one that hangs, is expected. */
  readonly mayLoseWorkers?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const patienceMs = 60_000;

/** Where the command said so, after it began to serve. */
const readyLine = "all dependencies initialized. starting workers";

/**
 * A running `sluice`. With `SLUICE_UNDER_TEST` in the environment that program is run instead: Envoy itself, to
 * see whether a test expects of it what it does.
 */
export class SluiceProcess {
  readonly child: ChildProcess;
  readonly configFile: string;
  stdout = "";
  stderr = "";
  exit: Exit | undefined = undefined;
  readonly #waiting = new Set<() => void>();
  readonly #mayLoseWorkers: boolean;

  constructor(cleanup: Cleanup, options: SluiceOptions) {
    const { config, args = [], env = {} } = options;
    const folder = options.folder ?? scratchFolder(cleanup);
    const isText = typeof config === "string";
    this.configFile = path.join(folder, isText ? "sluice.yaml" : "sluice.json");
    writeFileSync(this.configFile, isText ? config : JSON.stringify(config, undefined, 1));
    this.#mayLoseWorkers = options.mayLoseWorkers ?? false;
    const other = process.env["SLUICE_UNDER_TEST"];
    const usual =
      other === undefined
        ? [process.execPath, sluiceBin]
        : [other, "--use-dynamic-base-id", "--log-format", "[%Y-%m-%d %T.%e][%t][%l][%n] %v"];
    const program = options.program ?? usual;
    const command = [...program, "-c", this.configFile, ...args];
    this.child = spawn(command[0]!, command.slice(1), {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    this.child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#wake();
    });
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#wake();
    });
    this.child.on("close", (code, signal) => {
      this.exit = { code, signal };
      this.#wake();
    });
    cleanup.after(() => this.#end());
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The process that carries the traffic; undefined while there is none. */
  get dataPlanePid(): number | undefined {
    return childrenOf(this.pid)[0];
  }

  /** The log so far, line by line. */
  get lines(): string[] {
    return this.stderr.split("\n").filter((line) => line !== "");
  }

  /** Resolves when the log matches for the `count`-th time. */
  async untilLogged(pattern: RegExp | string, count = 1): Promise<void> {
    const all =
      typeof pattern === "string" ? undefined : new RegExp(pattern.source, `${pattern.flags}g`);
    const times = (): number =>
      all === undefined
        ? this.stderr.split(pattern as string).length - 1
        : [...this.stderr.matchAll(all)].length;
    await this.until(() => times() >= count, `log line ${String(pattern)}`);
  }

  ready(count = 1): Promise<void> {
    return this.untilLogged(readyLine, count);
  }

  /** Resolves when the process and all that has its pipes is gone. */
  async ended(): Promise<Exit> {
    while (this.exit === undefined) await this.#change();
    return this.exit;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    this.child.kill(signal);
    return this.ended();
  }

  /** Resolves when `condition` holds; it is looked at whenever something is printed. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!condition()) {
      if (this.exit !== undefined) throw new Error(`ended before ${what}:\n${this.stderr}`);
      if (performance.now() > deadline) throw new Error(`still no ${what}:\n${this.stderr}`);
      await this.#change();
    }
  }

  // The supervisor first: it would start another data plane.
  async #end(): Promise<void> {
    if (this.exit === undefined) {
      const children = childrenOf(this.pid);
      for (const pid of [this.pid, ...children]) kill(pid);
      await this.ended();
    }
    const lost = /^.*(uncaught exception|worker_\d+ (threw|hangs)).*$/m.exec(this.stderr);
    if (lost !== null && !this.#mayLoseWorkers) throw new Error(`in the log:\n${this.stderr}`);
  }

  /** Something was printed, or a moment passed. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, 1000);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

/** A `sluice` that serves. */
export async function startSluice(
  cleanup: Cleanup,
  options: SluiceOptions,
): Promise<SluiceProcess> {
  const sluice = new SluiceProcess(cleanup, options);
  await sluice.ready();
  return sluice;
}

export function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
