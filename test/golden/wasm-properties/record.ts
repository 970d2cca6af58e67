// Records what a real Envoy gives a module for each property, into properties.json. Needs `envoy` on the PATH:
//   node -C sluice-source test/golden/wasm-properties/record.ts
import path from "node:path";
import { recordGolden } from "../record-golden.ts";
import { twins } from "./operators.ts";
import { run } from "./scenario.ts";
import { stable } from "./stable.ts";

await recordGolden(path.join(import.meta.dirname, "properties.json"), async (cleanup) => {
  const operators = twins.map(({ operator }) => operator);
  const recorded = await run(cleanup, operators);
  for (const { path: name, operator, print } of twins) {
    const printed = print(recorded.properties["log"]![name]!);
    if (printed !== recorded.operators[operator]) {
      console.log(`${name}: ${printed}, ${operator}: ${recorded.operators[operator]}`);
    }
  }
  return { properties: stable(recorded.properties) };
});
