import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Recording } from "./compare.ts";
import type { Corpus } from "./corpus.ts";
import { Peer } from "./peer.ts";
import { Servers } from "./servers.ts";
import type { TrafficCase } from "./traffic.ts";

/** Shows the cases of a corpus to Sluice, and tests that it does with each what Envoy was recorded to do. */
export async function testAsRecorded<C extends TrafficCase>(
  corpus: Corpus<C>,
  recording: Recording,
): Promise<void> {
  const servers = await Servers.start();
  after(() => servers[Symbol.asyncDispose]());
  const peer = await Peer.start({ after }, corpus, servers);
  if (corpus.comparesStart) {
    test("guests say the same as in Envoy while they start", () => {
      for (const line of peer.startLines) assert.ok(recording.startLines.includes(line), line);
    });
  }
  for (const each of corpus.cases) {
    if (each.differs !== undefined) continue;
    test(`${each.name} does as in Envoy`, async () => {
      assert.deepEqual(await peer.run(each), recording.cases[each.name]);
    });
  }
}
