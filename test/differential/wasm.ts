// Shows the same modules and the same traffic to Envoy ($ENVOY, or `envoy` on the PATH) and to Sluice, and compares what
// the client, the upstream and the callout's server get, what the guests log, and the metrics:
//
//   node -C sluice-source test/differential/wasm.ts [--record] [name of a case …]
import { existsSync } from "node:fs";
import path from "node:path";
import { compareCommand } from "./lib/compare.ts";
import { assemblyModule, goModule, rustModule, wasmCorpus } from "./wasm/corpus.ts";

const recording = path.resolve(import.meta.dirname, "../golden/wasm/corpus.json");
// What is recorded is for `npm test`, which does not build with Go.
const hasGo = existsSync(goModule) && !process.argv.includes("--record");
if (!hasGo) console.log("without the Go SDK: test/fixtures/wasm/parity/go/build.sh builds it");
const modules = { rust: rustModule, assembly: assemblyModule };
await compareCommand([wasmCorpus({ ...modules, ...(hasGo && { go: goModule }) })], recording);
