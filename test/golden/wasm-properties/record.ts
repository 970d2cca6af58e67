// Records what a real Envoy gives a module for each property, into properties.json. Needs `envoy` on the PATH:
//   node -C sluice-source test/golden/wasm-properties/record.ts
import { writeFileSync } from "node:fs";
import path from "node:path";
import { envoyVersion } from "../running-envoy.ts";
import { twins } from "./operators.ts";
import { run } from "./scenario.ts";
import { stable } from "./stable.ts";

process.env["SLUICE_UNDER_TEST"] = "envoy";
const cleanups: (() => void | Promise<void>)[] = [];
try {
  const operators = twins.map(({ operator }) => operator);
  const recorded = await run({ after: (cleanup) => cleanups.push(cleanup) }, operators);
  for (const { path: name, operator, print } of twins) {
    const printed = print(recorded.properties["log"]![name]!);
    if (printed !== recorded.operators[operator]) {
      console.log(`${name}: ${printed}, ${operator}: ${recorded.operators[operator]}`);
    }
  }
  const json = { envoy: envoyVersion(), properties: stable(recorded.properties) };
  const file = path.join(import.meta.dirname, "properties.json");
  writeFileSync(file, `${JSON.stringify(json, undefined, 1)}\n`);
} finally {
  for (const cleanup of cleanups.toReversed()) await cleanup();
}
