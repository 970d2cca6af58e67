import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { l4Cases } from "../differential/wasm-l4/cases.ts";
import { type Outcomes, unexplained, unexplainedLines } from "../differential/wasm-l4/outcomes.ts";
import { L4Peer } from "../differential/wasm-l4/peer.ts";

// A network filter of the Rust SDK in the command itself does what it does in Envoy (test/golden/wasm-l4).

const file = path.resolve(import.meta.dirname, "../golden/wasm-l4/outcomes.json");
const { cases, access } = JSON.parse(readFileSync(file, "utf8")) as Outcomes;
const sluice = await L4Peer.start({ after }, l4Cases);

for (const each of l4Cases) {
  test(`a network filter does as in Envoy: ${each.name}`, async () => {
    assert.deepEqual(unexplained(each, cases[each.name]!, await sluice.run(each)), []);
  });
}

test("connections with a network filter are logged as in Envoy", async () => {
  const logs = await sluice.accessLogs();
  const differences = l4Cases.flatMap((each) =>
    unexplainedLines(each, access[each.name], logs[each.name]),
  );
  assert.deepEqual(differences, []);
});

test("reloads of a network filter and its metrics are counted", async () => {
  const reloading = l4Cases.filter(({ name }) => /^trap-.*-reload$/.test(name));
  for (const { name } of reloading) {
    const stats = await sluice.stats(`wasm.${name}.`);
    assert.equal(stats.get("vm_reload_success"), 1, name);
  }
  const metrics = await sluice.stats("wasmcustom.l4.");
  assert.ok(metrics.get("connections")! >= l4Cases.length);
});

test("there is a recording of each case", () => {
  assert.deepEqual(Object.keys(cases).sort(), l4Cases.map(({ name }) => name).sort());
});
