import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Cleanup } from "./sluice-process.ts";

/** A command that has said nothing for so long has not understood. */
const patienceMs = 100_000;

/** A command that goes on until it is ended, in a process group of its own, as under a terminal. */
export class RunningCommand {
  /** Everything that it has printed, on both streams. */
  output = "";
  ended = false;
  readonly #child: ChildProcess;
  #wake: (() => void)[] = [];

  constructor(cleanup: Cleanup, command: readonly string[], { cwd }: { readonly cwd: string }) {
    this.#child = spawn(command[0]!, command.slice(1), {
      cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, npm_config_update_notifier: "false" },
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#changed();
      });
    }
    this.#child.on("close", () => {
      this.ended = true;
      this.#changed();
    });
    cleanup.after(async () => {
      if (!this.ended) process.kill(-this.pid, "SIGKILL");
      await this.untilEnded();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Waits for a text behind what was there at `from`; gives what was printed since. */
  async until(text: string | RegExp, from = 0): Promise<string> {
    for (;;) {
      const since = this.output.slice(from);
      if (typeof text === "string" ? since.includes(text) : text.test(since)) return since;
      if (this.ended) throw new Error(`ended before ${String(text)}:\n${this.output}`);
      if (!(await this.#change())) throw new Error(`still no ${String(text)}:\n${this.output}`);
    }
  }

  /** Its exit code. */
  async untilEnded(): Promise<number | null> {
    while (!this.ended) await this.#change();
    return this.#child.exitCode;
  }

  /** False: nothing has changed for long. */
  #change(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), patienceMs);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
  }
}

/** Saves a file with one text instead of another, as an editor does. */
export function save(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8");
  assert.ok(text.includes(from), `${file} has no ${from}`);
  writeFileSync(`${file}~`, text.replace(from, to));
  renameSync(`${file}~`, file);
}
