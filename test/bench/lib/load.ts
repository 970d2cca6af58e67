import { spawn } from "node:child_process";
import { cores } from "./child.ts";
import { cpuMicros } from "./process-tree.ts";

/** What one run of the load generator saw. */
export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** CPU microseconds of the proxy's process tree per request. */
  readonly cpuPerRequest: number;
  readonly p99: string;
  /** Responses other than 2xx and 3xx, and socket errors. */
  readonly failed: number;
  readonly megabytesPerSecond: number;
}

/**
 * Code is compiled as it proves hot, by threads whose CPU counts: this many requests until a proxy with a compiler has
 * settled, also on a machine with other work; no longer than the seconds, for requests that take long.
 */
const settled = { requests: 200_000, seconds: 10 };

export interface LoadOptions {
  readonly url: string;
  /** The proxy. */
  readonly pid: number;
  readonly seconds: number;
  readonly connections?: number;
}

/** Warms up, then measures. */
export async function warmLoad(options: LoadOptions): Promise<LoadResult> {
  await warmUp(options);
  return load(options);
}

/** Loads until the proxy has settled. */
export async function warmUp(options: Omit<LoadOptions, "seconds">): Promise<void> {
  const stepSeconds = 2;
  let requests = 0;
  for (
    let spent = 0;
    spent < settled.seconds && requests < settled.requests;
    spent += stepSeconds
  ) {
    requests += (await load({ ...options, seconds: stepSeconds })).requests;
  }
}

/** Runs wrk with keep-alive connections on its own core. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const before = cpuMicros(options.pid);
  const text = await wrk(options);
  const cpu = cpuMicros(options.pid) - before;
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const requests = number(/(\d+) requests in/);
  const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(
    text,
  );
  const broken = socketErrors ? socketErrors.slice(1).reduce((sum, n) => sum + Number(n), 0) : 0;
  return {
    requests,
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    cpuPerRequest: cpu / Math.max(1, requests),
    p99: /99%\s+(\S+)/.exec(text)?.[1] ?? "?",
    failed: number(/Non-2xx or 3xx responses: (\d+)/) + broken,
    megabytesPerSecond: transferRate(text),
  };
}

function wrk(options: LoadOptions): Promise<string> {
  const connections = options.connections ?? 64;
  const args = [
    "-c",
    cores.load,
    "wrk",
    "-t1",
    `-c${connections}`,
    `-d${options.seconds}s`,
    "--latency",
  ];
  return new Promise((resolve, reject) => {
    const child = spawn("taskset", [...args, options.url], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("latin1").on("data", (part: string) => (text += part));
    child.on("error", reject);
    child.on("exit", (code) =>
      code === 0 ? resolve(text) : reject(new Error(`wrk ended with ${code}`)),
    );
  });
}

function transferRate(text: string): number {
  const found = /Transfer\/sec:\s+([\d.]+)(KB|MB|GB|B)/.exec(text);
  if (found === null) return 0;
  const factor = { B: 1e-6, KB: 1e-3, MB: 1, GB: 1e3 }[found[2] as "B" | "KB" | "MB" | "GB"];
  return Number(found[1]) * factor;
}
