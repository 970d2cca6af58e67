import type { BootstrapOptions } from "../lib/bootstrap.ts";
import { which } from "../lib/child.ts";
import { http2Load } from "../lib/h2load.ts";
import { availablePeers, type Peer, ports, startProxy } from "../lib/proxies.ts";
import { ratio, type Report } from "../lib/report.ts";

const rounds = 2;

/** CPU per request of HTTP/2 clients, with HTTP/1.1 behind the proxy and with HTTP/2. */
export async function benchHttp2(report: Report, seconds: number): Promise<void> {
  if (which("h2load") === undefined) {
    report.problem("h2load is not on PATH (Debian: apt-get install nghttp2-client)");
    return;
  }
  const bridged = await measure(report, "HTTP/2 to 1.1", seconds, availablePeers(), {});
  const own = bridged.get("sluice")!;
  report.row("HTTP/2 to 1.1 sluice / envoy (target ≤ 0.5)", ratio(own, bridged.get("envoy")));
  report.row("HTTP/2 to 1.1 sluice / nginx (target ≤ 1)", ratio(own, bridged.get("nginx")));
  report.row("HTTP/2 to 1.1 sluice / haproxy", ratio(own, bridged.get("haproxy")));
  const peers = availablePeers().filter((peer) => peer === "sluice" || peer === "envoy");
  const both = await measure(report, "HTTP/2 to 2", seconds, peers, { http2Upstream: true });
  report.row(
    "HTTP/2 to 2 sluice / envoy (target ≤ 0.6)",
    ratio(both.get("sluice")!, both.get("envoy")),
  );
}

async function measure(
  report: Report,
  what: string,
  seconds: number,
  peers: readonly Peer[],
  options: BootstrapOptions,
): Promise<Map<Peer, number>> {
  const best = new Map<Peer, number>();
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      const finds = peer === "sluice" || peer === "envoy";
      const url = `http://127.0.0.1:${finds ? ports.proxy : ports.http2Proxy}/`;
      const proxy = await startProxy(peer, options);
      try {
        const result = await http2Load({ url, pid: proxy.pid, seconds });
        if (result.failed > 0) report.problem(`${peer}: ${result.failed} failed requests`);
        best.set(peer, Math.min(best.get(peer) ?? Infinity, result.cpuPerRequest));
        const { cpuPerRequest, perSecond } = result;
        report.row(
          `${what} round ${round + 1} ${peer}`,
          `${cpuPerRequest.toFixed(1)} µs CPU/request, ${perSecond.toFixed(0)}/s`,
        );
      } finally {
        await proxy.stop();
      }
    }
  }
  return best;
}
