import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { envoyVersion } from "../golden/running-envoy.ts";
import type { Cleanup } from "../support/sluice-process.ts";
import { type L4Case, l4Cases } from "./wasm-l4/cases.ts";
import { type Outcomes, unexplained, unexplainedLines } from "./wasm-l4/outcomes.ts";
import { L4Peer, type ModuleName, modules } from "./wasm-l4/peer.ts";

// The same network filter on the same connections in Envoy and in Sluice; arguments choose cases by how they begin.
// With --record what Envoy did is written to test/golden/wasm-l4, which `npm test` compares with.

const file = path.resolve(import.meta.dirname, "../golden/wasm-l4/outcomes.json");
const args = process.argv.slice(2);
const starts = args.filter((arg) => !arg.startsWith("--"));
const cases = l4Cases.filter(
  ({ name }) => starts.length === 0 || starts.some((start) => name.startsWith(start)),
);
const cleanups: (() => unknown)[] = [];
const command = process.env["ENVOY"] ?? "envoy";
const cleanup: Cleanup = { after: (end) => void cleanups.push(end) };

/** A proxy of each kind holds a VM for each case. */
const casesAtOnce = 20;

async function record(): Promise<void> {
  const known =
    starts.length === 0 ? undefined : (JSON.parse(readFileSync(file, "utf8")) as Outcomes);
  const envoy = await L4Peer.start(cleanup, cases, { command });
  const recorded: Outcomes["cases"] = {};
  for (const each of cases) recorded[each.name] = await envoy.run(each);
  const outcomes: Outcomes = {
    envoy: envoyVersion(),
    cases: { ...known?.cases, ...recorded },
    access: { ...known?.access, ...(await envoy.accessLogs()) },
  };
  writeFileSync(file, `${JSON.stringify(outcomes, undefined, 2)}\n`);
}

/** The number of cases with differences that nobody explained. */
async function compare(module: ModuleName, some: readonly L4Case[]): Promise<number> {
  const envoy = await L4Peer.start(cleanup, some, { command, module });
  const sluice = await L4Peer.start(cleanup, some, { module });
  const found = new Map<string, string[]>();
  for (const each of some) {
    found.set(each.name, unexplained(each, await envoy.run(each), await sluice.run(each)));
  }
  const [theirs, ours] = [await envoy.accessLogs(), await sluice.accessLogs()];
  let failures = 0;
  for (const each of some) {
    const { name, differs } = each;
    const lines = unexplainedLines(each, theirs[name], ours[name]);
    const differences = [...found.get(name)!, ...lines];
    if (differs !== undefined) console.log(`${module} ${name}: ${differs.reason}`);
    if (differences.length === 0) continue;
    failures += 1;
    console.log(`${module} ${name} differs:\n${differences.join("\n")}`);
  }
  return failures;
}

async function compareAll(): Promise<void> {
  let failures = 0;
  const names = Object.keys(modules) as ModuleName[];
  const here = names.filter((name) => existsSync(modules[name]));
  if (here.length < names.length) console.log("not built: test/fixtures/wasm/go/build.sh");
  for (const module of here) {
    for (let at = 0; at < cases.length; at += casesAtOnce) {
      failures += await compare(module, cases.slice(at, at + casesAtOnce));
      await end();
    }
  }
  const runs = `${cases.length} cases with modules of ${here.join(" and ")}`;
  console.log(`${runs}, ${failures} with differences that nobody explained`);
  process.exitCode = failures > 0 ? 1 : 0;
}

async function end(): Promise<void> {
  for (const each of cleanups.splice(0).reverse()) await each();
}

try {
  await (args.includes("--record") ? record() : compareAll());
} finally {
  await end();
}
