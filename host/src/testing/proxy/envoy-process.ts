import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import net from "node:net";
import type { LogLine } from "./proxy.ts";

/** How long Envoy may take to start, and to end. */
const startMs = 30_000;
const endMs = 10_000;
const pollMs = 10;

/** The command: `$ENVOY`, or what is on the PATH. */
export function envoyCommand(): string {
  return process.env["ENVOY"] ?? "envoy";
}

/** What `envoy --version` says; undefined when there is none that can be run. */
export function envoyVersion(): string | undefined {
  const asked = spawnSync(envoyCommand(), ["--version"], { encoding: "utf8" });
  if (asked.error !== undefined || asked.status !== 0) return undefined;
  return /version: [0-9a-f]+\/([^/]+)\//.exec(asked.stdout)?.[1] ?? asked.stdout.trim();
}

/** A running Envoy, with what it logs. */
export class EnvoyProcess {
  stderr = "";
  readonly #child: ChildProcess;
  #ended = false;

  constructor(configPath: string) {
    this.#child = spawn(
      envoyCommand(),
      [
        "-c",
        configPath,
        "--concurrency",
        "1",
        "--use-dynamic-base-id",
        "--log-level",
        "info",
        "--log-format",
        "[%l][%n] %v",
        "--file-flush-interval-msec",
        "20",
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#child.once("exit", () => {
      this.#ended = true;
    });
  }

  /** False when it has ended instead. */
  async started(ports: readonly number[]): Promise<boolean> {
    const deadline = performance.now() + startMs;
    while (!this.stderr.includes("starting main dispatch loop") || !(await allOpen(ports))) {
      if (this.#ended) return false;
      if (performance.now() > deadline) throw new Error(`Envoy does not start:\n${this.stderr}`);
      await pause(pollMs);
    }
    return true;
  }

  /** Lines of the log, whole ones. */
  lines(): LogLine[] {
    const lines: LogLine[] = [];
    for (const line of this.stderr.split("\n").slice(0, -1)) {
      const found = /^\[(\w+)\]\[(\w+)\] (?:\[[^\]]*:\d+\] )?(.*)$/.exec(line);
      const last = lines.at(-1);
      if (found !== null) {
        const level = found[1] === "warning" ? "warn" : found[1]!;
        lines.push({ level, component: found[2]!, text: found[3]! });
      } else if (last !== undefined) {
        lines[lines.length - 1] = { ...last, text: `${last.text}\n${line}` };
      }
    }
    return lines;
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), endMs);
    await exited;
    clearTimeout(timer);
  }
}

const socketTable = "/proc/net/tcp";

/** Without connecting where the system tells: network filters would see the connection. */
async function allOpen(ports: readonly number[]): Promise<boolean> {
  if (existsSync(socketTable)) {
    const table = readFileSync(socketTable, "utf8");
    return ports.every((port) => isListening(table, port));
  }
  for (const port of ports) if (!(await opens(port))) return false;
  return true;
}

/** Lines are `sl local_address rem_address st …`, in hexadecimal; state 0A listens. */
function isListening(table: string, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return new RegExp(`^ *\\d+: [0-9A-F]{8}:${hex} \\S+ 0A `, "m").test(table);
}

function opens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A port that is free right now. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
