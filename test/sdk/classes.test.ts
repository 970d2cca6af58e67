import assert from "node:assert/strict";
import { test } from "node:test";
import { assemblyScriptFile } from "../support/assemblyscript.ts";
import { runSuite } from "../support/suites.ts";

// What filters, loggers and services that are written with the SDK's classes see and can do, in the proxy itself.

const [connections, loggers, constructors, globals] = await Promise.all(
  ["sdk-connections", "sdk-loggers", "sdk-constructors", "sdk-globals"].map((name) =>
    assemblyScriptFile(`test/fixtures/wasm/assembly/${name}.ts`, { optimize: false }),
  ),
);

/** Passes when all cases of the suite do. */
async function passes(suite: string): Promise<void> {
  const lines = await runSuite(suite);
  assert.deepEqual(
    lines.filter((line) => !line.startsWith("ok ")),
    [],
    lines.join("\n"),
  );
  assert.ok(lines.length > 0);
}

test("NetworkFilter sees connections from their beginning to their end, and changes both ways", () =>
  passes(`
network_filters: [{ name: f, file: ${connections} }]
cases:
  - name: sees both ways
    upstream: { echo: true }
    steps:
      - connect: true
      - send: [abc]
        expect: { upstream: { received: abc }, connection: { received: ABC }, log: ["new true true"] }
      - close: true
        expect: { log: [upstream closed, downstream closed by 1, done, log] }
  - name: holds bytes back and changes them
    configuration: { f: hold }
    steps:
      - connect: true
      - send: [abc]
        expect: { upstream: { received: "" } }
      - send: [def]
        expect: { upstream: { received: "6:abcdef" } }
  - name: closes the connection
    configuration: { f: close }
    connection: { send: [abc] }
    expect: { connection: { closed: true }, log: ["downstream closed by 1"] }
  - name: answers by itself
    configuration: { f: reply }
    connection: { send: [abc] }
    expect: { connection: { received: abc, closed: true } }
  - name: waits for a callout
    configuration: { f: ask }
    servers: { oracle: { status: 201, delay: 5s } }
    upstream: { echo: true }
    steps:
      - connect: true
      - send: [abc]
        expect: { connection: { received: "" } }
      - advance: 6s
        expect: { connection: { received: ABC }, log: ["oracle 201"] }
  - name: is not made for connections that the plugin lets be
    configuration: { f: none }
    upstream: { echo: true }
    connection: { send: [abc] }
    expect: { connection: { received: abc } }
`));

test("TcpConnection reaches clusters of the filter's choice, several at once", () =>
  passes(`
network_filters:
  - { name: f, file: ${connections}, configuration: relay }
  - { name: echo, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo } }
servers: { one: { echo: true }, two: { echo: true } }
cases:
  - name: sends each message where it belongs
    steps:
      - connect: true
      - send: ["one abcd"]
        expect: { connection: { received: "1=abcd;" }, log: ["connected 1", "over 1 by 1, then 1"] }
      - send: ["two efgh"]
        expect: { connection: { received: { contains: "2=efgh;" } } }
      - send: ["nowhere x"]
        expect: { connection: { received: { contains: "no nowhere: 2;" } } }
`));

test("ListenerFilter looks at first bytes, takes some, accepts and rejects", () =>
  passes(`
listener_filters: [{ name: f, file: ${connections} }]
network_filters: [{ name: echo, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo } }]
cases:
  - name: takes bytes away, and goes on
    steps:
      - connect: true
      - send: [abc]
        expect: { connection: { received: "" }, log: ["wants 0: 2", first abc] }
      - send: [def]
        expect: { connection: { received: def }, log: [first abcdef, "takes 2 0", done] }
  - name: accepts by a call
    configuration: { f: accept }
    connection: { send: [abcdef] }
    expect: { connection: { received: def } }
  - name: rejects
    connection: { send: [bye] }
    expect: { connection: { received: "", closed: true }, log: [done] }
  - name: lets sockets be
    configuration: { f: none }
    connection: { send: [bye] }
    expect: { connection: { received: bye } }
`));

test("AccessLogger reads what a request was, and changes nothing any more", () =>
  passes(`
access_loggers: [{ name: f, file: ${loggers} }]
servers: { upstream: [{ when: { path: /a }, status: 201, body: x, trailers: { x-mark: m } }, { status: 404 }] }
cases:
  - name: is told of each request
    steps:
      - request: { path: /a }
        expect: { log: ["/a 201 201 m"], response: { headers: { x-late: null } } }
      - request: { path: /b }
        expect: { log: ["/b 404 404 -"] }
`));

test("Service runs by itself: ticks, calls, and stops ticking", () =>
  passes(`
services: [{ name: f, file: ${loggers}, root_id: poller, configuration: run, vm: { configuration: vm } }]
servers: { board: { body: it rains } }
cases:
  - name: polls
    steps:
      - advance: 10s
        expect:
          log: ['started with "vm"', "news: 200 it rains"]
          calls: [{ server: board, path: /news }]
          metrics: { wasmcustom.poller.ticks: 3 }
  - name: refuses its configuration
    configuration: { f: rest }
    expect: { refused: proxy_on_configure }
`));

test("a filter asks another service in its constructor, and hears the answer", () =>
  passes(`
filters: [{ name: f, file: ${constructors} }]
servers: { oracle: { status: 202 } }
cases:
  - name: waits for the answer
    request: { path: /asked }
    expect:
      calls: [{ server: oracle, path: /asked }]
      upstream: { headers: { x-answer: "202" } }
      log: [plugin true]
`));

test("console, trace, Date, Math.random and crypto do what they say", () =>
  passes(`
filters: [{ name: f, file: ${globals} }]
clock: 2026-02-03T04:05:06Z
cases:
  - name: uses them
    request: {}
    expect:
      upstream: { headers: { x-now: "2026-02-03T04:05:06.000Z", x-random: true true true } }
      log:
        - info: a line
        - warn: a warning
        - error: "Assertion failed: there is x-none"
        - info: "trace: two numbers 1.0, 2.5"
`));
