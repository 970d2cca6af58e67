import { spawn } from "node:child_process";
import { cores } from "./child.ts";
import type { LoadResult } from "./load.ts";
import { cpuMicros } from "./process-tree.ts";

const warmUpSeconds = 3;

export interface Http2LoadOptions {
  readonly url: string;
  /** The proxy. */
  readonly pid: number;
  readonly seconds: number;
  /** More for h2load. */
  readonly args?: readonly string[];
}

/** Warms up, then measures: h2load with 16 connections of 16 streams each, on its own core. */
export async function http2Load(options: Http2LoadOptions): Promise<LoadResult> {
  const { url, args = [] } = options;
  await h2load(url, warmUpSeconds, args);
  const before = cpuMicros(options.pid);
  const text = await h2load(url, options.seconds, args);
  const cpu = cpuMicros(options.pid) - before;
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const requests = number(/(\d+) done/);
  return {
    requests,
    perSecond: number(/finished in [^,]+, ([\d.]+) req\/s/),
    cpuPerRequest: cpu / Math.max(1, requests),
    p99: "?",
    failed:
      number(/(\d+) failed/) + number(/(\d+) errored/) + number(/(\d+) 4xx/) + number(/(\d+) 5xx/),
    megabytesPerSecond: 0,
  };
}

function h2load(url: string, seconds: number, more: readonly string[]): Promise<string> {
  const args = ["-c16", "-m16", "-t1", `-D${seconds}`, ...more, url];
  return new Promise((resolve, reject) => {
    const child = spawn("taskset", ["-c", cores.load, "h2load", ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("latin1").on("data", (part: string) => (text += part));
    child.on("error", reject);
    child.on("exit", (code) =>
      code === 0 ? resolve(text) : reject(new Error(`h2load ended with ${code}`)),
    );
  });
}
