import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { GuestWatches } from "../../../../host/src/guest/watch/guest-watches.ts";
import { StatsStore } from "../../../../host/src/stats/stats-store.ts";

test("trace() follows scripts, but says of one that is to be recorded that it is one", () => {
  const watches = new GuestWatches(new StatsStore().main);
  watches.guest("wasm", "module");
  watches.guest("lua", "script");
  const request = { guest: "script", streams: 1, secretHeaders: [], maxTextBytes: 32 };
  const recording = { onTrap: false, oneIn: 1, maxChars: 1000 };
  const begin = (more: object): unknown => {
    const { port1, port2 } = new MessageChannel();
    const started = watches.trace({ ...request, ...more }, port2);
    port1.close();
    return started;
  };
  assert.deepEqual(begin({ recording }), {
    attached: false,
    taken: false,
    known: ["module"],
    isScript: true,
  });
  assert.deepEqual(begin({ recording, guest: "none" }), {
    attached: false,
    taken: false,
    known: ["module"],
  });
  assert.deepEqual(begin({}), { attached: true, taken: false, known: ["module", "script"] });
});
