import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { luaFilter, wasmFilter } from "../lib/bootstrap.ts";
import { builtCommand } from "../lib/built.ts";
import { get } from "../lib/child.ts";
import { pssMegabytes } from "../lib/process-tree.ts";
import { ports, startSluice } from "../lib/proxies.ts";
import { median, type Report } from "../lib/report.ts";
import { helloModule } from "./guests.ts";
import { setTimeout as sleep } from "node:timers/promises";

/** By then threads have written their compile cache and given back what only their start needed. */
const settleMs = 4000;

const options = {
  httpFilters: [wasmFilter(helloModule), luaFilter("function envoy_on_request(handle) end")],
};

/**
 * From exec to `/ready` LIVE with both guests, built as it is published, with a warm and an empty compile cache; the
 * same from the sources; and memory when idle.
 */
export async function benchStartup(report: Report): Promise<void> {
  const cache = mkdtempSync(path.join(tmpdir(), "sluice-cache-"));
  process.env["NODE_COMPILE_CACHE"] = cache;
  const built = builtCommand();
  try {
    const empty: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      rmSync(cache, { recursive: true, force: true });
      empty.push(await startOnce(built));
    }
    const settled = (): Promise<void> => sleep(settleMs);
    await startOnce(built, settled);
    const warm: number[] = [];
    for (let i = 0; i < 9; i += 1) warm.push(await startOnce(built));
    await startOnce(undefined, settled);
    const source: number[] = [];
    for (let i = 0; i < 5; i += 1) source.push(await startOnce(undefined));
    report.row("start to LIVE, empty compile cache (≤ 1000 ms)", `${median(empty).toFixed(0)} ms`);
    report.row("start to LIVE (≤ 400 ms)", `${median(warm).toFixed(0)} ms`);
    report.row("start to LIVE from the sources", `${median(source).toFixed(0)} ms`);
    await startOnce(built, async (pid) => {
      await sleep(settleMs);
      report.row("idle, 2 workers, both guests (≤ 150 MB)", `${pssMegabytes(pid).toFixed(0)} MB`);
    });
  } finally {
    delete process.env["NODE_COMPILE_CACHE"];
    rmSync(cache, { recursive: true, force: true });
  }
}

/** Milliseconds from exec to the first 200 of `/ready`. `command`: a `sluice.js`; undefined: the checkout's. */
async function startOnce(
  command: string | undefined,
  live?: (pid: number) => Promise<void>,
): Promise<number> {
  const begin = performance.now();
  const place = { core: "0,1", ...(command === undefined ? {} : { command }) };
  const proxy = startSluice(options, ["--concurrency", "2"], place);
  try {
    const url = `http://127.0.0.1:${ports.admin}/ready`;
    for (;;) {
      const answer = await get(url).catch(() => undefined);
      if (answer?.status === 200) break;
      if (proxy.process.exitCode !== null || performance.now() - begin > 20_000) {
        throw new Error(`not ready:\n${proxy.errors}`);
      }
      await sleep(2);
    }
    const elapsed = performance.now() - begin;
    await live?.(proxy.pid);
    return elapsed;
  } finally {
    await proxy.stop();
  }
}
