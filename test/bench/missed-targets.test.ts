import assert from "node:assert/strict";
import { test } from "node:test";

// Targets that were measured and missed; they stay here until a run of the bench shows otherwise. The figures are in
// host/docs/performance.md.

test(
  "a proxied GET costs at most 0.6 of what it costs Envoy",
  { todo: "0.67 (and 1.44 of nginx, where 1.6 is the target): npm run bench -- get" },
  () => assert.fail("0.67 of Envoy's CPU"),
);
