// Runs each script of the corpus in Envoy ($ENVOY, or `envoy` on the PATH) and in Sluice, and compares what the client,
// the upstream and the callout's server get, the lines that the script logs, and its counters:
//
//   node -C sluice-source test/differential/lua.ts [--record] [name of a case …]
import path from "node:path";
import { compareCommand } from "./lib/compare.ts";
import { luaCorpora } from "./lua/corpus.ts";

const recording = path.resolve(import.meta.dirname, "../golden/lua/corpus.json");
await compareCommand(Object.values(luaCorpora), recording);
