import assert from "node:assert/strict";
import { test } from "node:test";

// Targets that were measured and missed; they stay here until a run of the bench shows otherwise. The figures are in
// host/docs/performance.md.

test(
  "a proxied GET costs at most 0.6 of what it costs Envoy",
  {
    todo: "0.58 of medians, 0.61 of minima beside other work, a quiet run is due: npm run bench -- get",
  },
  () => assert.fail("0.61 of Envoy's CPU"),
);

test(
  "the built command is LIVE within 400 ms of exec, with a warm compile cache",
  { todo: "475 ms: npm run bench -- startup" },
  () => assert.fail("475 ms"),
);

test(
  "the p99 of a worker while a module of 2.5 MB is loaded is at most 1.5 of its steady p99",
  { todo: "6.8 on two cores: test/endurance/guest-faults.ts large" },
  () => assert.fail("6.8 of the steady p99"),
);

test(
  "a request from HTTP/2 to HTTP/1.1 costs at most 0.5 of what it costs Envoy",
  { todo: "0.504 on a busy machine: npm run bench -- http2" },
  () => assert.fail("0.504 of Envoy's CPU"),
);

test(
  "a TLS handshake costs at most 1.25 of what it costs Envoy",
  {
    todo: "1.78 and 2.28 in two runs; 1.45 with nothing but Node's own handles: npm run bench -- tls",
  },
  () => assert.fail("1.78 of Envoy's CPU"),
);

test(
  "a GET over a kept TLS connection costs at most 0.7 of what it costs Envoy",
  { todo: "0.65 to 0.79 in three runs: npm run bench -- tls" },
  () => assert.fail("0.79 of Envoy's CPU"),
);

test(
  "the AssemblyScript SDK adds at most 0.2 µs to a stream that reads one header and adds one",
  { todo: "0.22 µs, more than half of it the collector's: test/bench/micro/sdk-overhead.bench.ts" },
  () => assert.fail("0.22 µs"),
);

for (const [guest, target, measured] of [
  ["a Wasm filter from AssemblyScript", "1/5", "0.65"],
  ["a Wasm filter from Rust", "1/4", "0.68"],
  ["a Wasm filter from Go", "1/2", "0.58"],
  ["a Lua script", "1/3", "1.74"],
] as const) {
  test(
    `${guest} that reads one header and adds one adds at most ${target} of what it adds in Envoy`,
    { todo: `${measured}: npm run bench -- guests` },
    () => assert.fail(`${measured} of Envoy's CPU`),
  );
}

test(
  "a synchronous httpCall() adds no more than in Envoy",
  { todo: "1.04: npm run bench -- guests" },
  () => assert.fail("1.04 of Envoy's CPU"),
);
