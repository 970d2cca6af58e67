import assert from "node:assert/strict";
import { test } from "node:test";
import { openSuite } from "../../../../host/src/testing/index.ts";
import { folderWith, runSuite } from "../../../support/suites.ts";

/** Says what it sees, and answers by itself when it is told to. */
const script = `
function envoy_on_request(handle)
  local headers = handle:headers()
  headers:add("x-protocol", handle:streamInfo():protocol())
  if headers:get("x-answer") then
    handle:respond({ [":status"] = headers:get("x-answer"), ["x-mine"] = "1" }, "answered")
  end
end
function envoy_on_response(handle)
  handle:headers():add("x-seen", "yes")
end
`;

const suite = `
protocol: http2
filters: [{ file: seen.lua }]
cases:
  - name: head and tail
    request: { method: POST, path: /a, headers: { host: example.com, x-list: [a, b] }, chunks: [ab, c], trailers: { x-end: t } }
    upstream: { status: 201, headers: { x-from: upstream }, body: done, trailers: { x-late: l } }
    expect:
      upstream: { method: POST, path: /a, headers: { host: example.com, x-protocol: HTTP/2, x-list: "a,b" }, body: abc, trailers: { x-end: t } }
      response: { status: 201, headers: { x-from: upstream, x-seen: yes }, body: done, trailers: { x-late: l } }
  - name: a body at once
    request: { body: hello }
    expect: { upstream: { headers: { content-length: "5" }, body: hello } }
  - name: an answer of the filter
    request: { headers: { x-answer: "403" } }
    expect: { upstream: none, response: { status: 403, headers: { x-mine: "1" }, body: answered, details: lua_response } }
  - name: by and by
    steps:
      - request: { open: true }
        expect: { response: pending }
      - send: { body: a }
      - send: { body: b, end: true }
        expect: { upstream: { body: ab }, response: { status: 200 } }
  - name: given up
    steps:
      - request: { open: true }
      - close: true
        expect: { response: reset }
  - name: an upstream that resets
    request: {}
    upstream: { reset: true }
    expect: { response: { status: 503 } }
  - name: the other protocol
    protocol: http1
    request: {}
    expect: { upstream: { headers: { x-protocol: HTTP/1.1 } } }
`;

test("requests are sent over HTTP/2 where a suite or a case says so", async () => {
  using folder = folderWith({ "seen.lua": script });
  assert.deepEqual(await runSuite(suite, folder.path), [
    "ok head and tail",
    "ok a body at once",
    "ok an answer of the filter",
    "ok by and by",
    "ok given up",
    "ok an upstream that resets",
    "ok the other protocol",
  ]);
});

test("openSuite() sends requests over HTTP/2, too", async () => {
  using folder = folderWith({ "seen.lua": script });
  const opened = openSuite({ filters: [{ file: "seen.lua" }] }, folder.path);
  await using proxy = await opened.start({ protocol: "http2" });
  assert.equal((await proxy.request({ path: "/x" })).status, 200);
  assert.equal(proxy.received()[0]!.header("x-protocol"), "HTTP/2");
});
