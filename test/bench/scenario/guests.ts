import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { type BootstrapOptions, luaFilter, wasmFilter } from "../lib/bootstrap.ts";
import { nodePath, root } from "../lib/child.ts";
import { warmLoad } from "../lib/load.ts";
import { availablePeers, type Peer, proxyUrl, startProxy } from "../lib/proxies.ts";
import { ratio, type Report } from "../lib/report.ts";

const rounds = 3;

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

/** CPU that modules and scripts add to a request, limiter on, beside what the same ones add in Envoy. */
export async function benchGuests(report: Report, seconds: number): Promise<void> {
  const there = cases.filter(({ name, built }) => {
    if (built === undefined || existsSync(built.file)) return true;
    report.row(name, `not built: ${built.by}`);
    return false;
  });
  const peers = availablePeers().filter((peer) => peer === "sluice" || peer === "envoy");
  const plain = new Map<string, number>();
  const guests = new Map<string, number>();
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      for (const at of new Set(there.map((each) => each.path))) {
        const cpu = await cpuPerRequest(report, peer, {}, { path: at, seconds });
        keepLeast(plain, `${peer} ${at}`, cpu);
      }
      for (const { name, options, path: at } of there) {
        const cpu = await cpuPerRequest(report, peer, options, { path: at, seconds });
        keepLeast(guests, `${peer} ${name}`, cpu);
      }
    }
  }
  for (const { name, path: at, target } of there) {
    const added = (peer: Peer): number | undefined => {
      const [without, with_] = [plain.get(`${peer} ${at}`), guests.get(`${peer} ${name}`)];
      return without === undefined || with_ === undefined ? undefined : with_ - without;
    };
    for (const peer of peers) {
      report.row(`${name} added by ${peer}`, `${added(peer)?.toFixed(2)} µs CPU/request`);
    }
    report.row(
      `${name} added, sluice / envoy (target ≤ ${target.toFixed(2)})`,
      ratio(added("sluice"), added("envoy")),
    );
  }
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

function keepLeast(values: Map<string, number>, key: string, value: number): void {
  values.set(key, Math.min(values.get(key) ?? Infinity, value));
}

async function cpuPerRequest(
  report: Report,
  peer: Peer,
  options: BootstrapOptions,
  { path: at, seconds }: { readonly path: string; readonly seconds: number },
): Promise<number> {
  const proxy = await startProxy(peer, options);
  try {
    const result = await warmLoad({ url: `${proxyUrl}${at}`, pid: proxy.pid, seconds });
    if (result.failed > 0) report.problem(`${peer}: ${result.failed} failed requests`);
    return result.cpuPerRequest;
  } finally {
    await proxy.stop();
  }
}
