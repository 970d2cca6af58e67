// Records what a real Envoy does with the answers of an authorization service, into outcomes.json. Needs `envoy` on
// the PATH:
//   node -C sluice-source test/golden/ext-authz/record.ts
import { writeFileSync } from "node:fs";
import path from "node:path";
import { envoyVersion } from "../running-envoy.ts";
import { authCases } from "./cases.ts";
import { runConnections } from "./network.ts";
import { runCases } from "./scenario.ts";

process.env["SLUICE_UNDER_TEST"] = "envoy";
const cleanups: (() => void | Promise<void>)[] = [];
try {
  const cleanup = { after: (each: (typeof cleanups)[0]) => void cleanups.push(each) };
  const outcomes = Object.fromEntries(await runCases(cleanup, authCases));
  const connections = Object.fromEntries(await runConnections(cleanup));
  const json = { envoy: envoyVersion(), outcomes, connections };
  const file = path.join(import.meta.dirname, "outcomes.json");
  writeFileSync(file, `${JSON.stringify(json, undefined, 1)}\n`);
} finally {
  for (const cleanup of cleanups.toReversed()) await cleanup();
}
