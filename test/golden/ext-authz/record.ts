// Records what a real Envoy does with the answers of an authorization service, into outcomes.json. Needs `envoy` on
// the PATH:
//   node -C sluice-source test/golden/ext-authz/record.ts
import path from "node:path";
import { recordGolden } from "../record-golden.ts";
import { authCases } from "./cases.ts";
import { runConnections } from "./network.ts";
import { runCases } from "./scenario.ts";

await recordGolden(path.join(import.meta.dirname, "outcomes.json"), async (cleanup) => ({
  outcomes: Object.fromEntries(await runCases(cleanup, authCases)),
  connections: Object.fromEntries(await runConnections(cleanup)),
}));
