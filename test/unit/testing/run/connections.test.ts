import assert from "node:assert/strict";
import { test } from "node:test";
import { folderWith, runSuite } from "../../../support/suites.ts";
import { guest } from "../../../support/wasm-guest.ts";

/** A network filter that drops the first byte of what comes, and logs how connections end. */
const network = guest(`
  (data (i32.const 0) "closed")
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
    (drop (call $proxy_set_buffer_bytes (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)))
    (i32.const 0))
  (func (export "proxy_on_downstream_connection_close") (param i32 i32)
    (drop (call $proxy_log (i32.const 2) (i32.const 0) (i32.const 6))))`);

test("connections go through network filters, to a server of bytes and back", async () => {
  using folder = folderWith({ "drop.wasm": await network });
  const lines = await runSuite(
    `
network_filters: [{ file: drop.wasm }]
cases:
  - name: both ways
    connection: { send: [xabc, { hex: 00ff }], end: true }
    upstream: { echo: true }
    expect:
      upstream: { received: { hex: 616263ff } }
      connection: { received: { hex: 616263ff }, closed: true }
      log: [closed]
  - name: a server that speaks first
    steps:
      - connect: true
        expect: { connection: { received: hello, closed: false } }
      - send: xa
        expect: { upstream: { received: a } }
      - close: true
        expect: { connection: { closed: true } }
    upstream: { sends: [hel, lo] }
  - name: turns
    steps:
      - connect: true
      - send: xa
      - reply: [b, { hex: "63" }]
        expect: { connection: { received: bc, closed: false } }
      - reply: { send: d, end: true }
        expect: { connection: { received: bcd, closed: true } }
  - name: a server that is gone
    steps:
      - connect: true
      - reply: { end: true }
      - reply: late
        expect: { connection: { received: late } }
      - close: reset
  - name: nobody listens
    connection: { send: xabc }
    upstream: { refused: true }
    expect: { connection: { closed: true }, upstream: none }
  - name: fails
    connection: { send: xabc }
    expect: { connection: { received: abc, closed: true }, upstream: { received: abcd } }
`,
    folder.path,
  );
  assert.deepEqual(lines, [
    "ok both ways",
    "ok a server that speaks first",
    "ok turns",
    "FAIL a server that is gone",
    lines[4],
    "ok nobody listens",
    "FAIL fails",
    'x:45:17: upstream.received: expected "abcd", got "abc"'.replace(
      /x:\d+:\d+/,
      lines[7]!.split(": ")[0]!,
    ),
    lines[8],
    lines[9],
  ]);
  assert.match(lines[4]!, /^x:\d+:\d+: reply: the connection to the server upstream has ended$/);
  assert.match(lines[8]!, /connection\.received: expected "abc", got ""$/);
  assert.match(lines[9]!, /connection: expected that it is closed, it is open$/);
});
