import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { readRecording } from "../differential/lib/compare.ts";
import { Peer } from "../differential/lib/peer.ts";
import { Servers } from "../differential/lib/servers.ts";
import { luaCorpora, type SentLuaCase } from "../differential/lua/corpus.ts";

// Scripts do what Envoy was recorded to do with them (`test/differential/lua.ts --record`): what the client, the
// upstream and the callout's server get, what is logged and what is counted.

const recording = readRecording(path.resolve(import.meta.dirname, "../golden/lua/corpus.json"));

for (const [i, corpus] of luaCorpora().entries()) {
  describe(`Lua scripts, part ${i + 1}`, () => {
    let peer: Peer<SentLuaCase>;
    const cleanups: (() => unknown)[] = [];
    before(async () => {
      const servers = await Servers.start();
      cleanups.push(() => servers[Symbol.asyncDispose]());
      peer = await Peer.start({ after: (end) => void cleanups.push(end) }, corpus, servers);
    });
    after(async () => {
      for (const end of cleanups.reverse()) await end();
    });
    for (const each of corpus.cases) {
      if (each.differs !== undefined) continue;
      test(`the script ${each.name} does as in Envoy`, async () => {
        assert.deepEqual(await peer.run(each), recording.cases[each.name]);
      });
    }
  });
}
