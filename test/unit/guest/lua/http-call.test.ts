import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
} from "../../../../host/src/contracts/http/filter.ts";
import { headerMapOf } from "../../../../host/src/common/headers/header-map.ts";
import type { HeaderMap } from "../../../../host/src/contracts/headers.ts";
import { LuaHost, LuaStream } from "../../../support/lua.ts";

const target = `{ [":method"] = "POST", [":path"] = "/p", [":authority"] = "a", ["X-Multi"] = { "1", "2" }, n = 5 }`;
const get: [string, string][] = [
  [":method", "GET"],
  [":path", "/"],
];

function requestStream(code: string, endStream = true): LuaStream {
  const script = new LuaHost().load(`function envoy_on_request(h)\n${code}\nend`);
  return new LuaStream(script, get, { endStream });
}

function entriesOf(headers: HeaderMap): string {
  const entries: string[] = [];
  for (let i = 0; i < headers.size; i += 1)
    entries.push(`${headers.nameAt(i)}=${headers.valueAt(i)}`);
  return entries.sort().join(" ");
}

test("httpCall() waits, holds the message, and gives headers and body", () => {
  const stream = requestStream(
    `local headers, body = h:httpCall("known", ${target}, "a\\0b", 5000)
     h:headers():add("x-result", headers[":status"] .. headers["x-d"] .. #body)`,
    false,
  );
  assert.equal(stream.start(), FilterHeadersStatus.StopIteration);
  assert.equal(stream.data("more", false).status, FilterDataStatus.StopIterationAndWatermark);
  const trailers = stream.handle.onTrailers(headerMapOf([["t", "1"]]));
  assert.equal(trailers, FilterTrailersStatus.StopIteration);
  const { client } = stream.side;
  const request = client.requests[0]!;
  assert.equal(
    entriesOf(request.headers),
    ":authority=a :method=POST :path=/p content-length=3 n=5 x-multi=1 x-multi=2",
  );
  assert.deepEqual(
    [request.body?.latin1Slice(), request.timeoutMs, request.sendXff],
    ["a\0b", 5000, true],
  );
  client.answer(
    [
      [":status", "200"],
      ["x-d", "a"],
      ["x-d", "b"],
    ],
    "1234",
  );
  assert.equal(stream.headers.get("x-result"), "200b4", "the last of a name counts");
  assert.equal(stream.side.continued, 1);
  assert.deepEqual(stream.side.errors, []);
});

test("httpCall() twice continues once, after the second", () => {
  const stream = requestStream(
    `local _, a = h:httpCall("known", ${target}, nil, 0)
     local _, b = h:httpCall("known", ${target}, "", { timeout_ms = 10, send_xff = false, return_duplicate_headers = true, trace_sampled = false })
     h:headers():add("x-result", tostring(a) .. tostring(b))`,
  );
  stream.start();
  const { client } = stream.side;
  client.answer([[":status", "200"]], "");
  assert.equal(stream.side.continued, 0);
  assert.deepEqual([client.requests[1]!.timeoutMs, client.requests[1]!.sendXff], [10, false]);
  assert.equal(client.requests[0]!.headers.has("content-length"), false);
  assert.equal(client.requests[1]!.headers.get("content-length"), "0");
  client.answer([[":status", "200"]], "b");
  assert.equal(stream.side.continued, 1);
  assert.equal(stream.headers.get("x-result"), "nilb");
});

test("httpCall() gives duplicates as a table when asked to", () => {
  const stream = requestStream(
    `local headers = h:httpCall("known", ${target}, nil, { return_duplicate_headers = true })
     h:headers():add("x-result", table.concat(headers["x-d"], "+") .. headers["x-one"])`,
  );
  stream.start();
  stream.side.client.answer(
    [
      [":status", "200"],
      ["x-d", "a"],
      ["x-d", "b"],
      ["x-one", "1"],
    ],
    "",
  );
  assert.equal(stream.headers.get("x-result"), "a+b1");
});

test("httpCall() gives a result that is there at once without waiting", () => {
  const stream = requestStream(
    `local headers, body = h:httpCall("known", ${target}, nil, 0) h:headers():add("x-result", headers[":status"] .. body)`,
  );
  stream.side.client.answersAtOnce = true;
  assert.equal(stream.start(), FilterHeadersStatus.Continue);
  assert.equal(stream.headers.get("x-result"), "503at once");
  assert.equal(stream.side.continued, 0);
});

test("httpCall() never raises for a call that fails", () => {
  const stream = requestStream(
    `local headers, body = h:httpCall("known", ${target}, nil, 0) h:headers():add("x-result", headers[":status"] .. body)`,
  );
  stream.start();
  stream.side.client.callbacks[0]!.onFailure("reset");
  assert.equal(stream.headers.get("x-result"), "503upstream failure");
});

test("httpCall() does not wait when it is asynchronous, and the call outlives the stream", () => {
  for (const how of ["0, true", "{ asynchronous = true }"]) {
    const stream = requestStream(
      `h:headers():add("x-result", select("#", h:httpCall("known", ${target}, nil, ${how})))`,
    );
    assert.equal(stream.start(), FilterHeadersStatus.Continue);
    assert.equal(stream.headers.get("x-result"), "0");
    stream.handle.onDestroy();
    assert.equal(stream.side.client.cancelled, 0);
    stream.side.client.answer([[":status", "200"]], "");
  }
});

test("a waiting call is cancelled with its stream, and when somebody else answers", () => {
  for (const end of ["onDestroy", "abandon"] as const) {
    const stream = requestStream(
      `h:httpCall("known", ${target}, nil, 0) h:headers():add("x", "1")`,
    );
    stream.start();
    stream.handle[end]();
    assert.equal(stream.side.client.cancelled, 1);
    assert.equal(stream.headers.has("x"), false);
  }
});

test("an error after the call continues the stream", () => {
  const stream = requestStream(`h:httpCall("known", ${target}, nil, 0) local x = nil; x.y = 1`);
  stream.start();
  stream.side.client.answer([[":status", "200"]], "");
  assert.equal(stream.side.continued, 1);
  assert.match(stream.side.errors[0]!, /:2: attempt to index local 'x' \(a nil value\)$/);
});

test("httpCall() followed by respond() answers and does not continue", () => {
  const stream = requestStream(
    `h:httpCall("known", ${target}, nil, 0) h:respond({ [":status"] = "403", ["set-cookie"] = { "a", "b" } }, "no")`,
  );
  stream.start();
  stream.side.client.answer([[":status", "200"]], "");
  assert.equal(stream.side.continued, 0);
  assert.deepEqual(stream.side.reply, {
    status: 403,
    headers: [
      ["set-cookie", "a"],
      ["set-cookie", "b"],
    ],
    body: "no",
  });
});

test("body() after a call that let the body pass says so", () => {
  const stream = requestStream(`h:httpCall("known", ${target}, nil, 0) h:body()`, false);
  stream.start();
  stream.data("x", true);
  stream.side.client.answer([[":status", "200"]], "");
  assert.match(stream.side.errors[0]!, /cannot call body\(\) after body has been streamed$/);
});

const wrong: readonly (readonly [string, string])[] = [
  [`"known", ${target}, nil, -1`, "http call timeout must be >= 0"],
  [`"known", ${target}, nil, { timeout_ms = -1 }`, "http call timeout must be >= 0"],
  [
    `"known", ${target}, nil, { nonsense = 1 }`,
    '"nonsense" is not valid key for httpCall() options',
  ],
  [
    `"known", ${target}, nil, 0, nil`,
    "http call asynchronous flag must be 'true', 'false', or empty",
  ],
  [`"unknown", ${target}, nil, 0`, "http call cluster invalid. Must be configured"],
  [
    `"known", { [":path"] = "/" }, nil, 0`,
    "http call headers must include ':path', ':method', and ':authority'",
  ],
  [`"known", "text", nil, 0`, "bad argument #2 to 'httpCall' (table expected, got string)"],
  [`"known", ${target}`, "bad argument #4 to 'httpCall' (number expected, got no value)"],
  [
    `"known", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a", ["x y"] = "1" }, nil, 0`,
    "invalid header name: x y",
  ],
];

for (const [args, text] of wrong) {
  test(`httpCall(${args}) raises ${text}`, () => {
    const stream = requestStream(`h:httpCall(${args})`);
    stream.start();
    assert.equal(stream.side.errors[0]?.replace(/^.*?\]:\d+: /, ""), text);
    assert.equal(stream.side.client.requests.length, 0);
  });
}
