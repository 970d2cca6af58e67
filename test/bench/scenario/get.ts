import { warmLoad } from "../lib/load.ts";
import { availablePeers, proxyUrl, startProxy } from "../lib/proxies.ts";
import { ratio, type Report } from "../lib/report.ts";

const rounds = 3;

/** CPU per proxied GET through the connection manager and the router, access log off, against every peer found. */
export async function benchGet(report: Report, seconds: number): Promise<void> {
  const best = new Map<string, number>();
  for (let round = 0; round < rounds; round += 1) {
    // All peers in each round: what disturbs the machine disturbs all of them.
    for (const peer of availablePeers()) {
      const proxy = await startProxy(peer);
      try {
        const result = await warmLoad({ url: `${proxyUrl}/`, pid: proxy.pid, seconds });
        if (result.failed > 0) report.problem(`${peer}: ${result.failed} failed requests`);
        best.set(peer, Math.min(best.get(peer) ?? Infinity, result.cpuPerRequest));
        report.row(
          `GET round ${round + 1} ${peer}`,
          `${result.cpuPerRequest.toFixed(1)} µs CPU/request, ${result.perSecond.toFixed(0)}/s, p99 ${result.p99}`,
        );
      } finally {
        await proxy.stop();
      }
    }
  }
  const own = best.get("sluice")!;
  report.row("GET sluice / nginx (target ≤ 1.6)", ratio(own, best.get("nginx")));
  report.row("GET sluice / haproxy", ratio(own, best.get("haproxy")));
  report.row("GET sluice / envoy (target ≤ 0.6)", ratio(own, best.get("envoy")));
}
