import path from "node:path";
import { readRecording } from "../differential/lib/compare.ts";
import { testAsRecorded } from "../differential/lib/recorded.ts";
import { assemblyModule, rustModule, wasmCorpus } from "../differential/wasm/corpus.ts";

// Modules do what Envoy was recorded to do with them (`test/differential/wasm.ts --record`): what the client, the
// upstream and the callout's server get, what the guests log and what is counted.

const recording = readRecording(path.resolve(import.meta.dirname, "../golden/wasm/corpus.json"));
await testAsRecorded(wasmCorpus({ rust: rustModule, assembly: assemblyModule }), recording);
