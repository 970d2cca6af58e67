import assert from "node:assert/strict";
import { test } from "node:test";

// Targets that were measured and missed; they stay here until a run of the bench shows otherwise. The figures are in
// host/docs/performance.md.

test(
  "the p99 of a worker while a module of 2.5 MB is loaded is at most 1.5 of its steady p99",
  { todo: "2.5 to 3.6 on two cores: test/endurance/guest-faults.ts large" },
  () => assert.fail("3.6 of the steady p99"),
);

test(
  "a TLS handshake, full or resumed, costs at most 1.25 of what it costs Envoy",
  {
    todo: "full 2.21, resumed 2.25; 1.45 with nothing but Node's own handles: npm run bench -- tls",
  },
  () => assert.fail("2.25 of Envoy's CPU"),
);

test(
  "a GET over a kept TLS connection costs at most 0.7 of what it costs Envoy",
  { todo: "0.65 to 0.79 in four runs: npm run bench -- tls" },
  () => assert.fail("0.79 of Envoy's CPU"),
);

test(
  "the AssemblyScript SDK adds at most 0.2 µs to a stream that reads one header and adds one",
  { todo: "0.19 to 0.28 µs in fourteen runs: test/bench/micro/sdk-overhead.bench.ts" },
  () => assert.fail("0.28 µs"),
);

for (const [guest, target, measured] of [
  ["a Wasm filter from AssemblyScript", "1/5", "0.16 to 0.82"],
  ["a Wasm filter from Rust", "1/4", "0.26 to 1.00"],
  ["a Wasm filter from Go", "1/2", "0.18 to 1.36"],
  ["a Lua script", "1/3", "0.53 to 1.68"],
] as const) {
  test(
    `${guest} that reads one header and adds one adds at most ${target} of what it adds in Envoy`,
    { todo: `${measured} in four runs: npm run bench -- guests` },
    () => assert.fail(`${measured} of Envoy's CPU`),
  );
}

test(
  "body() of 100 KB in a script adds no more than in Envoy",
  { todo: "within noise in one run, 1.18, 1.28 and 2.5 in others: npm run bench -- guests" },
  () => assert.fail("2.5 of Envoy's CPU"),
);
