// Records what host calls give a module in a real Envoy, into calls.json. Needs `envoy` on the PATH:
//   node -C sluice-source test/golden/wasm-calls/record.ts
import { writeFileSync } from "node:fs";
import path from "node:path";
import { envoyVersion } from "../running-envoy.ts";
import { expressions, filterState } from "./cases.ts";
import { comparable, run } from "./scenario.ts";

process.env["SLUICE_UNDER_TEST"] = "envoy";
const cleanups: (() => void | Promise<void>)[] = [];
const cleanup = { after: (callback: () => void | Promise<void>) => cleanups.push(callback) };
try {
  const json = {
    envoy: envoyVersion(),
    filterState: comparable(await run(cleanup, filterState)),
    expressions: comparable(await run(cleanup, expressions)),
  };
  const file = path.join(import.meta.dirname, "calls.json");
  writeFileSync(file, `${JSON.stringify(json, undefined, 1)}\n`);
} finally {
  for (const callback of cleanups.toReversed()) await callback();
}
