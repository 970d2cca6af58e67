import http from "node:http";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import path from "node:path";
import { Child, cores, nodePath, root, untilReady } from "../lib/child.ts";
import { warmLoad } from "../lib/load.ts";
import { pssMegabytes } from "../lib/process-tree.ts";
import { availablePeers, ports, proxyUrl, startProxy } from "../lib/proxies.ts";
import { ratio, type Report } from "../lib/report.ts";

const oneMegabyte = 1_048_576;

/** Throughput with 1 MB bodies against Envoy. */
export async function benchBodies(report: Report, seconds: number): Promise<void> {
  const best = new Map<string, number>();
  for (let round = 0; round < 3; round += 1) {
    for (const peer of availablePeers()) {
      const proxy = await startProxy(peer);
      try {
        const url = `${proxyUrl}/bytes/${oneMegabyte}`;
        const result = await warmLoad({ url, pid: proxy.pid, seconds, connections: 16 });
        if (result.failed > 0) report.problem(`${peer}: ${result.failed} failed requests`);
        best.set(peer, Math.max(best.get(peer) ?? 0, result.megabytesPerSecond));
      } finally {
        await proxy.stop();
      }
    }
  }
  for (const [peer, rate] of best) report.row(`1 MB bodies ${peer}`, `${rate.toFixed(0)} MB/s`);
  report.row(
    "1 MB bodies, sluice / envoy (target ≥ 0.8)",
    ratio(best.get("sluice"), best.get("envoy")),
  );
}

/** Memory while a reader of a 1 GB body has stalled. Needs the Node upstream, which makes bodies of any size. */
export async function benchStalledReader(report: Report): Promise<void> {
  const upstream = new Child(cores.load, nodePath, [
    path.join(root, "test/bench/lib/upstream.ts"),
    String(ports.upstream),
  ]);
  await untilReady(`http://127.0.0.1:${ports.upstream}/`, upstream);
  const proxy = await startProxy("sluice");
  try {
    await readAll(`${proxyUrl}/bytes/${100 * oneMegabyte}`);
    const socket = net.connect(ports.proxy, "127.0.0.1");
    socket.write(`GET /bytes/${1024 * oneMegabyte} HTTP/1.1\r\nhost: bench\r\n\r\n`);
    socket.once("readable", () => undefined);
    await sleep(2000);
    const warm = pssMegabytes(proxy.pid);
    let most = warm;
    for (let i = 0; i < 10; i += 1) {
      await sleep(500);
      most = Math.max(most, pssMegabytes(proxy.pid));
    }
    socket.destroy();
    report.row(
      "1 GB body, stalled reader: memory over 5 s (≤ 1.05)",
      `${ratio(most, warm)} (${warm.toFixed(0)} MB)`,
    );
  } finally {
    await proxy.stop();
    await upstream.stop();
  }
}

function readAll(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent: false }, (response) => response.resume().on("end", resolve))
      .on("error", reject);
  });
}
