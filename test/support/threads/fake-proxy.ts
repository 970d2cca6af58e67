import { spawn, type ChildProcess } from "node:child_process";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Address } from "../../../host/src/contracts/address.ts";
import type { FakeConfig } from "./fake-sluice.ts";

/** Port 0 on the loopback. */
export const anyPort: Address = { kind: "ip", ip: "127.0.0.1", port: 0, family: 4 };

/** One time that a data plane became live. */
export interface Live {
  readonly pid: number;
  /** Ports or socket paths of the listeners. */
  readonly targets: readonly (number | string)[];
}

/** A running command with a supervisor and a fake data plane. */
export class FakeProxy {
  readonly child: ChildProcess;
  stderr = "";
  readonly lives: Live[] = [];
  exit: { readonly code: number | null; readonly signal: string | null } | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(t: TestContext, config: FakeConfig, flags: readonly string[] = []) {
    const script = fileURLToPath(new URL("./fake-sluice.ts", import.meta.url));
    const args = ["--config-yaml", JSON.stringify(config), "--concurrency", "2", ...flags];
    this.child = spawn(process.execPath, [...process.execArgv.filter(wanted), script, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stderr!.setEncoding("utf8").on("data", (text: unknown) => {
      this.stderr += String(text);
      this.#wake();
    });
    this.child.stdout!.setEncoding("utf8").on("data", (text: unknown) => {
      for (const line of String(text).trim().split("\n")) this.#onLine(line);
      this.#wake();
    });
    this.child.on("close", (code, signal) => {
      this.exit = { code, signal };
      this.#wake();
    });
    t.after(async () => {
      this.child.kill("SIGKILL");
      await this.ended();
    });
  }

  /** Resolves when a data plane has become live for the `count`-th time. */
  async live(count = 1): Promise<Live> {
    await this.until(() => this.lives.length >= count);
    return this.lives[count - 1]!;
  }

  /** Resolves when the command and all that has its pipes is gone. */
  async ended(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    while (this.exit === undefined) await this.#change();
    return this.exit;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.exit !== undefined) throw new Error(`ended too early: ${this.stderr}`);
      await this.#change();
    }
  }

  #onLine(line: string): void {
    const [, pid, ...targets] = line.split(" ");
    const numbers = targets.map((text) => (/^\d+$/.test(text) ? Number(text) : text));
    this.lives.push({ pid: Number(pid), targets: numbers });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

// The test runner's own flags are not for the command.
function wanted(flag: string): boolean {
  return flag === "-C" || flag === "sluice-source";
}
