import assert from "node:assert/strict";
import { test } from "node:test";
import { suiteOf, suiteProblems } from "../../../support/suites.ts";

/** A suite with one case of these fields. */
const withCase = (fields: string): string =>
  `filters: [{ file: ../auth/auth.lua }]\ncases:\n  - name: a\n${fields.replaceAll(/^/gm, "    ")}`;

test("readSuite() fills in the defaults", () => {
  const suite = suiteOf(`
filters: [{ file: sample-filters/hello/assembly/index.ts }, { file: sample-filters/auth/auth.lua }]
cases:
  - { name: get, request: {} }
  - { name: post, request: { body: abc } }`);
  assert.deepEqual(
    suite.chains.http.map(({ kind, name }) => [kind, name]),
    [
      ["wasm", "hello"],
      ["lua", "auth"],
    ],
  );
  const requests = suite.cases.map(({ steps }) => steps[0]!.action);
  assert.deepEqual(
    requests.map(
      (action) => action.kind === "request" && [action.request.method, action.request.path],
    ),
    [
      ["GET", "/"],
      ["POST", "/"],
    ],
  );
  assert.deepEqual([...suite.cases[0]!.settings.servers.keys()], ["upstream"]);
});

test("readSuite() lays what a case says over what its suite says", () => {
  const suite = suiteOf(`
filters: [{ file: sample-filters/auth/auth.lua }]
clock: 2026-01-31T12:00:00Z
client: 192.0.2.1
servers: { auth: { status: 200 }, other: { status: 201 } }
cases:
  - { name: a, request: {}, client: "2001:db8::1", servers: { auth: { status: 403 } }, upstream: { refused: true } }`);
  const { settings } = suite.cases[0]!;
  assert.equal(settings.clockMs, Date.UTC(2026, 0, 31, 12));
  assert.equal(settings.client, "2001:db8::1");
  assert.deepEqual([...settings.servers.keys()], ["upstream", "auth", "other"]);
  const auth = settings.servers.get("auth");
  assert.equal(auth?.kind === "http" && auth.answers[0]!.status, 403);
  assert.equal(settings.servers.get("upstream")?.kind, "refused");
});

for (const [what, text, ...problems] of [
  ["no group of fields", "[]", "1:1: a suite is a group of fields: filters, cases and more"],
  ["no YAML", "filters: [", /^x:\d+:\d+: Flow sequence/],
  [
    "nothing",
    "x: 1",
    /1:1: has no filters/,
    /1:1: has no cases/,
    /1:1: there is no field "x" here/,
  ],
  [
    "an unknown field",
    withCase("request: {}\nexpects: {}"),
    '5:5: cases[0]: there is no field "expects" here; did you mean "expect"?',
  ],
  [
    "a wrong type",
    withCase("request: { body: [1] }\nsteps: 5"),
    /4:16: cases\[0\]\.request\.body: must be a text|4:16: cases\[0\]\.request\.body: must be a group/,
    /5:12: cases\[0\]\.steps: must be a list; this is the number 5/,
    /cannot stand beside steps/,
  ],
  [
    "a filter that is not there",
    "filters: [{ file: nothing.lua }]\ncases: []",
    /^x:1:19: filters\[0\]\.file: there is no file .*nothing\.lua$/,
  ],
  [
    "a file that is no filter",
    "filters: [{ file: README.md }]\ncases: []",
    '1:19: filters[0].file: "README.md" is no filter: give a .wasm, .lua or .ts file',
  ],
  [
    "what is for Wasm only",
    "filters: [{ file: ../auth/auth.lua, root_id: x, configuration: text }]\ncases: []",
    /root_id: root_id is for Wasm modules, not for Lua scripts/,
    /a Lua filter's configuration is its filter context: a group of fields/,
  ],
  [
    "two filters of one name",
    "filters: [{ file: ../auth/auth.lua }, { file: ../auth/auth.lua }]\ncases: []",
    /there is a filter "auth" already; give this one another name/,
  ],
  [
    "two cases of one name",
    `${withCase("request: {}")}\n  - { name: a, request: {} }`,
    /there is a case "a" already/,
  ],
  [
    "a case that does nothing",
    withCase("clock: 2026-01-01T00:00:00Z"),
    /cases\[0\]: does nothing: give a request, or steps/,
  ],
  ["a step that does nothing", withCase("steps: [{}]"), /cases\[0\]\.steps\[0\]: does nothing/],
  [
    "two actions in a step",
    withCase("steps: [{ request: {}, advance: 5s }]"),
    /cannot stand beside request/,
  ],
  [
    "more of a request that is not open",
    withCase("steps: [{ request: {} }, { send: { body: a } }]"),
    /cases\[0\]\.steps\[1\]: there is no request to send more of: leave one open before/,
  ],
  [
    "an end of nothing",
    withCase("steps: [{ close: true }, { request: {} }]"),
    /cases\[0\]\.steps\[0\]: there is nothing to close yet/,
  ],
  [
    "a step that is said not to be",
    withCase("steps: [{ request: {} }, { close: false }]"),
    /cases\[0\]\.steps\[1\]\.close: must be true, or reset, or not be there/,
  ],
  [
    "a chain of nothing",
    "network_filters: []\nlistener_filters: [{ file: ../auth/auth.lua }]\ncases: [{ name: a, connect: true }]",
    /x:1:1: network_filters: is empty: list what is to run, or leave it out/,
  ],
  [
    "no steps",
    withCase("steps: []"),
    /^x:\d+:\d+: cases\[0\]\.steps: has no step: give one of request, /,
  ],
  [
    "a single step that cannot be taken",
    withCase("steps: [{ send: { body: a } }]"),
    /cases\[0\]\.steps\[0\]: there is no request to send more of/,
  ],
  [
    "a protocol that there is not",
    withCase("protocol: http3\nrequest: {}"),
    /must be one of http1, http2/,
  ],
  [
    "a protocol of bytes",
    "protocol: http2\nnetwork_filters: [{ file: ../auth/auth.lua }]\ncases: [{ name: a, connect: true }]",
    /^x:1:11: protocol: is for requests; network filters have bytes/,
  ],
  ["a reply to a request", withCase("steps: [{ reply: a }]"), /is for suites with network_filters/],
  [
    "replies that nobody can give",
    "network_filters: [{ file: ../auth/auth.lua }]\ncases: [{ name: a, steps: [{ reply: a }, { connect: true }, { reply: { server: no } }] }]",
    /steps\[0\]: there is no connection yet: open one by connect: true/,
    /there is no server "no"; there are upstream/,
  ],
  [
    "a response of a proxy that is not there",
    withCase("expect: { refused: why, response: { status: 200 } }"),
    /expect\.response: can never be met: nothing else comes of a configuration that is refused/,
  ],
  [
    "a time that is none",
    withCase("steps: [{ advance: 5 }]"),
    /must be a time such as 250ms, 5s, 1m, 2h or 1d; this is the number 5/,
  ],
  [
    "a clock that is none",
    withCase("clock: noon\nrequest: {}"),
    /'noon' is not a time such as 2026-01-31T12:00:00Z/,
  ],
  ["a client that is none", withCase("client: me\nrequest: {}"), /'me' is not an IP address/],
  ["no hexadecimal", withCase("request: { body: { hex: abc } }"), /'abc' is not hexadecimal/],
  [
    "a header of two lines",
    withCase('request: { headers: { a: "b\\r\\nc" } }'),
    /a header has one line only/,
  ],
  [
    "a name that is none",
    withCase("request: { headers: { a b: c } }"),
    /"a b" is no name of a header/,
  ],
  [
    "a path with a blank",
    withCase("request: { path: a b }"),
    /must be one word; encode blanks as %20/,
  ],
  [
    "an unknown expectation",
    withCase("request: {}\nexpect: { response: { body: { like: a } } }"),
    /there is no expectation "like"; there are equals, contains/,
  ],
  [
    "a pattern that is none",
    withCase('request: {}\nexpect: { response: { body: { matches: "(" } } }'),
    /Invalid regular expression/,
  ],
  [
    "a status that never comes",
    withCase("request: {}\nexpect: { response: { status: 99 } }"),
    /can never be met: the status of a response is a number from 200 to 599/,
  ],
  [
    "two texts to be equal to",
    withCase("request: {}\nexpect: { response: { body: { equals: a, hex: ff } } }"),
    /can never be met: it is to be equal to two things/,
  ],
  [
    "nothing that is something",
    withCase("request: {}\nexpect: { response: { body: { absent: true, contains: a } } }"),
    /can never be met: what is absent is not like anything/,
  ],
  [
    "a server that is not there",
    withCase("request: {}\nexpect: { calls: [{ server: auth }] }"),
    'can never be met: there is no server "auth"; there are upstream',
  ],
  [
    "bounds that cross",
    withCase("request: {}\nexpect: { metrics: { a: { min: 2, max: 1 } } }"),
    /can never be met: min 2 is more than max 1/,
  ],
  ["a connection to HTTP filters", withCase("connect: true"), /is for suites with network_filters/],
  [
    "a request to network filters",
    "network_filters: [{ file: ../auth/auth.lua }]\ncases: [{ name: a, request: {}, expect: { response: {} } }]",
    /network filters have no requests: use connection, connect or send/,
    /can never come: network filters have no responses/,
  ],
  [
    "a configuration for nobody",
    withCase("configuration: { hello: x }\nrequest: {}"),
    /there is no filter "hello"; there are auth/,
  ],
  [
    "a budget that nothing is counted for",
    "budget: { instructions: 5 }\nfilters: [{ name: a, typed_config: {} }]\ncases: []",
    /only Wasm modules and Lua scripts are counted/,
  ],
] as const) {
  test(`readSuite() says of a suite with ${what} where and why`, () => {
    const found = suiteProblems(text);
    for (const problem of problems) {
      const fits = (each: string): boolean =>
        typeof problem === "string" ? each.includes(problem) : problem.test(each);
      assert.ok(found.some(fits), `${String(problem)}\nis not among\n${found.join("\n")}`);
    }
  });
}

test("readSuite() refuses capabilities that do not exist, and lists without a callback", () => {
  const problemsWith = (names: string): string[] =>
    suiteProblems(
      `filters: [{ file: assembly/index.ts, vm: { capabilities: [${names}] } }]\ncases: [{ name: a, request: {} }]`,
    );
  assert.deepEqual(problemsWith("proxy_on_request_headers, proxy_log, fd_write"), []);
  assert.match(
    problemsWith("proxy_on_request_headers, proxy_logg").join("\n"),
    /"proxy_logg" is no capability/,
  );
  assert.match(problemsWith("proxy_log").join("\n"), /no callback is among them/);
  assert.match(problemsWith("").join("\n"), /no callback is among them/);
});
