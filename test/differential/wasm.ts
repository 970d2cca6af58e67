// Shows the same modules and the same traffic to Envoy ($ENVOY, or `envoy` on the PATH) and to Sluice, and compares what
// the client, the upstream and the callout's server get, what the guests log, and the metrics:
//
//   node -C sluice-source test/differential/wasm.ts [--record] [name of a case …]
import { existsSync } from "node:fs";
import path from "node:path";
import { compareCommand } from "./lib/compare.ts";
import { goModule, rustModule, wasmCorpus } from "./wasm/corpus.ts";

const recording = path.resolve(import.meta.dirname, "../golden/wasm/corpus.json");
const hasGo = existsSync(goModule);
if (!hasGo) console.log("without the Go SDK: not built by test/fixtures/wasm/parity/go/build.sh");
await compareCommand([wasmCorpus({ rust: rustModule, ...(hasGo && { go: goModule }) })], recording);
