import assert from "node:assert/strict";
import { test } from "node:test";
import { HookWatch } from "../../../../host/src/guest/lua/watch/hook-watch.ts";
import { GuestTrace, type TraceLine } from "../../../../host/src/guest/watch/guest-trace.ts";
import { GuestWatches } from "../../../../host/src/guest/watch/guest-watches.ts";
import { StatsStore } from "../../../../host/src/stats/stats-store.ts";
import { LuaHost, LuaStream } from "../../../support/lua.ts";

const secret: [string, string] = ["authorization", "Bearer 0123456789"];

/** A request hook that is traced; `lines` are what was written, without times. */
function traced(
  code: string,
  endStream = true,
): { stream: LuaStream; lines: () => string[]; counts: () => string[] } {
  const script = new LuaHost().load(`function envoy_on_request(h)\n${code}\nend`);
  const stream = new LuaStream(script, [[":method", "POST"], [":path", "/"], secret], {
    endStream,
  });
  const store = new StatsStore();
  const guest = new GuestWatches(store.main).guest("lua", "script");
  const lines: TraceLine[] = [];
  const request = {
    guest: "script",
    streams: 1,
    secretHeaders: ["authorization"],
    maxTextBytes: 32,
  };
  guest.attach(new GuestTrace(request, { write: (line) => void lines.push(line) }));
  stream.handle.watch = new HookWatch(guest, stream.side.parts.streamInfo);
  return {
    stream,
    lines: () => lines.slice(1).map(({ text }) => text.replaceAll(/<.*>/g, "<>")),
    counts: () => {
      store.flush();
      return [...store.histograms].map(
        ({ name, cumulative }) => `${name.slice("sluice.lua.script.".length)} ${cumulative.total}`,
      );
    },
  };
}

test("a hook's calls are told with arguments and results, and secrets are not", () => {
  const { stream, lines } = traced(`
    local m = h:headers()
    m:add("x-copy", m:get("authorization"):sub(8))
    local found
    for name, value in pairs(m) do if name == "authorization" then found = value end end
    m:add("x-found", found)
    m:remove("nope")`);
  stream.start();
  assert.deepEqual(stream.side.errors, []);
  assert.deepEqual(lines(), [
    "envoy_on_request(handle)",
    "  StreamHandle:headers() = object <>",
    '  HeaderMap:get("authorization") = "[redacted]" <>',
    '  HeaderMap:add("x-copy", "[redacted]") = nothing <>',
    '  HeaderMapIterator:next(nil) = ":method", "POST" <>',
    '  HeaderMapIterator:next(":method") = ":path", "/" <>',
    '  HeaderMapIterator:next(":path") = "authorization", "[redacted]" <>',
    '  HeaderMapIterator:next("authorization") = "x-copy", "[redacted]" <>',
    '  HeaderMapIterator:next("x-copy") = nothing <>',
    '  HeaderMap:add("x-found", "[redacted]") = nothing <>',
    '  HeaderMap:remove("nope") = nothing <>',
    "= ended <>",
  ]);
  assert.equal(stream.headers.get("x-copy"), "0123456789");
});

test("a hook that waits for a call is paused, and goes on", () => {
  const { stream, lines, counts } = traced(`
    local headers, body = h:httpCall("known", {[":method"] = "GET", [":path"] = "/", [":authority"] = "a", ["authorization"] = "x"}, "body", 100)
    h:logInfo(body)`);
  stream.start();
  assert.ok(lines().at(-2)!.endsWith(" = waits <>"), lines().join("\n"));
  assert.equal(lines().at(-1), "= waits <>");
  assert.match(
    lines()[1]!,
    /^ {2}StreamHandle:httpCall\("known", \{.*"authorization": "\[redacted\]".*\}, "body", 100\) = waits <>$/,
  );
  stream.side.client.answer([[":status", "200"]], "answer");
  assert.deepEqual(lines().slice(-3), [
    "envoy_on_request goes on",
    '  StreamHandle:logInfo("answer") = nothing <>',
    "= ended <>",
  ]);
  assert.deepEqual(counts(), [
    "envoy_on_request.self_ns 2",
    "envoy_on_request.host_call_ns 2",
    "envoy_on_request.paused_ns 1",
  ]);
});

test("a method that fails is told with its error, and so is the hook", () => {
  const { stream, lines } = traced(`h:headers():add(nil)`);
  stream.start();
  assert.match(lines().at(-2)!, /^ {2}HeaderMap:add\(nil\) = error .*bad argument #1 to 'add'/);
  assert.match(lines().at(-1)!, /^= error .*bad argument #1 to 'add'.* <>$/);
});
