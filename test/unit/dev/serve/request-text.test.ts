import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import {
  requestText,
  type RequestTextOptions,
  type SeenRequest,
} from "../../../../host/src/dev/serve/request-text.ts";
import type { HeaderList, MessageState } from "../../../../host/src/guest/watch/message-change.ts";

const message = (headers: HeaderList | undefined, bodyBytes = 0): MessageState => ({
  headers,
  trailers: undefined,
  bodyBytes,
});
const head: HeaderList = [
  [":method", "GET"],
  [":path", "/a"],
  ["x-old", "1"],
  ["same", "s"],
];
const answer: HeaderList = [[":status", "200"]];
const seen: SeenRequest = {
  filter: "mine",
  lines: [
    "proxy_on_request_headers(context 2)",
    "  proxy_log(INFO)",
    "  proxy_log(INFO)",
    "= CONTINUE",
  ],
  totals: { callbacks: 1, hostCalls: 2, selfMs: 0.01, hostCallMs: 0.002 },
  changes: [
    {
      direction: "request",
      front: message(head, 2),
      back: message(
        [[":method", "POST"], ...head.slice(1, 2), ...head.slice(3), ["x-new", "2"]],
        3,
      ),
    },
    { direction: "response", front: message(answer, 5), back: message(answer, 5) },
  ],
};

const text = (request: SeenRequest, options: Partial<RequestTextOptions> = {}): string =>
  stripVTControlCharacters(requestText(request, { calls: false, headers: false, ...options }));

test("requestText() shows what is different behind the filter, and what it took", () => {
  assert.equal(
    text(seen),
    `GET /a -> 200  mine: 1 callback, 2 host calls, 12.0us
    proxy_log x2
  request   ~ :method: GET -> POST
            - x-old: 1
            + x-new: 2
            ~ body 2 -> 3 bytes
  response    body 5 bytes
`,
  );
});

test("requestText() shows each call, and all headers, when it is asked to", () => {
  const all = text(seen, { calls: true, headers: true });
  assert.match(all, /^ {4}proxy_on_request_headers\(context 2\)\n {6}proxy_log\(INFO\)$/m);
  assert.match(all, /^ {2}request {5}:path: \/a\n {14}same: s\n {12}~ :method/m);
});

test("requestText() tells of a filter that has answered itself, or was not entered", () => {
  const own = { ...seen.changes[0]!, back: message(undefined) };
  const answered = text({ ...seen, changes: [own, seen.changes[1]!] });
  assert.match(answered, /^ {2}request {3}not passed on: the filter has answered$/m);
  const totals = { callbacks: 0, hostCalls: 0, selfMs: 0, hostCallMs: 0 };
  const nothing = text({ ...seen, lines: [], totals, changes: [own] });
  assert.match(
    nothing,
    /^GET \/a -> no answer {2}mine: not entered\n {2}request {3}not passed on$/m,
  );
});
