import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCase } from "../../../../host/src/testing/run/check.ts";
import { Response } from "../../../../host/src/testing/run/exchange.ts";
import type { Observed, Outcome } from "../../../../host/src/testing/run/observed.ts";
import type { Received } from "../../../../host/src/testing/servers/received.ts";
import { parityGuest, suiteOf } from "../../../support/suites.ts";

const request: Received = {
  server: "upstream",
  method: "GET",
  path: "/a",
  headers: [["x-a", "1"]],
  body: Buffer.from("sent"),
  trailers: [["x-t", "1"]],
  complete: true,
  messages: [Buffer.from("one"), Buffer.from("two")],
};
const response = Object.assign(new Response(), {
  status: 200,
  headers: [["x-a", "1"]],
  body: Buffer.from("got"),
  trailers: [["x-t", "1"]],
  complete: true,
});
const seen: Observed = {
  response,
  reset: false,
  clientPort: 1,
  received: Buffer.from("bytes"),
  closed: false,
  requests: [request],
  fresh: [request, { ...request, server: "auth" }],
  connections: [{ server: "upstream", bytes: Buffer.from("raw"), ended: false }],
  log: [
    { level: "info", component: "wasm", text: "wasm log mine v: zeroth: 0" },
    { level: "info", component: "lua", text: "script log: first" },
    { level: "warn", component: "lua", text: "second" },
  ],
  metrics: new Map([["there", 3]]),
};
const record = {
  clientPort: 1,
  details: "via_upstream",
  flags: "UT",
  metadata: { ns: { a: 1 } },
  filterState: { key: "value" },
};
const costs = { instructions: 11, hostCalls: 12, allocations: 13, allocatedBytes: 14 };

/** What is wrong with a case of these fields when this has come of it. */
function failures(
  fields: string,
  observed: Partial<Observed> = {},
  outcome: Partial<Outcome> = {},
) {
  const isOfBytes = /connection|received/.test(fields);
  const chain = isOfBytes
    ? "network_filters: [{ name: f, typed_config: { '@type': type.googleapis.com/f } }]"
    : `filters: [{ file: ${parityGuest} }]`;
  const action = isOfBytes ? "connection: { send: x }" : "request: {}";
  const given = fields.includes("refused:") ? "" : `${action}, `;
  const suite = suiteOf(`
${chain}
servers: { auth: { status: 200 } }
cases: [{ name: a, ${given}${fields} }]`);
  const all: Outcome = {
    observed: [{ ...seen, ...observed }],
    records: [{ ...record, clientPort: 2, details: "of another" }, record],
    costs,
    refused: undefined,
    startLines: 0,
    ...outcome,
  };
  return checkCase(suite.cases[0]!, all).map(({ text }) => text);
}

/** What holds, the same when it does not, and what is said then. */
const expectations: readonly (readonly [holds: string, fails: string, said: string])[] = [
  [
    "response: { status: 200 }",
    "response: { status: 201 }",
    'response.status: expected "201", got "200"',
  ],
  [
    "response: { headers: { x-a: 1, x-b: null } }",
    "response: { headers: { x-a: null } }",
    'response.headers.x-a: expected nothing, got "1"',
  ],
  [
    "response: { body: got }",
    "response: { body: other }",
    'response.body: expected "other", got "got"',
  ],
  [
    "response: { trailers: { x-t: 1 } }",
    "response: { trailers: { x-t: 2 } }",
    'response.trailers.x-t: expected "2", got "1"',
  ],
  [
    "response: { details: via_upstream }",
    "response: { details: other }",
    'response.details: expected "other", got "via_upstream"',
  ],
  ["response: { flags: UT }", "response: { flags: NR }", 'response.flags: expected "NR", got "UT"'],
  [
    "upstream: { method: GET }",
    "upstream: { method: PUT }",
    'upstream.method: expected "PUT", got "GET"',
  ],
  ["upstream: { path: /a }", "upstream: { path: /b }", 'upstream.path: expected "/b", got "/a"'],
  [
    "upstream: { headers: { x-a: 1 } }",
    "upstream: { headers: { x-a: 2 } }",
    'upstream.headers.x-a: expected "2", got "1"',
  ],
  [
    "upstream: { body: sent }",
    "upstream: { body: other }",
    'upstream.body: expected "other", got "sent"',
  ],
  [
    "upstream: { trailers: { x-t: 1 } }",
    "upstream: { trailers: { x-t: 2 } }",
    'upstream.trailers.x-t: expected "2", got "1"',
  ],
  [
    "upstream: { messages: [one, two] }",
    "upstream: { messages: [one, 2] }",
    'upstream.messages[1]: expected "2", got "two"',
  ],
  [
    "upstream: { messages: [one, two] }",
    "upstream: { messages: [one] }",
    "upstream.messages: expected 1, got 2",
  ],
  [
    "calls: [{ server: auth, path: /a }]",
    "calls: [{ server: auth, path: /b }]",
    'calls[0].path: expected "/b", got "/a"',
  ],
  ["calls: [{ server: auth }]", "calls: []", "calls: expected 0, got 1: auth GET /a"],
  [
    "connection: { received: bytes }",
    "connection: { received: other }",
    'connection.received: expected "other", got "bytes"',
  ],
  [
    "connection: { closed: false }",
    "connection: { closed: true }",
    "connection: expected that it is closed, it is open",
  ],
  [
    "upstream: { received: raw }",
    "upstream: { received: other }",
    'upstream.received: expected "other", got "raw"',
  ],
  [
    "log: [{ matches: '^zeroth: 0$' }, { equals: first }, { starts: sec }]",
    "log: [{ equals: second }, { starts: log }]",
    'log: expected a line that is something that starts with "log"; there is none',
  ],
  [
    "log: [warn: second]",
    "log: [error: second]",
    'log: expected a line of level error that is something with "second" in it; there are',
  ],
  [
    "log: [first, second]",
    "log: [second, first]",
    'log: expected a line that is something with "first" in it; there is none',
  ],
  [
    "no_log: [error: first]",
    "no_log: [info: first]",
    "no_log: expected no such line, got info: script log: first",
  ],
  [
    "metrics: { there: 3, other: null }",
    "metrics: { there: null }",
    "metrics.there: expected none, got 3",
  ],
  [
    "metrics: { there: { min: 3 } }",
    "metrics: { there: { min: 4 } }",
    "metrics.there: expected 4 to 9007199254740991, got 3",
  ],
  [
    "metrics: { there: { max: 3 } }",
    "metrics: { there: { min: 0, max: 2 } }",
    "metrics.there: expected 0 to 2, got 3",
  ],
  [
    "metadata: { ns: { a: 1 } }",
    "metadata: { ns: { a: 2 } }",
    'metadata.ns: expected {"a":2}, got {"a":1}',
  ],
  [
    "filter_state: { key: value }",
    "filter_state: { key: other }",
    'filter_state.key: expected "other", got "value"',
  ],
];

for (const [holds, fails, said] of expectations) {
  test(`checkCase() tells ${fails} from ${holds}`, () => {
    assert.deepEqual(failures(`expect: { ${holds} }`), []);
    const told = failures(`expect: { ${fails} }`);
    assert.deepEqual(
      told.map((text) => text.split("\n", 1)[0]),
      [said],
    );
  });
}

test("checkCase() tells whether a response has come, none yet, or the end of its connection", () => {
  const none = { response: new Response() };
  const reset = { ...none, reset: true };
  const [whole, pending, closed] = ["{ status: 200 }", "pending", "reset"].map(
    (wanted) => `expect: { response: ${wanted} }`,
  );
  for (const [fields, observed] of [
    [whole, {}],
    [pending, none],
    [closed, reset],
  ] as const) {
    assert.deepEqual(failures(fields!, observed), []);
  }
  for (const [fields, observed, said] of [
    [whole, none, "expected a whole response, none has come"],
    [whole, reset, "expected a whole response, the connection was closed"],
    [pending, {}, "expected none yet, got 200"],
    [pending, reset, "expected none yet, the connection was closed"],
    [closed, {}, "expected that the connection is closed, got 200"],
    [closed, none, "expected that the connection is closed, nothing has come"],
  ] as const) {
    assert.deepEqual(failures(fields!, observed), [`response: ${said}`]);
  }
});

test("checkCase() tells whether the upstream was left alone", () => {
  const fields = "expect: { upstream: none }";
  const nothing = { requests: [], fresh: [], connections: [] };
  assert.deepEqual(failures(fields, nothing), []);
  assert.deepEqual(failures(fields, { ...nothing, fresh: [request] }), [
    "upstream: expected no request, got GET /a",
  ]);
  assert.deepEqual(failures(fields, { ...nothing, connections: seen.connections }), [
    'upstream: expected nothing, got "raw"',
  ]);
  assert.deepEqual(failures("expect: { upstream: { method: GET } }", nothing), [
    "upstream: expected a request, got none",
  ]);
});

test("checkCase() holds each cost against the budget", () => {
  const budget = (most: readonly number[]): string => {
    const names = ["instructions", "host_calls", "allocations", "allocated_bytes"];
    return `budget: { ${names.map((name, i) => `${name}: ${most[i]}`).join(", ")} }`;
  };
  assert.deepEqual(failures(budget([11, 12, 13, 14])), []);
  assert.deepEqual(failures(budget([10, 11, 12, 13])), [
    "budget: 11 instructions, 10 are allowed",
    "budget: 12 host calls, 11 are allowed",
    "budget: 13 allocations, 12 are allowed",
    "budget: 14 allocated bytes, 13 are allowed",
  ]);
});

test("checkCase() tells whether the configuration was refused, and why", () => {
  const fields = "expect: { refused: no such cluster }";
  assert.deepEqual(failures(fields, {}, { observed: [], refused: ["f: no such cluster"] }), []);
  assert.match(failures(fields, {}, { observed: [], refused: ["f: other"] })[0]!, /; "f: other"$/);
  assert.match(failures(fields, {}, { observed: [] })[0]!, /; it was taken$/);
});
