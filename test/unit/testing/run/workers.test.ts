import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { folderWith, parityGuest, runSuite } from "../../../support/suites.ts";

const samples = path.resolve(import.meta.dirname, "../../../../sample-filters");

test("workers have states of their own, and take connections in turns", async () => {
  const script = `
count = 0
function envoy_on_request(handle)
  count = count + 1
  handle:headers():add("x-count", count)
end
`;
  using folder = folderWith({ "count.lua": script });
  const requests = (counts: readonly number[]): string =>
    counts
      .map((n) => `      - { request: {}, expect: { upstream: { headers: { x-count: "${n}" } } } }`)
      .join("\n");
  const suite = `
filters: [{ file: count.lua }]
workers: 2
cases:
  - name: two
    steps:
${requests([1, 1, 2, 2])}
  - name: one
    workers: 1
    steps:
${requests([1, 2, 3])}
`;
  assert.deepEqual(await runSuite(suite, folder.path), ["ok two", "ok one"]);
});

test("workers share what VMs of one vm_id share", async () => {
  const ask = "      - request: { headers: { x-do: request-headers=shared } }";
  const suite = `
filters: [{ file: ${parityGuest}, vm: { id: both } }]
workers: 2
cases:
  - name: data
    steps:
${ask}
${ask}
${ask}
        expect: { log: [{ contains: shared 1 }, { contains: shared 2 }, { contains: shared 3 }] }
  - name: ends in order
    request: {}
    expect: { response: { status: 200 } }
`;
  assert.deepEqual(await runSuite(suite), ["ok data", "ok ends in order"]);
});

test("a limit holds for all workers together, and a queue reaches its reader from each of them", async () => {
  const suite = `
filters: [{ file: ${samples}/local_ratelimit/assembly/index.ts, vm: { id: limit }, configuration: { requests: 2, seconds: 300 } }]
workers: 2
cases:
  - name: two of three
    steps:
      - request: {}
      - request: {}
        expect: { response: { status: 200 } }
      - request: {}
        expect: { upstream: none, response: { status: 429 } }
`;
  assert.deepEqual(await runSuite(suite), ["ok two of three"]);
  const file = `${samples}/shared-queue/assembly/index.ts`;
  const queue = `
filters: [{ name: sender, file: ${file}, root_id: sender, vm: { id: queue } }]
services: [{ name: recorder, file: ${file}, root_id: recorder, vm: { id: queue } }]
workers: 2
cases:
  - name: records
    steps:
      - request: { path: /a }
      - request: { path: /b }
        expect: { log: ["somebody: GET /a", "somebody: GET /b"], metrics: { wasmcustom.shared_queue.records: 2 } }
`;
  assert.deepEqual(await runSuite(queue), ["ok records"]);
});
