import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { luaFilter, wasmFilter } from "../lib/bootstrap.ts";
import { get } from "../lib/child.ts";
import { pssMegabytes } from "../lib/process-tree.ts";
import { ports, startSluice } from "../lib/proxies.ts";
import { median, type Report } from "../lib/report.ts";
import { helloModule } from "./guests.ts";
import { setTimeout as sleep } from "node:timers/promises";

const options = {
  httpFilters: [wasmFilter(helloModule), luaFilter("function envoy_on_request(handle) end")],
};

/** From exec to `/ready` LIVE with both guests, with a warm and an empty compile cache; and memory when idle. */
export async function benchStartup(report: Report): Promise<void> {
  const cache = mkdtempSync(path.join(tmpdir(), "sluice-cache-"));
  process.env["NODE_COMPILE_CACHE"] = cache;
  try {
    const empty: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      rmSync(cache, { recursive: true, force: true });
      empty.push(await startOnce());
    }
    const warm: number[] = [];
    for (let i = 0; i < 9; i += 1) warm.push(await startOnce());
    report.row("start to LIVE, empty compile cache (≤ 1000 ms)", `${median(empty).toFixed(0)} ms`);
    report.row("start to LIVE (≤ 400 ms)", `${median(warm).toFixed(0)} ms`);
    await startOnce(async (pid) => {
      await sleep(3000);
      report.row("idle, 2 workers, both guests (≤ 150 MB)", `${pssMegabytes(pid).toFixed(0)} MB`);
    });
  } finally {
    delete process.env["NODE_COMPILE_CACHE"];
    rmSync(cache, { recursive: true, force: true });
  }
}

/** Milliseconds from exec to the first 200 of `/ready`. */
async function startOnce(live?: (pid: number) => Promise<void>): Promise<number> {
  const begin = performance.now();
  const proxy = startSluice(options, ["--concurrency", "2"], "0,1");
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
