import assert from "node:assert/strict";
import { test } from "node:test";
import { pairsByteLength, writePairs } from "@sluice/abi";
import { OwnedBuffer } from "../../../../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../../../../host/src/common/headers/header-map.ts";
import { GuestTrace } from "../../../../../host/src/guest/watch/guest-trace.ts";
import type { ResponseHeaderMap } from "../../../../../host/src/contracts/headers.ts";
import { FilterHarness, requestHead } from "../../../../support/filter-harness.ts";
import { WasmHost, wasmInstances } from "../../../../support/wasm.ts";
import { guest } from "../../../../support/wasm-guest.ts";

// Streams that wait for the answer to a call of their plugin.

const head = headerMapOf([
  [":method", "GET"],
  [":path", "/"],
  [":authority", "a"],
]);
const pairs = Buffer.alloc(pairsByteLength(head));
writePairs(head, pairs, 0);
const data = pairs.toString("hex").replaceAll(/../g, "\\$&");

/** Calls out and stops; `onAnswer` runs when the answer comes, the stream's id in `$stream`. */
async function waiting(
  onAnswer: string,
  host = new WasmHost(),
): Promise<[WasmHost, FilterHarness]> {
  const handle = await host.load(
    await guest(`
      (data (i32.const 0) "known") (data (i32.const 16) "${data}") (data (i32.const 300) "x-answer")
      (global $stream (mut i32) (i32.const 0))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (global.set $stream (local.get 0))
        (drop (call $proxy_http_call (i32.const 0) (i32.const 5) (i32.const 16) (i32.const ${pairs.length})
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 200)))
        (i32.const 1))
      (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) ${onAnswer})`),
  );
  const stream = new FilterHarness({
    filters: ["W"],
    instances: { W: wasmInstances(handle) },
    dispatcher: host.dispatcher,
    requestHeaders: requestHead(["x-here", "yes"]),
  });
  stream.request(true);
  return [host, stream];
}

function answer(host: WasmHost): void {
  host.clusters.calls[0]!.callbacks.onSuccess({
    headers: headerMapOf([[":status", "200"]]) as ResponseHeaderMap,
    body: OwnedBuffer.latin1("body"),
    trailers: undefined,
  });
  host.dispatcher.runPosted();
}

test("a stream goes on when its plugin says so in the answer's callback", async () => {
  const [host, stream] = await waiting(`
    (drop (call $proxy_set_effective_context (global.get $stream)))
    (drop (call $proxy_get_buffer_bytes (i32.const 4) (i32.const 0) (i32.const -1) (i32.const 320) (i32.const 324)))
    (drop (call $proxy_add_header_map_value (i32.const 0) (i32.const 300) (i32.const 8)
      (i32.load (i32.const 320)) (i32.load (i32.const 324))))
    (drop (call $proxy_add_header_map_value (i32.const 6) (i32.const 300) (i32.const 8)
      (i32.load (i32.const 320)) (i32.load (i32.const 324))))
    (drop (call $proxy_continue_stream (i32.const 0)))`);
  answer(host);
  assert.equal(stream.manager.requestHeaders!.get("x-answer"), "body");
  stream.respond(true);
  assert.equal(stream.responseHeaders!.get(":status"), "200");
});

test("a trap in the answer's callback is answered 503, and does not leave the stream waiting", async () => {
  const [host, stream] = await waiting("unreachable");
  answer(host);
  assert.equal(stream.responseHeaders?.get(":status"), "503");
});

test("an answer that comes after its stream has ended harms nobody", async () => {
  const [host, stream] = await waiting(`
    (drop (call $proxy_set_effective_context (global.get $stream)))
    (drop (call $proxy_continue_stream (i32.const 0)))`);
  stream.finish();
  answer(host);
  assert.equal(host.stats.vmFailed.value, 0);
});

test("a trace tells of the answer in the stream that made the call, and of no other's", async () => {
  const host = new WasmHost();
  const lines: string[] = [];
  const request = { guest: "plugin", streams: 1, secretHeaders: [], maxTextBytes: 64 };
  host.watches.guest("wasm", "plugin").attach(
    new GuestTrace(request, {
      write: ({ stream, text }) => void lines.push(`${stream} ${text.replaceAll(/<.*>/g, "<>")}`),
    }),
  );
  const [, stream] = await waiting(
    `
    (drop (call $proxy_set_effective_context (global.get $stream)))
    (drop (call $proxy_continue_stream (i32.const 0)))`,
    host,
  );
  answer(host);
  stream.respond(true);
  assert.deepEqual(lines, [
    "1 context 2",
    "1 proxy_on_request_headers(context 2, headers 4, end_of_stream 1)",
    '1   proxy_http_call("known", {":method": "GET", ":path": "/", ":authority": "a"}, "", {}, 0 ms) = OK, 4 <>',
    "1 = STOP_ITERATION <>",
    "1 proxy_on_http_call_response(context 1, call 4, headers 1, body_bytes 4, trailers 0)",
    "1   proxy_set_effective_context(2) = OK <>",
    "1   proxy_continue_stream(HTTP_REQUEST) = OK <>",
    "1 returns <>",
    "1 end of the stream",
  ]);
});
