import http2 from "node:http2";
import { which } from "../lib/child.ts";
import { http2Load } from "../lib/h2load.ts";
import {
  availablePeers,
  grpcMessage,
  type Peer,
  ports,
  proxyUrl,
  scratchFile,
  startProxy,
} from "../lib/proxies.ts";
import { ratio, type Report } from "../lib/report.ts";

const rounds = 2;
const method = "/bench.Echo/Unary";
const headers = { "content-type": "application/grpc", te: "trailers" };

/** CPU per unary gRPC call. */
export async function benchGrpc(report: Report, seconds: number): Promise<void> {
  for (const [tool, debian] of [
    ["h2load", "nghttp2-client"],
    ["nginx", "nginx"],
  ] as const) {
    if (which(tool) !== undefined) continue;
    report.problem(`${tool} is not on PATH (Debian: apt-get install ${debian})`);
    return;
  }
  const peers = availablePeers().filter((peer) => peer === "sluice" || peer === "envoy");
  const best = new Map<Peer, number>();
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      const cpu = await measure(report, peer, `gRPC unary round ${round + 1} ${peer}`, seconds);
      best.set(peer, Math.min(best.get(peer) ?? Infinity, cpu));
    }
  }
  const own = best.get("sluice")!;
  report.row("gRPC unary sluice / envoy (target ≤ 0.7)", ratio(own, best.get("envoy")));
}

async function measure(report: Report, peer: Peer, row: string, seconds: number): Promise<number> {
  const file = scratchFile("grpc-request", grpcMessage);
  const fields = Object.entries(headers).map(([name, value]) => `-H${name}: ${value}`);
  const proxy = await startProxy(peer, { http2Upstream: true });
  try {
    const status = await statusOfCall();
    if (status !== "0") report.problem(`${peer}: a call ends with status ${status}`);
    const result = await http2Load({
      url: `http://127.0.0.1:${ports.proxy}${method}`,
      pid: proxy.pid,
      seconds,
      args: ["-d", file, ...fields],
    });
    if (result.failed > 0) report.problem(`${peer}: ${result.failed} failed calls`);
    const { cpuPerRequest, perSecond } = result;
    report.row(row, `${cpuPerRequest.toFixed(1)} µs CPU/call, ${perSecond.toFixed(0)}/s`);
    return cpuPerRequest;
  } finally {
    await proxy.stop();
  }
}

/** `grpc-status` in the trailers of one call. */
async function statusOfCall(): Promise<string> {
  const session = http2.connect(proxyUrl);
  const stream = session.request({ ":method": "POST", ":path": method, ...headers });
  let status = "missing";
  stream.on("trailers", (got: http2.IncomingHttpHeaders) => {
    status = String(got["grpc-status"]);
  });
  stream.resume();
  stream.end(Buffer.from(grpcMessage, "latin1"));
  await new Promise((resolve) => stream.once("close", resolve));
  session.destroy();
  return status;
}
