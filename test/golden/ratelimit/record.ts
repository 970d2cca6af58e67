// Records what a real Envoy asks a rate limit service, and does with its answers, into outcomes.json. Needs `envoy`
// on the PATH:
//   node -C sluice-source test/golden/ratelimit/record.ts
import path from "node:path";
import { recordGolden } from "../record-golden.ts";
import { limitCases } from "./cases.ts";
import { runConnections } from "./network.ts";
import { runLimits } from "./scenario.ts";

await recordGolden(path.join(import.meta.dirname, "outcomes.json"), async (cleanup) => ({
  outcomes: Object.fromEntries(await runLimits(cleanup, limitCases)),
  connections: Object.fromEntries(await runConnections(cleanup)),
}));
