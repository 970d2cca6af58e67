import { spawn } from "node:child_process";
import path from "node:path";
import { cores, root, which } from "../lib/child.ts";
import { warmLoad } from "../lib/load.ts";
import { cpuMicros } from "../lib/process-tree.ts";
import { availablePeers, type Peer, ports, startProxy } from "../lib/proxies.ts";
import { ratio, type Report } from "../lib/report.ts";

const rounds = 3;
const fixture = (name: string): string => path.join(root, "test/fixtures/tls", name);
const tls = { certificate: fixture("server-cert.pem"), key: fixture("server-key.pem") };
const peers = (): Peer[] =>
  availablePeers().filter((peer) => peer === "sluice" || peer === "envoy");

/** What `openssl s_time` does again and again. */
const handshakes = [
  { name: "full handshake, TLS 1.3", args: ["-new"], target: " (target ≤ 1.25)" },
  { name: "full handshake, TLS 1.2", args: ["-new", "-tls1_2"], target: "" },
  { name: "resumed handshake, TLS 1.2", args: ["-reuse", "-tls1_2"], target: "" },
] as const;

/** CPU per proxied GET over kept connections with TLS, and per handshake; ECDSA P-256. */
export async function benchTls(report: Report, seconds: number): Promise<void> {
  const best = new Map<string, number>();
  const keep = (what: string, peer: Peer, micros: number): void => {
    const key = `${what} ${peer}`;
    best.set(key, Math.min(best.get(key) ?? Infinity, micros));
    report.row(key, `${micros.toFixed(1)} µs CPU`);
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers()) {
      const proxy = await startProxy(peer, { tls });
      try {
        const url = `https://127.0.0.1:${ports.secureProxy}/`;
        const result = await warmLoad({ url, pid: proxy.pid, seconds });
        if (result.failed > 0) report.problem(`${peer}: ${result.failed} failed requests`);
        keep("GET over TLS", peer, result.cpuPerRequest);
        await handshakeMicros(proxy.pid, ["-new"], 2);
        for (const { name, args } of handshakes) {
          keep(name, peer, await handshakeMicros(proxy.pid, args, seconds));
        }
      } finally {
        await proxy.stop();
      }
    }
  }
  const compare = (what: string): string =>
    ratio(best.get(`${what} sluice`), best.get(`${what} envoy`));
  report.row("GET over TLS sluice / envoy (target ≤ 0.7)", compare("GET over TLS"));
  for (const { name, target } of handshakes) {
    report.row(`${name} sluice / envoy${target}`, compare(name));
  }
}

async function handshakeMicros(
  pid: number,
  args: readonly string[],
  seconds: number,
): Promise<number> {
  const before = cpuMicros(pid);
  const text = await run([
    "s_time",
    "-connect",
    `127.0.0.1:${ports.secureProxy}`,
    "-time",
    String(Math.ceil(seconds)),
    ...args,
  ]);
  const used = cpuMicros(pid) - before;
  return used / Math.max(1, Number(/(\d+) connections in \d+ real/.exec(text)?.[1] ?? 0));
}

function run(args: readonly string[]): Promise<string> {
  const openssl = which("openssl");
  if (openssl === undefined) throw new Error("openssl is not on PATH");
  return new Promise((resolve) => {
    const child = spawn("taskset", ["-c", cores.load, openssl, ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    child.stdout.setEncoding("latin1").on("data", (part: string) => (text += part));
    child.on("close", () => resolve(text));
  });
}
