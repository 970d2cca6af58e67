// Records how a real Envoy deals with TLS clients, into outcomes.json. Needs `envoy` on the PATH, or $ENVOY:
//   node -C sluice-source test/golden/downstream-tls/record.ts
import { writeFileSync } from "node:fs";
import path from "node:path";
import { envoyVersion } from "../running-envoy.ts";
import { listeners } from "./cases.ts";
import { runCases } from "./run-cases.ts";

process.env["SLUICE_UNDER_TEST"] = process.env["ENVOY"] ?? "envoy";
const cleanups: (() => void | Promise<void>)[] = [];
const cleanup = { after: (callback: () => void | Promise<void>) => void cleanups.push(callback) };
// Each client makes a line at least; what more there is, a second brings.
const connections = (name: string): number =>
  listeners.find((each) => each.name === name)!.clients.length;
const settle = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1000));
const outcomes = await runCases(cleanup, connections, ["--file-flush-interval-msec", "10"], settle);
for (const callback of cleanups.reverse()) await callback();
const file = path.join(import.meta.dirname, "outcomes.json");
const recorded = { envoy: envoyVersion(), outcomes };
writeFileSync(file, `${JSON.stringify(recorded, undefined, 2)}\n`);
process.exit(0);
