import assert from "node:assert/strict";
import { test } from "node:test";

// Targets that were measured and missed; they stay here until a run of the bench shows otherwise. The figures are in
// host/docs/performance.md.

test(
  "a proxied GET costs at most 0.6 of what it costs Envoy",
  { todo: "0.67 (and 1.44 of nginx, where 1.6 is the target): npm run bench -- get" },
  () => assert.fail("0.67 of Envoy's CPU"),
);

test(
  "the built command is LIVE within 400 ms of exec, with a warm compile cache",
  {
    todo: "405-448 ms on a machine under load (570-620 ms of CPU in all): npm run bench -- startup",
  },
  () => assert.fail("405 ms at best"),
);

test(
  "the p99 of a worker while a module of 2.5 MB is loaded is at most 1.5 of its steady p99",
  { todo: "not shown: 1.1-6 on a machine under load: test/endurance/guest-faults.ts large" },
  () => assert.fail("not shown"),
);

test(
  "a request from HTTP/2 to HTTP/1.1 costs at most 0.5 of what it costs Envoy",
  { todo: "not shown: 0.45 and 0.53 on a machine under load: npm run bench -- http2" },
  () => assert.fail("0.53 of Envoy's CPU"),
);

test(
  "a request with HTTP/2 on both sides costs at most 0.6 of what it costs Envoy",
  { todo: "not shown: 0.27 and 0.66 on a machine under load: npm run bench -- http2" },
  () => assert.fail("0.66 of Envoy's CPU"),
);

test(
  "a TLS handshake costs at most 1.25 of what it costs Envoy",
  { todo: "2.3, of which Node's own part is 1.9: host/docs/decisions/0015-tls.md" },
  () => assert.fail("2.3 of Envoy's CPU"),
);

test(
  "a GET over a kept TLS connection costs at most 0.7 of what it costs Envoy",
  { todo: "0.93, answered by the proxy itself: host/docs/decisions/0015-tls.md" },
  () => assert.fail("0.93 of Envoy's CPU"),
);
