// Records what a real Envoy does with the answers of an authorization service, into outcomes.json. Needs `envoy` on
// the PATH:
//   node -C sluice-source test/golden/ext-authz/record.ts
import { writeFileSync } from "node:fs";
import path from "node:path";
import { envoyVersion } from "../running-envoy.ts";
import { authCases } from "./cases.ts";
import { runCases } from "./scenario.ts";

process.env["SLUICE_UNDER_TEST"] = "envoy";
const cleanups: (() => void | Promise<void>)[] = [];
try {
  const outcomes = await runCases({ after: (each) => cleanups.push(each) }, authCases);
  const json = { envoy: envoyVersion(), outcomes: Object.fromEntries(outcomes) };
  const file = path.join(import.meta.dirname, "outcomes.json");
  writeFileSync(file, `${JSON.stringify(json, undefined, 1)}\n`);
} finally {
  for (const cleanup of cleanups.toReversed()) await cleanup();
}
