// Records what host calls give a module in a real Envoy, into calls.json. Needs `envoy` on the PATH:
//   node -C sluice-source test/golden/wasm-calls/record.ts
import path from "node:path";
import { recordGolden } from "../record-golden.ts";
import { expressions, filterState } from "./cases.ts";
import { comparable, run } from "./scenario.ts";

await recordGolden(path.join(import.meta.dirname, "calls.json"), async (cleanup) => ({
  filterState: comparable(await run(cleanup, filterState)),
  expressions: comparable(await run(cleanup, expressions)),
}));
