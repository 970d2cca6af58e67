import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { callbacks } from "@sluice/abi";
import { statsBelow } from "../support/admin-stats.ts";
import {
  type FailingCase,
  answeringWithTrailers,
  failingProxy,
  outcomeOf,
} from "../support/failing-callbacks-proxy.ts";
import { failingCallbacks } from "../support/failing-callbacks.ts";
import { Neighbours } from "../support/neighbours.ts";
import { TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// A trap and an endless loop in each callback of an HTTP filter, on the one worker that 50 connections of neighbours
// are at work on: these lose nothing, and the streams of the failed VM are answered.

const waitMs = 60_000;
const folder = scratchFolder({ after });
const upstream = await TestUpstream.start(answeringWithTrailers);
after(() => upstream[Symbol.asyncDispose]());
const proxy = await failingProxy(folder, failingCallbacks, upstream.port);
await startSluice({ after }, { folder, args: ["--concurrency", "1"], config: proxy.config });
const neighbours = await Neighbours.start(proxy.neighbourPort, 50);
after(() => neighbours.stop());

/** Asks until the VM is known to have failed. */
async function untilRefused({ plugin, port }: FailingCase): Promise<void> {
  const deadline = performance.now() + waitMs;
  while ((await outcomeOf(port)) !== 503) {
    assert.ok(performance.now() < deadline, `${plugin} still answers`);
    await sleep(20);
  }
}

for (const failing of proxy.cases) {
  const { callback, failure, plugin, port } = failing;
  test(`a ${failure} in ${callback.name} costs the streams of its VM only`, async () => {
    const meanwhile = neighbours.ask();
    const outcome = await outcomeOf(port);
    await meanwhile;
    if (callback.outcome !== "any") assert.equal(outcome, callback.outcome);
    await untilRefused(failing);
    assert.equal(await outcomeOf(port), 503);
    const stats = await statsBelow(proxy.adminPort, `sluice.wasm.${plugin}.`);
    assert.equal(stats.get("vm_failed"), 1);
    assert.equal(stats.get("cpu_limit_exceeded"), failure === "loop" ? 1 : 0);
    await neighbours.ask();
  });
}

test("every callback that an HTTP filter or its root has after the start is among them", () => {
  const others =
    /^sluice_|stats_update|connection|_data$|grpc|metadata|foreign|validate|vm_start|configure/;
  const expected = Object.keys(callbacks).filter((name) => !others.test(name));
  assert.deepEqual(failingCallbacks.map(({ name }) => name).sort(), expected.sort());
});
