import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { readRecording } from "../differential/lib/compare.ts";
import { Peer } from "../differential/lib/peer.ts";
import { Servers } from "../differential/lib/servers.ts";
import { scratchFolder } from "../support/sluice-process.ts";
import { assemblyModule, rustModule, wasmCorpus } from "../differential/wasm/corpus.ts";

// Modules do what Envoy was recorded to do with them (`test/differential/wasm.ts --record`): what the client, the
// upstream and the callout's server get, what the guests log and what is counted.

const recording = readRecording(path.resolve(import.meta.dirname, "../golden/wasm/corpus.json"));
const corpus = wasmCorpus({
  rust: rustModule,
  assembly: await assemblyModule(scratchFolder({ after })),
});
const servers = await Servers.start();
after(() => servers[Symbol.asyncDispose]());
const peer = await Peer.start({ after }, corpus, servers);

test("guests say the same as in Envoy while they start", () => {
  for (const line of peer.startLines) assert.ok(recording.startLines.includes(line), line);
});

for (const each of corpus.cases) {
  if (each.differs !== undefined) continue;
  test(`the guest ${each.name} does as in Envoy`, async () => {
    assert.deepEqual(await peer.run(each), recording.cases[each.name]);
  });
}
