import assert from "node:assert/strict";
import { test } from "node:test";
import { readPairs } from "@sluice/abi";
import { headerMapOf } from "../../../../../../host/src/common/headers/header-map.ts";
import { linesOf } from "../../../../../support/filter-harness.ts";
import { GuestCalls } from "../../../../../support/wasm-calls.ts";

const ok = 0;
const notFound = 1;
const badArgument = 2;
const invalidMemory = 6;

async function withRequest(): Promise<GuestCalls> {
  const calls = await GuestCalls.create();
  calls.context.requestHeaders = headerMapOf([
    [":method", "GET"],
    [":path", "/"],
    [":authority", "h"],
    ["x-a", "1"],
    ["x-a", "2"],
    ["x-empty", ""],
    ["x-bytes", "\xff\x80"],
  ]);
  return calls;
}
const request = (calls: GuestCalls): string => linesOf(calls.context.requestHeaders!);
const get = "proxy_get_header_map_value";
const add = "proxy_add_header_map_value";
const replace = "proxy_replace_header_map_value";
const remove = "proxy_remove_header_map_value";

test("proxy_get_header_map_value gives the first value, in bytes, any case of name", async () => {
  const calls = await withRequest();
  calls.inside(() => {
    assert.deepEqual(calls.get(get, 0, "x-a"), [ok, "1"]);
    assert.deepEqual(calls.get(get, 0, "X-A"), [ok, "1"]);
    assert.deepEqual(calls.get(get, 0, ":path"), [ok, "/"]);
    assert.deepEqual(calls.get(get, 0, "Host"), [ok, "h"]);
    assert.deepEqual(calls.get(get, 0, "x-bytes"), [ok, "\xff\x80"]);
    assert.deepEqual(calls.get(get, 0, "x-empty"), [ok, ""]);
    assert.equal(calls.vm.memory.u32(16), 0, "an empty value is a null pointer");
    assert.deepEqual(calls.get(get, 0, "x-none"), [notFound]);
    assert.deepEqual(calls.get(get, 0, "not a name"), [notFound]);
    assert.deepEqual(calls.get(get, 0, ""), [notFound]);
  });
});

test("header calls check the map, then memory, then whether the map is there", async () => {
  const calls = await withRequest();
  calls.inside(() => {
    assert.deepEqual(calls.get(get, 8, 0xffffffff, 9), [badArgument]);
    assert.deepEqual(calls.get(get, 0, 0xfffffff0, 0x20), [invalidMemory]);
    assert.deepEqual(calls.get(get, 0, -1, 1), [invalidMemory]);
    for (const map of [1, 2, 3, 4, 5, 6, 7]) {
      assert.deepEqual(calls.get(get, map, "x"), [badArgument], `map ${map}`);
      assert.equal(calls.call(add, map, "x", "y"), badArgument);
      assert.equal(calls.call(replace, map, "x", "y"), badArgument);
      assert.equal(calls.call(remove, map, "x"), badArgument);
      assert.deepEqual(calls.getNumber("proxy_get_header_map_size", map), [badArgument]);
      assert.deepEqual(calls.get("proxy_get_header_map_pairs", map), [ok, ""]);
    }
    assert.deepEqual(calls.get("proxy_get_header_map_pairs", 8), [badArgument]);
    assert.equal(calls.call(add, 0, "x", 70_000, 1), invalidMemory);
    assert.equal(calls.call(get, 0, ...calls.put("x-a"), 65_534, 16), invalidMemory);
  });
});

test("proxy_add_header_map_value appends; values of well-known names join", async () => {
  const calls = await withRequest();
  calls.inside(() => {
    assert.equal(calls.call(add, 0, "X-A", "3"), ok);
    assert.equal(calls.call(add, 0, "via", "a"), ok);
    assert.equal(calls.call(add, 0, "via", "b"), ok);
    assert.equal(calls.call(add, 0, "cookie", "a"), ok);
    assert.equal(calls.call(add, 0, "cookie", "b"), ok);
    assert.equal(calls.call(remove, 0, "x-bytes"), ok);
  });
  assert.equal(
    request(calls),
    ":method: GET|:path: /|:authority: h|x-a: 1|x-a: 2|x-empty: |x-a: 3|via: a,b|cookie: a|cookie: b",
  );
});

test("proxy_replace_header_map_value leaves one entry, proxy_remove_header_map_value none", async () => {
  const calls = await withRequest();
  calls.inside(() => {
    assert.equal(calls.call(replace, 0, "x-a", "\xfe"), ok);
    assert.equal(calls.call(replace, 0, "x-new", ""), ok);
    assert.equal(calls.call(replace, 0, "host", "other"), ok);
    assert.equal(calls.call(remove, 0, "x-empty"), ok);
    assert.equal(calls.call(remove, 0, "x-none"), ok);
    assert.equal(calls.call(remove, 0, "x-bytes"), ok);
  });
  assert.equal(request(calls), ":method: GET|:path: /|:authority: other|x-a: \xfe|x-new: ");
});

test("what would break a message is refused", async () => {
  const calls = await withRequest();
  const before = request(calls);
  calls.inside(() => {
    for (const [name, value] of [
      ["x", "a\r\nb: c"],
      ["x", "a\0"],
      ["x\n", "a"],
      ["x y", "a"],
      ["", "a"],
      [":path", "/a b"],
      [":path", ""],
      [":method", "GET /"],
      [":authority", "a/b"],
      [":status", "200"],
      [":unknown", "x"],
    ] as const) {
      assert.equal(calls.call(add, 0, name, value), badArgument, `${name}: ${value}`);
      assert.equal(calls.call(replace, 0, name, value), badArgument, `${name}: ${value}`);
    }
  });
  assert.equal(request(calls), before);
});

test("proxy_get_header_map_pairs lists every entry, proxy_set_header_map_pairs replaces all", async () => {
  const calls = await withRequest();
  calls.inside(() => {
    const [status, bytes] = calls.get("proxy_get_header_map_pairs", 0);
    assert.equal(status, ok);
    const pairs = readPairs(Buffer.from(bytes!, "latin1"));
    assert.deepEqual(
      pairs.map((pair) => pair.join("=")),
      [":method=GET", ":path=/", ":authority=h", "x-a=1", "x-a=2", "x-empty=", "x-bytes=\xff\x80"],
    );
    assert.deepEqual(calls.getNumber("proxy_get_header_map_size", 0), [
      ok,
      calls.context.requestHeaders!.byteSize,
    ]);
    assert.equal(calls.call("proxy_set_header_map_pairs", 0, bytes!.replace("x-a", "X-B")), ok);
    assert.match(request(calls), /^:method: GET\|:path: \/\|:authority: h\|x-b: 1\|x-a: 2\|/);
    const broken = bytes!.replace("\0GET\0", "\0G\nT\0");
    assert.equal(calls.call("proxy_set_header_map_pairs", 0, broken), badArgument);
    assert.match(request(calls), /^:method: GET\|/, "a refused list changes nothing");
    assert.equal(calls.call("proxy_set_header_map_pairs", 0, "junk"), ok);
    assert.equal(request(calls), "", "a malformed list is an empty one");
  });
});

test("a change of request headers clears the route, one of response headers does not", async () => {
  const calls = await withRequest();
  calls.context.responseHeaders = headerMapOf([[":status", "200"]]);
  calls.inside(() => {
    calls.call(add, 0, "x", "y");
    calls.call(replace, 0, "x", "y");
    calls.call(remove, 0, "x");
    calls.call(add, 0, "x", "\n");
    calls.call(replace, 2, ":status", "404");
    calls.call(replace, 2, ":status", "99");
    calls.call(replace, 2, ":path", "/");
    calls.get(get, 0, "x");
  });
  assert.deepEqual(calls.actions.journal, [
    "clearRouteCache",
    "clearRouteCache",
    "clearRouteCache",
  ]);
  assert.equal(linesOf(calls.context.responseHeaders), ":status: 404");
});

test("trailers can be added where the body ends", async () => {
  const calls = await withRequest();
  calls.context.mayAddRequestTrailers = true;
  calls.context.mayAddResponseTrailers = true;
  calls.inside(() => {
    assert.deepEqual(calls.get(get, 1, "t"), [badArgument], "reading makes none");
    assert.equal(calls.call(add, 1, "t", "1"), ok);
    assert.deepEqual(calls.get(get, 1, "t"), [ok, "1"]);
    assert.equal(calls.call(replace, 3, "t", "2"), ok);
  });
  assert.equal(linesOf(calls.actions.addedRequestTrailers), "t: 1");
  assert.equal(linesOf(calls.actions.addedResponseTrailers), "t: 2");
});

test("in on_log maps can be read, those that are not there are empty", async () => {
  const calls = await withRequest();
  const { streamInfo } = calls.actions;
  streamInfo.requestHeaders = calls.context.requestHeaders;
  calls.context.logged = streamInfo;
  calls.inside(() => {
    assert.deepEqual(calls.get(get, 0, "x-a"), [ok, "1"]);
    assert.deepEqual(calls.get(get, 2, "x-a"), [notFound]);
    assert.equal(calls.call(add, 0, "x", "y"), badArgument);
    assert.deepEqual(calls.getNumber("proxy_get_header_map_size", 0), [badArgument]);
  });
});

test("0.1.0 does not tell a missing header from an empty one", async () => {
  const calls = await GuestCalls.create(undefined, "0.1.0");
  calls.context.requestHeaders = headerMapOf([]);
  calls.inside(() => assert.deepEqual(calls.get(get, 0, "x"), [ok, ""]));
});

test("proxy_set_effective_context makes calls act on that context until the callback ends", async () => {
  const calls = await withRequest();
  calls.inside(() => {
    assert.deepEqual(calls.get(get, 0, "x-a"), [badArgument]);
    assert.equal(calls.call("proxy_set_effective_context", 77), badArgument);
    assert.equal(calls.call("proxy_set_effective_context", calls.context.id), ok);
    assert.deepEqual(calls.get(get, 0, "x-a"), [ok, "1"]);
    assert.equal(calls.call("proxy_set_effective_context", 0), ok, "its own again");
    assert.deepEqual(calls.get(get, 0, "x-a"), [badArgument]);
    assert.equal(calls.call("proxy_set_effective_context", calls.context.id), ok);
  }, calls.root);
  calls.inside(() => assert.deepEqual(calls.get(get, 0, "x-a"), [badArgument]), calls.root);
});
