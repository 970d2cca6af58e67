import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The core that the proxy gets, and the one for load generator and upstream. */
export const cores = { proxy: "0", load: "1" } as const;

/** The packaged Node. */
export const nodePath = path.join(
  path.dirname(createRequire(import.meta.url).resolve("node/package.json")),
  "bin",
  "node",
);

/** The full path of a command, or undefined when it is not on PATH. */
export function which(command: string): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(":")) {
    const file = path.join(folder, command);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** A process pinned to a core, ended by its id. */
export class Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it wrote on stderr. */
  errors = "";

  constructor(core: string | undefined, command: string, args: readonly string[]) {
    const [file, all] =
      core === undefined ? [command, args] : ["taskset", ["-c", core, command, ...args]];
    this.process = spawn(file, all, { stdio: ["ignore", "ignore", "pipe"], cwd: root });
    this.pid = this.process.pid!;
    this.process.stderr?.setEncoding("latin1").on("data", (text: string) => {
      this.errors += text;
    });
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGTERM");
    const deadline = setTimeout(() => this.process.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(deadline);
  }
}

/** One GET on a connection of its own; rejects when there is no answer. */
export function get(
  url: string,
): Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false, timeout: 2000 }, (response) => {
      let body = "";
      response.setEncoding("latin1").on("data", (text: string) => (body += text));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
      );
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error(`no answer from ${url}`)));
    request.on("error", reject);
  });
}

/** Waits until `url` answers 200. */
export async function untilReady(url: string, child: Child): Promise<void> {
  for (let i = 0; i < 2000; i += 1) {
    const answer = await get(url).catch(() => undefined);
    if (answer?.status === 200) return;
    if (child.process.exitCode !== null) throw new Error(`ended early:\n${child.errors}`);
    await sleep(5);
  }
  throw new Error(`${url} did not become ready:\n${child.errors}`);
}
