import assert from "node:assert/strict";
import { test } from "node:test";
import { pairsByteLength, writePairs } from "@sluice/abi";
import { OwnedBuffer } from "../../../../../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../../../../../host/src/common/headers/header-map.ts";
import type { ResponseHeaderMap } from "../../../../../../host/src/contracts/headers.ts";
import { inputLimits } from "../../../../../../host/src/guest/limits/defaults.ts";
import { GuestCalls } from "../../../../../support/wasm-calls.ts";
import { guest } from "../../../../../support/wasm-guest.ts";
import { pluginSettings, WasmHost } from "../../../../../support/wasm.ts";

const ok = 0;
const badArgument = 2;
const invalidMemory = 6;
const internalFailure = 10;

function pairs(...entries: readonly (readonly [string, string])[]): string {
  const source = {
    size: entries.length,
    nameAt: (i: number) => entries[i]![0],
    valueAt: (i: number) => entries[i]![1],
  };
  const bytes = Buffer.alloc(pairsByteLength(source));
  writePairs(source, bytes, 0);
  return bytes.toString("latin1");
}

const head = [
  [":method", "POST"],
  [":path", "/"],
  [":authority", "a"],
] as const;

/** `proxy_http_call`: status and token. */
function call(
  calls: GuestCalls,
  cluster: string,
  headers = pairs(...head),
  body = "",
  timeoutMs = 1000,
): (number | undefined)[] {
  return calls.getNumber("proxy_http_call", cluster, headers, body, "", timeoutMs);
}

const answer = (body: string) => ({
  headers: headerMapOf([[":status", "200"]]) as ResponseHeaderMap,
  body: OwnedBuffer.latin1(body),
  trailers: undefined,
});

test("proxy_http_call sends what it was given", async () => {
  const calls = await GuestCalls.create();
  const headers = pairs(...head, ["x-a", "1"], ["content-length", "99"]);
  calls.inside(() => {
    assert.deepEqual(call(calls, "known", headers, "body"), [ok, 4]);
    assert.deepEqual(call(calls, "known", headers), [ok, 8]);
  });
  const [first, second] = calls.host.clusters.calls;
  assert.equal(first!.request.headers.get("content-length"), "4");
  assert.equal(first!.request.headers.get("x-a"), "1");
  assert.equal(first!.request.body!.toString(), "body");
  assert.deepEqual([first!.request.timeoutMs, first!.request.sendXff], [1000, false]);
  assert.equal(second!.request.headers.get("content-length"), undefined, "there is no body");
  assert.equal(second!.request.body, undefined);
});

test("proxy_http_call refuses what cannot be sent", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    assert.deepEqual(call(calls, "unknown"), [badArgument]);
    assert.deepEqual(call(calls, "known", pairs(head[0], head[1])), [badArgument]);
    assert.deepEqual(call(calls, "known", pairs(...head, ["a", "\r\n"])), [badArgument]);
    assert.deepEqual(call(calls, "known", pairs(...head), "", -1), [badArgument]);
    const send = "proxy_http_call";
    assert.equal(calls.call(send, 65_530, 9, "", "", "", 1, 16), invalidMemory);
    assert.equal(calls.call(send, "known", pairs(...head), "", "", 1, 65_534), invalidMemory);
    const { clusters } = calls.host;
    clusters.inline = (callbacks) => callbacks.onSuccess(answer("made here"));
    assert.deepEqual(call(calls, "known"), [internalFailure]);
    clusters.inline = (callbacks) => callbacks.onFailure("reset");
    assert.deepEqual(call(calls, "known"), [internalFailure]);
    assert.equal(calls.vm.memory.u32(16), 0);
    assert.equal(clusters.calls.length, 0);
  });
});

test("a plugin may not have calls under way without end", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    for (let i = 0; i < inputLimits.httpCalls; i += 1) {
      calls.vm.memory.bytes.fill(0, 256, 4096);
      assert.equal(callAgain(calls), ok);
    }
    assert.equal(callAgain(calls), internalFailure);
  });
});

/** A call whose arguments are written to the same place each time. */
function callAgain(calls: GuestCalls): number {
  const { memory } = calls.vm;
  const headers = pairs(...head);
  memory.writeLatin1(8192, "known");
  memory.writeLatin1(8200, headers);
  return calls.call("proxy_http_call", 8192, 5, 8200, headers.length, 0, 0, 0, 0, 0, 16);
}

/** As the text of a data segment: every byte by its number. */
function escaped(text: string): string {
  return Buffer.from(text, "latin1").toString("hex").replaceAll(/../g, "\\$&");
}

/**
 * Calls the cluster when it is configured (`x` in its configuration) or ticks; logs of an answer its parameters, its
 * map 6, its body and the status.
 */
const caller = `
  (data (i32.const 0) "known") (data (i32.const 2000) "${escaped(pairs(...head))}")
  (func $call (drop (call $proxy_http_call (i32.const 0) (i32.const 5) (i32.const 2000) (i32.const ${pairs(...head).length})
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 100))))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_set_tick_period_milliseconds (i32.const 100)))
    (if (local.get 1) (then (call $call))) (i32.const 1))
  (func (export "proxy_on_tick") (param i32) (call $call))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (i32.store8 (i32.const 200) (i32.add (i32.const 48) (local.get 1)))
    (i32.store8 (i32.const 201) (i32.add (i32.const 48) (local.get 2)))
    (i32.store8 (i32.const 202) (i32.add (i32.const 48) (local.get 3)))
    (i32.store8 (i32.const 203) (i32.add (i32.const 48) (local.get 4)))
    (drop (call $proxy_log (i32.const 2) (i32.const 200) (i32.const 4)))
    (i32.store (i32.const 304) (i32.const 0))
    (drop (call $proxy_get_buffer_bytes (i32.const 4) (i32.const 0) (i32.const -1) (i32.const 300) (i32.const 304)))
    (drop (call $proxy_log (i32.const 2) (i32.load (i32.const 300)) (i32.load (i32.const 304))))
    (drop (call $proxy_get_status (i32.const 308) (i32.const 312) (i32.const 316)))
    (drop (call $proxy_log (i32.const 2) (i32.load (i32.const 312)) (i32.load (i32.const 316)))))`;

test("an answer comes to the root context, a failure as no headers and a status", async () => {
  const host = new WasmHost();
  const handle = await host.load(await guest(caller));
  host.dispatcher.advance(230);
  const [first, second] = host.clusters.calls;
  first!.callbacks.onSuccess(answer("text"));
  assert.deepEqual(host.logger.take(), [
    "info wasm log: 4140",
    "info wasm log: text",
    "info wasm log: ",
  ]);
  second!.callbacks.onFailure("reset");
  assert.deepEqual(host.logger.take(), [
    "info wasm log: 8000",
    "info wasm log: ",
    "info wasm log: reset",
  ]);
  second!.callbacks.onSuccess(answer("late"));
  assert.deepEqual(host.logger.take(), [], "a call ends once");
  host.dispatcher.advance(100);
  handle.release();
  assert.deepEqual(
    host.clusters.calls.map(({ cancelled }) => cancelled),
    [false, false, true],
  );
});

test("a call from on_configure waits for a cluster that comes a moment later", async () => {
  const host = new WasmHost();
  host.clusters.names.clear();
  const { root } = await host.load(await guest(caller), pluginSettings({ configuration: "x" }));
  root.setTickPeriod(0);
  host.dispatcher.advance(200);
  host.clusters.names.add("known");
  host.dispatcher.advance(100);
  assert.equal(host.clusters.calls.length, 1);
  host.clusters.calls[0]!.callbacks.onSuccess(answer("text"));
  assert.equal(host.logger.take()[0], "info wasm log: 4140");
});

test("a call from on_configure to a cluster that never comes fails", async () => {
  const host = new WasmHost();
  host.clusters.names.clear();
  const { root } = await host.load(await guest(caller), pluginSettings({ configuration: "x" }));
  root.setTickPeriod(0);
  host.dispatcher.advance(7000);
  assert.equal(host.logger.take()[0], "info wasm log: 4000");
});

test("calls of a VM that fails are cancelled", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => call(calls, "known"));
  assert.throws(() => calls.inside(() => calls.vm.trap("over")));
  assert.ok(calls.host.clusters.calls[0]!.cancelled);
});
