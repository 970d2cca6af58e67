import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { type BootstrapOptions, luaFilter, wasmFilter } from "../lib/bootstrap.ts";
import { type Child, nodePath, root } from "../lib/child.ts";
import { load, warmUp } from "../lib/load.ts";
import { availablePeers, type Peer, plainUrlOf, startProxy, urlOf } from "../lib/proxies.ts";
import { ratio, type Report } from "../lib/report.ts";

/** How often each listener is measured, for a fifth of the seconds that are asked for. */
const turns = 10;
/** Between the ports of two proxies. */
const portsApart = 10;

/** The module of the `hello` sample: reads one header and adds one. */
export const helloModule = path.join(root, "sample-filters/hello/build/hello.wasm");
const header = (file: string): string => path.join(root, "test/fixtures/wasm/header", file);

/** A guest, the requests that it is measured with, and what it may add of what it adds in Envoy. */
interface GuestCase {
  readonly name: string;
  readonly options: BootstrapOptions;
  /** What is asked for, with the guest and without. */
  readonly path: string;
  readonly target: number;
  /** A file that is built by hand, and how. */
  readonly built?: { readonly file: string; readonly by: string };
}

const wasmCase = (name: string, file: string, target: number, by: string): GuestCase => ({
  name: `wasm ${name}`,
  options: { httpFilters: [wasmFilter(file)] },
  path: "/",
  target,
  built: { file, by },
});
const luaCase = (name: string, at: string, target: number, script: string): GuestCase => ({
  name: `lua ${name}`,
  options: { httpFilters: [luaFilter(script)] },
  path: at,
  target,
});

const cases: readonly GuestCase[] = [
  wasmCase("AssemblyScript", helloModule, 1 / 5, "npm run build -w sample-filters"),
  wasmCase("Rust", header("rust/header.wasm"), 1 / 4, "test/fixtures/wasm/header/rust/build.sh"),
  wasmCase("Go", header("go/header.wasm"), 1 / 2, "test/fixtures/wasm/header/go/build.sh"),
  luaCase(
    "header",
    "/",
    1 / 3,
    `function envoy_on_request(handle)
  local agent = handle:headers():get("host")
  handle:headers():add("x-bench", agent or "none")
end`,
  ),
  luaCase(
    "body() of 100 KB",
    "/bytes/102400",
    1,
    `function envoy_on_response(handle)
  local body = handle:body()
  assert(body:length() == 102400)
end`,
  ),
  luaCase(
    "httpCall()",
    "/",
    1,
    `function envoy_on_request(handle)
  local headers = handle:httpCall("upstream",
    { [":method"] = "GET", [":path"] = "/", [":authority"] = "bench" }, nil, 5000)
  assert(headers[":status"] == "200")
end`,
  ),
];

/** A proxy that is measured: one peer with a guest on one of its two listeners. */
interface Candidate {
  readonly peer: Peer;
  readonly guest: GuestCase;
  readonly proxy: Child;
  readonly with: Measured;
  readonly without: Measured;
}

interface Measured {
  readonly url: string;
  /** Of each turn, CPU microseconds of a request. */
  readonly cpu: number[];
}

/** CPU that modules and scripts add to a request, limiter on, beside what the same ones add in Envoy. */
export async function benchGuests(report: Report, seconds: number): Promise<void> {
  const there = cases.filter(({ name, built }) => {
    if (built === undefined || existsSync(built.file)) return true;
    report.row(name, `not built: ${built.by}`);
    return false;
  });
  const peers = availablePeers().filter((peer) => peer === "sluice" || peer === "envoy");
  const candidates: Candidate[] = [];
  try {
    for (const guest of there) {
      for (const peer of peers) await startCandidate(peer, guest, candidates);
    }
    await measureInTurns(report, candidates, seconds);
  } finally {
    for (const { proxy } of candidates) await proxy.stop();
  }
  for (const guest of there) {
    const added = (peer: Peer): number | undefined => {
      const candidate = candidates.find((each) => each.peer === peer && each.guest === guest);
      return candidate && leastDisturbed(candidate.with) - leastDisturbed(candidate.without);
    };
    for (const peer of peers) {
      report.row(`${guest.name} added by ${peer}`, `${added(peer)?.toFixed(2)} µs CPU/request`);
    }
    report.row(
      `${guest.name} added, sluice / envoy (target ≤ ${guest.target.toFixed(2)})`,
      ratio(added("sluice"), added("envoy")),
    );
  }
}

/** All of them run at once, so that what disturbs the machine disturbs each of them. */
async function startCandidate(
  peer: Peer,
  guest: GuestCase,
  candidates: Candidate[],
): Promise<void> {
  const portOffset = portsApart * (candidates.length + 1);
  const options = { ...guest.options, portOffset, plain: true };
  const proxy = await startProxy(peer, options);
  const candidate: Candidate = {
    peer,
    guest,
    proxy,
    with: { url: `${urlOf(options)}${guest.path}`, cpu: [] },
    without: { url: `${plainUrlOf(options)}${guest.path}`, cpu: [] },
  };
  candidates.push(candidate);
  for (const { url } of [candidate.without, candidate.with]) await warmUp({ url, pid: proxy.pid });
}

async function measureInTurns(
  report: Report,
  candidates: readonly Candidate[],
  seconds: number,
): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    for (const { peer, proxy, with: with_, without } of candidates) {
      for (const { url, cpu } of [without, with_]) {
        const result = await load({ url, pid: proxy.pid, seconds: Math.ceil(seconds / 5) });
        if (result.failed > 0) report.problem(`${peer}: ${result.failed} failed requests`);
        cpu.push(result.cpuPerRequest);
      }
    }
  }
}

/** CPU of a request in the turn that was disturbed least. */
function leastDisturbed({ cpu }: Measured): number {
  return Math.min(...cpu);
}

/** How often a body's bytes are copied: counted in a process of its own, where copying itself is replaced. */
export function benchBodyCopies(report: Report): void {
  const printed = runMicro("wasm-body-copies");
  if (printed === undefined) report.problem("the copies of a body could not be counted");
  else report.row("body bytes copied", printed);
}

/** What the AssemblyScript SDK costs beside a module that is written by hand. */
export function benchSdkOverhead(report: Report): void {
  const printed = runMicro("sdk-overhead");
  if (printed === undefined) report.problem("the SDK's overhead could not be measured");
  else report.row("AssemblyScript SDK", printed);
}

/** What a micro-bench prints, in a process of its own. */
function runMicro(name: string): string | undefined {
  const file = path.join(root, "test/bench/micro", `${name}.bench.ts`);
  const { stdout, status } = spawnSync(nodePath, ["-C", "sluice-source", file]);
  return status === 0 ? stdout.toString().trim() : undefined;
}
