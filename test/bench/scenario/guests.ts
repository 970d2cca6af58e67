import path from "node:path";
import { type BootstrapOptions, luaFilter, wasmFilter } from "../lib/bootstrap.ts";
import { root } from "../lib/child.ts";
import { warmLoad } from "../lib/load.ts";
import { availablePeers, type Peer, proxyUrl, startProxy } from "../lib/proxies.ts";
import { ratio, type Report } from "../lib/report.ts";

const rounds = 3;
const script = `function envoy_on_request(handle)
  local agent = handle:headers():get("host")
  handle:headers():add("x-bench", agent or "none")
end`;

/** The module of the `hello` sample: reads one header and adds one. */
export const helloModule = path.join(root, "sample-filters/hello/build/hello.wasm");

/** CPU that a module and a script add to a request which read one header and add one, limiter on. */
export async function benchGuests(report: Report, seconds: number): Promise<void> {
  const variants: [string, BootstrapOptions][] = [
    ["plain", {}],
    ["wasm", { httpFilters: [wasmFilter(helloModule)] }],
    ["lua", { httpFilters: [luaFilter(script)] }],
  ];
  const peers = availablePeers().filter((peer) => peer === "sluice" || peer === "envoy");
  const best = new Map<string, number>();
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      for (const [variant, options] of variants) {
        const cpu = await cpuPerRequest(report, peer, options, seconds);
        const key = `${peer} ${variant}`;
        best.set(key, Math.min(best.get(key) ?? Infinity, cpu));
      }
    }
  }
  const added = (peer: Peer, variant: string): number | undefined => {
    const plain = best.get(`${peer} plain`);
    const with_ = best.get(`${peer} ${variant}`);
    return plain === undefined || with_ === undefined ? undefined : with_ - plain;
  };
  for (const variant of ["wasm", "lua"]) {
    for (const peer of peers) {
      report.row(
        `${variant} added by ${peer}`,
        `${added(peer, variant)?.toFixed(2)} µs CPU/request`,
      );
    }
    report.row(
      `${variant} added, sluice / envoy (target ≤ 0.33)`,
      ratio(added("sluice", variant), added("envoy", variant)),
    );
  }
}

async function cpuPerRequest(
  report: Report,
  peer: Peer,
  options: BootstrapOptions,
  seconds: number,
): Promise<number> {
  const proxy = await startProxy(peer, options);
  try {
    const result = await warmLoad({ url: `${proxyUrl}/`, pid: proxy.pid, seconds });
    if (result.failed > 0) report.problem(`${peer}: ${result.failed} failed requests`);
    return result.cpuPerRequest;
  } finally {
    await proxy.stop();
  }
}
