import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import path from "node:path";
import { envoyVersion } from "../golden/running-envoy.ts";
import type { Cleanup } from "../support/sluice-process.ts";
import { l4Cases } from "./wasm-l4/cases.ts";
import { L4Peer, type Seen } from "./wasm-l4/peer.ts";

// The same network filter on the same connections in Envoy and in Sluice. With --record what Envoy did is written
// to test/golden/wasm-l4, which `npm test` compares with.

const file = path.resolve(import.meta.dirname, "../golden/wasm-l4/outcomes.json");
const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith("--"));
const cases = l4Cases.filter(
  ({ name }) => names.length === 0 || names.some((each) => name.startsWith(each)),
);
const cleanups: (() => unknown)[] = [];
const cleanup: Cleanup = { after: (end) => void cleanups.push(end) };

try {
  const envoy = await L4Peer.start(cleanup, cases, process.env["ENVOY"] ?? "envoy");
  const sluice = args.includes("--record") ? undefined : await L4Peer.start(cleanup, cases);
  const recorded: { [name: string]: Seen[] } = {};
  let differences = 0;
  for (const each of cases) {
    const theirs = await envoy.run(each).catch((e) => {
      console.log(each.name, String(e).slice(-3000));
      return [];
    });
    recorded[each.name] = theirs;
    if (sluice === undefined) continue;
    const ours = await sluice.run(each);
    if (isDeepStrictEqual(theirs, ours)) continue;
    const reason = each.differs ?? "no reason known";
    if (each.differs === undefined) differences += 1;
    console.log(
      `${each.name}: ${reason}\n  Envoy:  ${JSON.stringify(theirs)}\n  Sluice: ${JSON.stringify(ours)}`,
    );
  }
  if (sluice === undefined) {
    const known =
      names.length === 0 ? {} : (JSON.parse(readFileSync(file, "utf8")) as { cases: object }).cases;
    const text = JSON.stringify(
      { envoy: envoyVersion(), cases: { ...known, ...recorded } },
      undefined,
      2,
    );
    writeFileSync(file, `${text}\n`);
  } else {
    console.log(`${cases.length} cases, ${differences} unexplained`);
    process.exitCode = differences > 0 ? 1 : 0;
  }
} finally {
  for (const end of cleanups.reverse()) await end();
}
