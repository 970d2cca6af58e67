import assert from "node:assert/strict";
import { test } from "node:test";
import { folderWith, parityGuest, runSuite } from "../../../support/suites.ts";
import { guest as wasmGuest } from "../../../support/wasm-guest.ts";

const guest = `filters: [{ file: ${parityGuest} }]`;

test("a case runs requests through a module, and looks at both of its sides", async () => {
  const lines = await runSuite(
    `
${guest}
cases:
  - name: headers
    request: { path: /p?q, headers: { x-do: request-headers=add response-headers=replace, x-many: [a, b] } }
    upstream: { status: 201, headers: { x-from: upstream }, body: done }
    expect:
      upstream: { method: GET, path: /p?q, headers: { x-twice: [a, b], x-many: [a, b], x-empty: "" } }
      response: { status: 201, headers: { x-replaced: new, x-from: upstream, x-no: null }, body: done, details: via_upstream }
      calls: []
  - name: bodies
    request: { headers: { x-do: request-body=upper response-body=grow }, chunks: [ab, { hex: "6364" }] }
    upstream: { chunks: [x, y], trailers: { x-t: "1" } }
    expect: { upstream: { body: ABCD }, response: { body: { bytes: 200 }, trailers: { x-t: "1" } } }
  - name: trailers
    request: { headers: { x-do: request-trailers=add }, body: x, trailers: { x-a: b } }
    expect: { upstream: { body: x, trailers: { x-a: b, x-twice: [a, b] } } }
  - name: answers of its own
    request: { headers: { x-do: request-headers=reply-body } }
    expect:
      upstream: none
      response: { status: 418, body: no request-headers, details: { not: via_upstream } }
      log: [info: log]
`,
  );
  assert.deepEqual(lines, ["ok headers", "ok bodies", "ok trailers", "ok answers of its own"]);
});

test("a case says of everything that is not as expected what was expected and what came", async () => {
  const lines = await runSuite(`
${guest}
servers: { callout: { body: hi } }
cases:
  - name: wrong
    request: { headers: { x-do: request-headers=call } }
    upstream: { status: 404, headers: { x-a: [b, c] } }
    expect:
      upstream: { path: /other, body: x }
      response: { status: 200, headers: { x-a: [b], x-b: c }, body: { json: 1 }, flags: NR }
      calls: [{ server: upstream }, { server: callout }]
      log: [never said]
      no_log: [request-headers]
      metrics: { no.such: 1, cluster.upstream.upstream_rq_total: { min: 2, max: 3 } }
      metadata: { ns: { a: 1 } }
      filter_state: { wasm.mark: x }
`);
  assert.equal(lines[0], "FAIL wrong");
  const told = lines.slice(1).map((line) => line.replace(/^x:\d+:\d+: /, ""));
  assert.deepEqual(
    told.map((line) => line.replace(/; there are\n[^]*$/, "")),
    [
      'response.status: expected "200", got "404"',
      "response.headers.x-a: expected 1 values, got 2",
      'response.headers.x-b: expected "c", got nothing',
      'response.body: expected JSON of the value 1, got ""',
      'response.flags: expected "NR", got ""',
      'upstream.path: expected "/other", got "/"',
      'upstream.body: expected "x", got ""',
      "calls: expected 2, got 1: callout POST /one",
      'calls[0].server: expected "upstream", got "callout"',
      'log: expected a line that is something with "never said" in it',
      "no_log: expected no such line, got info: wasm log parity: request-headers 7 true",
      "metrics.no.such: expected 1, got none",
      "metrics.cluster.upstream.upstream_rq_total: expected 2 to 3, got 1",
      'metadata.ns: expected {"a":1}, got none',
      'filter_state.wasm.mark: expected "x", got nothing',
    ],
  );
});

test("servers answer by what they are asked, in turns, late, or not at all", async () => {
  const lines = await runSuite(`
${guest}
servers:
  callout:
    - when: { path: /two }
      status: 201
    - body: first
    - body: second
  silent: { never: true }
  refused: { refused: true }
cases:
  - name: by path, then in turns
    request: { headers: { x-do: request-headers=calls } }
    expect:
      calls: [{ server: callout, method: POST, path: /one }, { server: callout, path: /two }]
      log: [{ matches: "answers .*first" }]
  - name: refuses what a filter refuses
    request: { headers: { x-do: request-headers=deny } }
    expect: { upstream: none, response: { status: 403, body: { contains: first } } }
  - name: never
    request: { headers: { x-do: request-headers=call-slow } }
    expect: { calls: [{ server: silent }], log: [answers 504], response: { status: 200 } }
  - name: nobody listens
    request: { headers: { x-do: request-headers=call-refused } }
    expect: { calls: [], log: [answers 503], response: { status: 200 } }
  - name: late
    servers: { callout: { delay: 200ms, body: late } }
    request: { headers: { x-do: request-headers=call } }
    expect: { log: [late], response: { status: 200 } }
  - name: the upstream closes
    upstream: { reset: true }
    request: {}
    expect: { response: { status: 503, flags: UC } }
  - name: the upstream is silent for longer than its timeout
    upstream: { never: true }
    request: {}
    expect: { response: { status: 504, flags: UT } }
`);
  assert.deepEqual(
    lines.filter((line) => !line.startsWith("ok ")),
    [],
  );
});

test("the clock stands where the suite says, and moves when it is told to", async () => {
  const script = `
function envoy_on_request(handle)
  handle:headers():add("x-time", os.date("!%Y-%m-%dT%H:%M:%S") .. " " .. handle:timestamp())
end`;
  using folder = folderWith({ "clock.lua": script });
  const lines = await runSuite(
    `
filters: [{ file: clock.lua }]
clock: 2026-03-01T10:00:00Z
cases:
  - name: its own
    clock: 2027-01-01T00:00:00Z
    request: {}
    expect: { upstream: { headers: { x-time: 2027-01-01T00:00:00 1798761600000 } } }
  - name: the suite's
    steps:
      - request: {}
        expect:
          upstream: { headers: { x-time: 2026-03-01T10:00:00 1772359200000 } }
          response: { headers: { date: "Sun, 01 Mar 2026 10:00:00 GMT" } }
      - advance: 1h
      - request: {}
        expect: { upstream: { headers: { x-time: 2026-03-01T11:00:00 1772362800000 } } }
`,
    folder.path,
  );
  assert.deepEqual(lines, ["ok its own", "ok the suite's"]);
});

test("ticks come when the clock moves, and each case has a proxy of its own", async () => {
  const lines = await runSuite(`
${guest}
cases:
  - name: ticks
    steps:
      - request: { headers: { x-do: request-headers=tick } }
        expect: { no_log: [tick 0] }
      - advance: 100ms
        expect: { log: [tick] }
  - name: counts
    request: { headers: { x-do: request-headers=shared } }
    expect: { log: [shared 1] }
  - name: counts anew
    request: { headers: { x-do: request-headers=shared } }
    expect: { log: [shared 1] }
`);
  assert.deepEqual(lines, ["ok ticks", "ok counts", "ok counts anew"]);
});

test("requests can be left open, and clients can leave", async () => {
  const lines = await runSuite(`
${guest}
cases:
  - name: in pieces
    steps:
      - request: { headers: { x-do: request-body=buffer }, open: true }
        expect: { upstream: { method: POST, body: "" }, response: pending }
      - send: { body: ab }
      - send: { body: cd, end: true }
        expect: { upstream: { body: "[abcd]" }, response: { status: 200 } }
      - expect: { response: { status: 200 }, upstream: none }
  - name: leaves
    upstream: { never: true }
    steps:
      - request: { open: true }
      - close: true
        expect: { log: [log], response: pending }
`);
  assert.deepEqual(lines, ["ok in pieces", "ok leaves"]);
});

test("filters see who asks, the node, and what routes say", async () => {
  const script = `
function envoy_on_request(handle)
  local address = handle:streamInfo():downstreamRemoteAddress()
  handle:streamInfo():dynamicMetadata():set("seen", "by", address:match("^(.*):%d+$"))
  handle:respond({ [":status"] = "200" }, handle:metadata():get("tone") .. " " .. handle:filterContext():get("x"))
end`;
  using folder = folderWith({ "who.lua": script });
  const lines = await runSuite(
    `
filters: [{ file: who.lua, configuration: { x: suite } }]
client: 203.0.113.9
routes:
  - match: { prefix: / }
    route: { cluster: upstream }
    metadata: { filter_metadata: { who: { tone: kind } } }
cases:
  - name: of the suite
    request: {}
    expect: { response: { body: kind suite }, metadata: { seen: { by: 203.0.113.9 } } }
  - name: of the case
    client: "2001:db8::1"
    configuration: { who: { x: case } }
    request: {}
    expect: { response: { body: kind case }, metadata: { seen: { by: "[2001:db8::1]" } } }
`,
    folder.path,
  );
  assert.deepEqual(lines, ["ok of the suite", "ok of the case"]);
});

test("several filters stand in a chain, native ones among them", async () => {
  using folder = folderWith({
    "one.lua": `function envoy_on_request(h) h:headers():add("x-seen", "one") end`,
    "two.lua": `function envoy_on_request(h) h:headers():add("x-seen", "two") end`,
  });
  const lines = await runSuite(
    `
filters:
  - file: one.lua
  - name: inline
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
      default_source_code: { inline_string: 'function envoy_on_request(h) h:headers():add("x-seen", "inline") end' }
  - file: two.lua
cases:
  - name: in order
    request: {}
    expect: { upstream: { headers: { x-seen: [one, inline, two] } } }
`,
    folder.path,
  );
  assert.deepEqual(lines, ["ok in order"]);
});

test("a configuration that must be refused is; one that must not be says where the suite has it", async () => {
  using folder = folderWith({ "bad.lua": "function envoy_on_request(" });
  const suite = `
filters:
  - name: first
    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua }
  - file: bad.lua
cases:
  - { name: refused, expect: { refused: { contains: "or '...' expected" } } }
  - { name: taken, request: {} }
  - { name: for another reason, expect: { refused: nothing of the kind } }`;
  const lines = await runSuite(suite, folder.path);
  assert.equal(lines[0], "ok refused", lines.join("\n"));
  assert.equal(lines[1], "FAIL taken");
  assert.match(
    lines[2]!,
    /^x:8:5: the configuration is refused: x:5:11: filters\[1\]\.file: .*expected/,
  );
  assert.match(lines.join("\n"), /bad\.lua:1:27: .*expected/, "the place in the script");
  assert.equal(lines[3], "FAIL for another reason");
  assert.match(lines[4]!, /^x:9:52: expected that the configuration is refused with .*; "/);
});

test("a case whose routes or node the proxy refuses says where they are wrong in the suite", async () => {
  const lines = await runSuite(`
${guest}
node:
  idd: x
routes:
  - { match: { prefx: / }, route: { cluster: upstream } }
cases:
  - { name: the suite's, request: {} }
  - name: its own
    node: {}
    routes:
      - { match: { prefix: / }, route: { cluster: nowhere } }
    request: {}`);
  assert.deepEqual(lines[1]!.split("\n"), [
    'x:8:5: the configuration is refused: x:3:1: node: unknown field "idd" of envoy.config.core.v3.Node; did you mean "id"?',
    ' x:6:7: routes[0].match: unknown field "prefx" of envoy.config.route.v3.RouteMatch; did you mean "prefix"?',
  ]);
  const ownPlace = /^x:9:5: .* x:12:42: cases\[1\]\.routes\[0\]\.route\.cluster: .*nowhere/;
  assert.match(lines[3]!, ownPlace);
});

test("a module that traps, loops or needs a capability ends its stream, not the suite", async () => {
  const lines = await runSuite(`
filters: [{ file: ${parityGuest}, name: parity, vm: { capabilities: [proxy_on_context_create, proxy_on_request_headers, proxy_log, proxy_get_header_map_value, proxy_get_header_map_pairs] } }]
cases:
  - name: is not allowed to
    request: { headers: { x-do: request-headers=reply } }
    expect: { log: [error: "restricted proxy-wasm capability: proxy_send_local_response"] }
`);
  const trap = await runSuite(`
filters: [{ file: ${parityGuest}, failure_policy: FAIL_RELOAD }]
cases:
  - name: traps
    steps:
      - request: { headers: { x-do: request-headers=trap } }
        expect: { response: { status: 503 }, log: [{ critical: panicked }, error: request_headers failed] }
      - advance: 10s
      - request: {}
        expect: { response: { status: 200 } }
`);
  assert.match(lines[0]!, /is not allowed to/);
  assert.deepEqual(trap, ["ok traps"]);
});

test("a script that runs for ever is stopped, and loses its stream only", async () => {
  using folder = folderWith({
    "loop.lua": `function envoy_on_request(h) while h:headers():get("x-loop") do end end`,
  });
  const lines = await runSuite(
    `
filters: [{ file: loop.lua }]
cases:
  - name: loops
    steps:
      - request: { headers: { x-loop: "1" } }
        expect: { log: [CPU] }
      - request: {}
        expect: { response: { status: 200 } }
`,
    folder.path,
  );
  assert.deepEqual(lines, ["ok loops"]);
});

test("a filter of which nothing would ever run is told with its place and the mend, and nothing runs", async () => {
  const idle = await wasmGuest(`(func (export "proxy_on_context_create") (param i32 i32))`);
  using folder = folderWith({ "idle.wasm": idle, "idle.lua": "x = 1" });
  const running = async (file: string): Promise<unknown> =>
    runSuite(`filters: [{ file: ${file} }]\ncases: [{ name: a, request: {} }]`, folder.path);
  await assert.rejects(
    running("idle.wasm"),
    /:1:19: filters\[0\]\.file: the module exports no callback.*\n +In AssemblyScript override/,
  );
  await assert.rejects(
    running("idle.lua"),
    /:1:19: filters\[0\]\.file: the script has no hook.*\n +Define function/,
  );
});

test("a case that fails shows what guests have logged as they failed", async () => {
  using folder = folderWith({ "fails.lua": `function envoy_on_request(h) error("why") end` });
  const lines = await runSuite(
    `filters: [{ file: fails.lua }]\ncases: [{ name: a, request: {}, expect: { response: { status: 201 } } }]`,
    folder.path,
  );
  assert.equal(lines[0], "FAIL a");
  assert.match(lines[1]!, /status: expected "201", got "200"/);
  assert.match(lines.slice(2).join("\n"), /^error: script log: .*: why/);
});
