import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { envoyVersion } from "../golden/running-envoy.ts";
import type { Cleanup } from "../support/sluice-process.ts";
import { l4Cases } from "./wasm-l4/cases.ts";
import { type Outcomes, unexplained, unexplainedLines } from "./wasm-l4/outcomes.ts";
import { L4Peer } from "./wasm-l4/peer.ts";

// The same network filter on the same connections in Envoy and in Sluice; arguments choose cases by how they begin.
// With --record what Envoy did is written to test/golden/wasm-l4, which `npm test` compares with.

const file = path.resolve(import.meta.dirname, "../golden/wasm-l4/outcomes.json");
const args = process.argv.slice(2);
const starts = args.filter((arg) => !arg.startsWith("--"));
const cases = l4Cases.filter(
  ({ name }) => starts.length === 0 || starts.some((start) => name.startsWith(start)),
);
const cleanups: (() => unknown)[] = [];
const cleanup: Cleanup = { after: (end) => void cleanups.push(end) };

async function record(envoy: L4Peer): Promise<void> {
  const known =
    starts.length === 0 ? undefined : (JSON.parse(readFileSync(file, "utf8")) as Outcomes);
  const recorded: Outcomes["cases"] = {};
  for (const each of cases) recorded[each.name] = await envoy.run(each);
  const outcomes: Outcomes = {
    envoy: envoyVersion(),
    cases: { ...known?.cases, ...recorded },
    access: { ...known?.access, ...(await envoy.accessLogs()) },
  };
  writeFileSync(file, `${JSON.stringify(outcomes, undefined, 2)}\n`);
}

async function compare(envoy: L4Peer, sluice: L4Peer): Promise<void> {
  let failures = 0;
  for (const each of cases) {
    const [theirs, ours] = [await envoy.run(each), await sluice.run(each)];
    if (each.differs !== undefined) console.log(`${each.name}: ${each.differs.reason}`);
    const differences = unexplained(each, theirs, ours);
    if (differences.length === 0) continue;
    failures += 1;
    console.log(`${each.name} differs:\n${differences.join("\n")}`);
  }
  const [theirs, ours] = [await envoy.accessLogs(), await sluice.accessLogs()];
  for (const each of cases) {
    const differences = unexplainedLines(each, theirs[each.name], ours[each.name]);
    if (differences.length === 0) continue;
    failures += 1;
    console.log(differences.join("\n"));
  }
  console.log(`${cases.length} cases, ${failures} with differences that nobody explained`);
  process.exitCode = failures > 0 ? 1 : 0;
}

try {
  const envoy = await L4Peer.start(cleanup, cases, process.env["ENVOY"] ?? "envoy");
  if (args.includes("--record")) await record(envoy);
  else await compare(envoy, await L4Peer.start(cleanup, cases));
} finally {
  for (const end of cleanups.reverse()) await end();
}
