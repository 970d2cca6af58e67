import assert from "node:assert/strict";
import { test } from "node:test";
import { headerMapOf } from "../../../../host/src/common/headers/header-map.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
} from "../../../../host/src/contracts/http/filter.ts";
import type { HeaderMap } from "../../../../host/src/contracts/headers.ts";
import { LuaHost, LuaStream } from "../../../support/lua.ts";

const get: [string, string][] = [
  [":method", "GET"],
  [":path", "/"],
];
const post: [string, string][] = [
  [":method", "POST"],
  [":path", "/"],
];

function requestStream(code: string, endStream = true): LuaStream {
  const script = new LuaHost().load(`function envoy_on_request(h)\n${code}\nend`);
  return new LuaStream(script, endStream ? get : post, { endStream });
}

test("headers() adds, replaces, removes and counts", () => {
  const stream = requestStream(`
    local m = h:headers()
    m:add("X-Two", "a") m:add("x-two", "b") m:add("x-num", 5)
    m:replace(":path", "/new") m:remove("x-gone")
    m:add("x-report", m:getNumValues("x-two") .. m:get("x-two") .. m:getAtIndex("x-two", 1) .. type(m:get("nope")))`);
  stream.headers.add("x-gone", "1");
  assert.equal(stream.start(), FilterHeadersStatus.Continue);
  assert.deepEqual(stream.side.errors, [
    "[string \"function envoy_on_request(h)...\"]:6: bad argument #1 to 'type' (value expected)",
  ]);
  assert.deepEqual(stream.headers.getAll("x-two"), ["a", "b"]);
  assert.equal(stream.headers.get("x-num"), "5");
  assert.equal(stream.headers.get(":path"), "/new");
  assert.equal(stream.headers.has("x-gone"), false);
  assert.equal(stream.side.routeCacheClears, 5, "each change clears the route cache");
});

test("replace() puts a header at the end, pseudo headers at the end of theirs", () => {
  const stream = requestStream(
    'h:headers():replace("x-a", "2") h:headers():replace(":path", "/p")',
  );
  stream.headers.add("x-a", "1");
  stream.headers.add("x-b", "1");
  stream.start();
  const names = Array.from({ length: stream.headers.size }, (_, i) => stream.headers.nameAt(i));
  assert.deepEqual(names, [":method", ":path", "x-b", "x-a"]);
});

const single =
  'for _, name in ipairs{ "vary", "origin", "via", "grpc-status", "x-own" } do m:add(name, "b") end';

/** Values of these names after a script has added one to each. */
function extended(headers: HeaderMap): string[] {
  return ["vary", "origin", "via", "grpc-status", "x-own"].map((name) =>
    headers.getAll(name).join(" "),
  );
}

function before(): [string, string][] {
  return ["vary", "origin", "via", "grpc-status", "x-own"].map((name) => [name, "a"]);
}

test("headers() extends names of which Envoy keeps one entry in such a map", () => {
  for (const [isRequest, hook, expected] of [
    [true, "envoy_on_request", ["a b", "a,b", "a,b", "a b", "a b"]],
    [false, "envoy_on_response", ["a,b", "a b", "a,b", "a,b", "a b"]],
  ] as const) {
    const script = new LuaHost().load(`function ${hook}(h) local m = h:headers() ${single} end`);
    const stream = new LuaStream(script, before(), { endStream: true, isRequest });
    stream.start();
    assert.deepEqual([stream.side.errors, extended(stream.headers)], [[], expected]);
  }
});

test("trailers() extends fewer names than headers()", () => {
  for (const [isRequest, hook, expected] of [
    [true, "envoy_on_request", ["a b", "a b", "a b", "a b", "a b"]],
    [false, "envoy_on_response", ["a b", "a b", "a b", "a,b", "a b"]],
  ] as const) {
    const script = new LuaHost().load(`function ${hook}(h) local m = h:trailers() ${single} end`);
    const stream = new LuaStream(script, get, { endStream: false, isRequest });
    stream.start();
    const trailers = headerMapOf(before());
    stream.handle.onTrailers(trailers);
    assert.deepEqual([stream.side.errors, extended(trailers)], [[], expected]);
  }
});

test("headers() refuses what cannot stand on the wire", () => {
  for (const [code, text] of [
    ['h:headers():add("x y", "1")', "invalid header name: x y"],
    ['h:headers():add("x-a", "1\\r\\nx-b: 2")', "invalid header value for: x-a"],
    ['h:headers():replace("x-a", "\\1")', "invalid header value for: x-a"],
  ] as const) {
    const stream = requestStream(code);
    stream.start();
    assert.ok(stream.side.errors[0]?.endsWith(text), `${stream.side.errors[0]}`);
    assert.equal(stream.headers.size, get.length, "nothing was added");
  }
});

test("pairs(headers) gives a snapshot in wire order and forbids changes", () => {
  const stream = requestStream(`
    local names = ""
    for k, v in pairs(h:headers()) do names = names .. k .. "=" .. v .. ";" end
    h:headers():add("x-names", names)
    for k in pairs(h:headers()) do h:headers():remove(k) end`);
  stream.start();
  assert.equal(stream.headers.get("x-names"), ":method=GET;:path=/;");
  assert.match(stream.side.errors[0]!, /header map cannot be modified while iterating$/);
});

test("body() waits for the whole body and holds the headers", () => {
  const stream = requestStream(
    'local b = h:body() h:headers():add("x-length", b:length()) b:setBytes("<" .. b:getBytes(0, b:length()) .. ">")',
    false,
  );
  assert.equal(stream.start(), FilterHeadersStatus.StopIteration);
  assert.equal(stream.data("hello ", false).status, FilterDataStatus.StopIterationAndBuffer);
  assert.equal(stream.data("world", true).status, FilterDataStatus.Continue);
  assert.equal(stream.side.body.toBuffer().latin1Slice(), "<hello world>");
  assert.equal(stream.headers.get("x-length"), "11");
  assert.equal(stream.headers.get("content-length"), "13");
});

test("body() is resumed by trailers", () => {
  const stream = requestStream(
    'h:headers():add("x-body", h:body():length() .. h:trailers():get("x-t"))',
    false,
  );
  stream.start();
  stream.data("abc", false);
  assert.equal(
    stream.handle.onTrailers(headerMapOf([["x-t", "!"]])),
    FilterTrailersStatus.Continue,
  );
  // The header object was made before the wait: every object dies when the script leaves.
  assert.match(stream.side.errors[0]!, /object used outside of proper scope$/);
});

test("body() gives nothing for a message without one, and an empty buffer when asked to wrap", () => {
  const stream = requestStream(`
    h:headers():add("x-type", tostring(h:body() == nil))
    h:body(true):setBytes("made")`);
  assert.equal(stream.start(), FilterHeadersStatus.Continue);
  assert.equal(stream.headers.get("x-type"), "true");
  assert.equal(stream.side.body.toBuffer().latin1Slice(), "made");
});

test("bodyChunks() lets headers go on and changes chunks in place", () => {
  const stream = requestStream(
    `for chunk in h:bodyChunks() do
       chunk:setBytes(chunk:getBytes(0, chunk:length()):upper())
     end
     h:logInfo("done")`,
    false,
  );
  assert.equal(stream.start(), FilterHeadersStatus.Continue);
  assert.deepEqual(stream.data("one", false), { status: FilterDataStatus.Continue, passed: "ONE" });
  assert.deepEqual(stream.data("two", true), { status: FilterDataStatus.Continue, passed: "TWO" });
  assert.deepEqual(stream.side.errors, []);
});

test("headers() cannot be changed once they were passed on", () => {
  const stream = requestStream('for _ in h:bodyChunks() do h:headers():add("x", "1") end', false);
  stream.start();
  stream.data("a", true);
  assert.match(stream.side.errors[0]!, /header map can no longer be modified$/);
});

test("body() fails after streaming has started", () => {
  const stream = requestStream("for _ in h:bodyChunks() do h:body() end", false);
  stream.start();
  stream.data("a", false);
  assert.match(stream.side.errors[0]!, /cannot call body\(\) after body streaming has started$/);
});

test("respond() ends the script and answers with its headers", () => {
  const stream = requestStream(`
    h:respond({[":status"] = "403", ["X-Why"] = {"a", "b"}}, "no\\0pe")
    h:headers():add("x-after", "1")`);
  assert.equal(stream.start(), FilterHeadersStatus.StopIteration);
  assert.deepEqual(stream.side.reply, {
    status: 403,
    headers: [
      ["x-why", "a"],
      ["x-why", "b"],
    ],
    body: "no\0pe",
  });
  assert.equal(stream.headers.has("x-after"), false);
});

test("respond() refuses a status outside of 200-599, and the response path", () => {
  const stream = requestStream('h:respond({[":status"] = "199"})');
  stream.start();
  assert.match(stream.side.errors[0]!, /:status must be between 200-599$/);
  const script = new LuaHost().load(
    'function envoy_on_response(h) h:respond({[":status"] = "200"}) end',
  );
  const response = new LuaStream(script, [[":status", "200"]], {
    endStream: true,
    isRequest: false,
  });
  response.start();
  assert.match(response.side.errors[0]!, /respond not currently supported in the response path$/);
});

test("a method that does not exist raises an error with its name", () => {
  const stream = requestStream("h:noSuch()");
  assert.equal(stream.start(), FilterHeadersStatus.Continue, "the stream passes");
  assert.match(stream.side.errors[0]!, /attempt to call method 'noSuch' \(a nil value\)$/);
});

test("operators call an object a userdata value", () => {
  for (const [code, text] of [
    ['local x = "a" .. h:headers()', "attempt to concatenate a userdata value"],
    ["local x = #h", "attempt to get length of local 'h' (a userdata value)"],
    ["h:headers():get(h)", "bad argument #1 to 'get' (string expected, got userdata)"],
  ] as const) {
    const stream = requestStream(code);
    stream.start();
    assert.ok(stream.side.errors[0]?.endsWith(text), `${stream.side.errors[0]}`);
  }
});

test("a handle that is kept is dead on another stream", () => {
  const script = new LuaHost().load(`
    function envoy_on_request(h)
      if kept then kept:headers():add("x-leak", "1") end
      kept = h
    end`);
  new LuaStream(script, get).start();
  const second = new LuaStream(script, get);
  second.start();
  assert.match(second.side.errors[0]!, /object used outside of proper scope$/);
});

test("a script that yields by itself fails", () => {
  const stream = requestStream("coroutine.yield()");
  stream.start();
  assert.deepEqual(stream.side.errors, ["script performed an unexpected yield"]);
});

test("a method that waits is refused inside a coroutine of the script's own", () => {
  const stream = requestStream(
    "local ok, text = coroutine.resume(coroutine.create(function() h:body() end)) error(text)",
    false,
  );
  stream.start();
  assert.match(
    stream.side.errors[0]!,
    /body\(\) cannot be called from a coroutine of the script's own$/,
  );
});

test("errors in pcall around a wait are caught, and the coroutine goes on", () => {
  const stream = requestStream(
    'local ok, b = pcall(h.body, h) h:headers():add("x-ok", tostring(ok) .. b:length())',
    false,
  );
  stream.start();
  stream.data("abc", true);
  assert.deepEqual(stream.side.errors, []);
  assert.equal(stream.headers.get("x-ok"), "true3");
});

test("a stream that ends while the script waits never resumes it", () => {
  const host = new LuaHost();
  const script = host.load('function envoy_on_request(h) h:body() h:logInfo("resumed") end');
  const stream = new LuaStream(script, post, { endStream: false });
  stream.start();
  stream.handle.onDestroy();
  stream.data("late", true);
  assert.deepEqual(host.lines, []);
});
