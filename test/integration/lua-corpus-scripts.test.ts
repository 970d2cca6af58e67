import path from "node:path";
import { readRecording } from "../differential/lib/compare.ts";
import { testAsRecorded } from "../differential/lib/recorded.ts";
import { luaCorpora } from "../differential/lua/corpus.ts";

// Scripts do what Envoy was recorded to do with them (`test/differential/lua.ts --record`): what the client, the
// upstream and the callout's server get, what is logged and what is counted.

const recording = readRecording(path.resolve(import.meta.dirname, "../golden/lua/corpus.json"));
await testAsRecorded(luaCorpora.scripts, recording);
