import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { test } from "node:test";
import { pairsByteLength, writePairs } from "@sluice/abi";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { ResponseHeaderMap } from "../../host/src/contracts/headers.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";
import { GuestCalls } from "../support/wasm-calls.ts";
import { WatTexts } from "../support/wat-texts.ts";

// What Envoy's own tests expect of a host call by call: the rest of the list that proxy-wasm-expectations.test.ts
// begins. Numbers 16 and 17 are about gRPC, 26 and 27 about connections, which have tests of their own beside their
// filter; 29 is FAIL_RELOAD, beside the failure policies.

const ok = 0;
const notFound = 1;
const badArgument = 2;
const serializationFailure = 3;
const empty = 7;
const casMismatch = 8;
const internalFailure = 10;

const pairs = (...entries: [string, string][]): string => {
  const source = headerMapOf(entries);
  const bytes = Buffer.alloc(pairsByteLength(source));
  writePairs(source, bytes, 0);
  return bytes.toString("latin1");
};

const head: [string, string][] = [
  [":method", "POST"],
  [":path", "/"],
  [":authority", "foo"],
];

/** Makes one call from a tick, and logs what its answer brings. */
function caller(): Promise<Uint8Array<ArrayBuffer>> {
  const w = new WatTexts();
  return w.module(
    w.callback(
      "proxy_on_configure",
      2,
      "(drop (call $proxy_set_tick_period_milliseconds (i32.const 10)))",
      1,
    ),
    w.procedure(
      "proxy_on_tick",
      1,
      `(drop (call $proxy_set_tick_period_milliseconds (i32.const 0)))
       (drop (call $proxy_http_call ${w.text("known")} ${w.text(pairs(...head))} ${w.text("hello world")}
         ${w.text(pairs(["trail", "cow"]))} (i32.const 1000) (i32.const 16)))
       ${w.log("called")}`,
    ),
    w.procedure(
      "proxy_on_http_call_response",
      5,
      `(if (local.get 2)
         (then ${w.logHeader(6, ":status")} ${w.logBuffer(4)})
         (else ${w.log("no headers")}))`,
    ),
  );
}

async function called(): Promise<{
  host: WasmHost;
  call: WasmHost["clusters"]["calls"][number];
  said: () => string[];
  release: () => void;
}> {
  const host = new WasmHost();
  const handle = await host.load(await caller());
  const said = (): string[] =>
    host.logger.take().map((line) => line.replace(/^info wasm log(?: plugin)?: /, ""));
  host.dispatcher.advance(10);
  return { host, call: host.clusters.calls[0]!, said, release: () => handle.release() };
}

test("11: http_call sends headers, body and trailers, and its answer comes as it was", async () => {
  const { call, said } = await called();
  assert.equal(call.cluster, "known");
  const { request } = call;
  assert.equal(request.headers.get("content-length"), "11");
  assert.equal(request.body!.toString(), "hello world");
  assert.equal(request.trailers!.get("trail"), "cow");
  assert.equal(request.sendXff, false);
  call.callbacks.onSuccess({
    headers: headerMapOf([[":status", "200"]]) as ResponseHeaderMap,
    body: OwnedBuffer.latin1("response"),
    trailers: undefined,
  });
  assert.deepEqual(said(), ["called", "200", "response"]);
});

test("12: http_call fails at once for a bad cluster and for a client that refuses, without a callback", async () => {
  const calls = await GuestCalls.create();
  const call = (cluster: string) =>
    calls.call("proxy_http_call", cluster, pairs(...head), "", "", 0, 16);
  calls.inside(() => {
    assert.equal(call("bad"), badArgument);
    calls.host.clusters.inline = (callbacks) =>
      callbacks.onSuccess({
        headers: headerMapOf([[":status", "503"]]) as ResponseHeaderMap,
        body: OwnedBuffer.latin1("made here"),
        trailers: undefined,
      });
    assert.equal(call("known"), internalFailure);
  });
});

test("13: a call that is reset is a callback without headers", async () => {
  const { call, said } = await called();
  call.callbacks.onFailure("reset");
  assert.deepEqual(said(), ["called", "no headers"]);
});

test("14: what ends while a call is pending cancels it, and hears no more of it", async () => {
  const { call, said, release } = await called();
  release();
  assert.equal(call.cancelled, true);
  call.callbacks.onFailure("reset");
  assert.deepEqual(said(), ["called"]);
});

test("15: continue_stream, send_local_response and close_stream act when the guest has returned", async () => {
  const calls = await GuestCalls.create();
  const { actions } = calls;
  calls.inside(() => {
    assert.equal(calls.call("proxy_continue_stream", 0), ok);
    assert.equal(calls.call("proxy_send_local_response", 403, "", "", "", -1), ok);
    assert.equal(calls.call("proxy_close_stream", 1), ok);
    assert.deepEqual([actions.journal, actions.responses], [[], []]);
  });
  assert.deepEqual(actions.journal, ["continueDecoding", "reset wasm_close_stream"]);
  assert.equal(actions.responses.length, 1);
});

test("18: shared data is compared before it is swapped", async () => {
  const calls = await GuestCalls.create(pluginSettings({ vm: { vmId: "my_vm_id" } }));
  const set = (value: string, cas: number) =>
    calls.call("proxy_set_shared_data", "shared_data_key", value, cas);
  calls.inside(() => {
    assert.equal(set("value 0", 0), ok);
    assert.equal(set("value 1", 1), ok, "the first counter of the process is 1");
    assert.equal(set("value 2", 1), casMismatch);
    assert.deepEqual(calls.get("proxy_get_shared_data", "unknown").slice(0, 1), [notFound]);
  });
  assert.equal(calls.host.shared.data.get("my_vm_id", "shared_data_key") === "missing", false);
});

test("19: queues are found by vm_id and name, and give their items in order", async () => {
  const calls = await GuestCalls.create(pluginSettings({ vm: { vmId: "vm_id" } }));
  const resolve = (vmId: string, name: string) =>
    calls.getNumber("proxy_resolve_shared_queue", vmId, name);
  calls.inside(() => {
    const [status, id] = calls.getNumber("proxy_register_shared_queue", "my_shared_queue");
    assert.equal(status, ok);
    assert.deepEqual(resolve("", "my_shared_queue"), [ok, id]);
    assert.deepEqual(resolve("vm_id", "my_shared_queue"), [ok, id]);
    assert.deepEqual(resolve("vm_id", "bad"), [notFound]);
    assert.deepEqual(resolve("bad", "my_shared_queue"), [notFound]);
    assert.equal(calls.call("proxy_enqueue_shared_queue", id!, "data1"), ok);
    assert.deepEqual(calls.get("proxy_dequeue_shared_queue", id!), [ok, "data1"]);
    assert.deepEqual(calls.get("proxy_dequeue_shared_queue", id!), [empty]);
    assert.deepEqual(calls.get("proxy_dequeue_shared_queue", 9999), [notFound]);
  });
});

test("20: counters add what is recorded, gauges take it, histograms have no value", async () => {
  const calls = await GuestCalls.create();
  const define = (type: number) =>
    calls.getNumber("proxy_define_metric", type, `metric ${type}`)[1]!;
  calls.inside(() => {
    const [counter, gauge, histogram] = [define(0), define(1), define(2)];
    const value = (id: number) => calls.getNumber("proxy_get_metric", id);
    assert.equal(calls.call("proxy_increment_metric", counter, 1n), ok);
    assert.equal(calls.call("proxy_increment_metric", counter, 1n), ok);
    assert.deepEqual(value(counter), [ok, 2]);
    assert.equal(calls.call("proxy_record_metric", counter, 3n), ok);
    assert.deepEqual(value(counter), [ok, 5]);
    assert.equal(calls.call("proxy_record_metric", gauge, 1n), ok);
    assert.equal(calls.call("proxy_increment_metric", gauge, 1n), ok);
    assert.deepEqual(value(gauge), [ok, 2]);
    assert.deepEqual(value(histogram), [badArgument]);
    assert.deepEqual([counter & 3, gauge & 3, histogram & 3], [0, 1, 2]);
  });
});

test("21: compress and uncompress", async () => {
  const calls = await GuestCalls.create();
  const text = "a".repeat(2000);
  const foreign = "proxy_call_foreign_function";
  calls.inside(() => {
    const [status, compressed] = calls.get(foreign, "compress", text);
    assert.deepEqual([status, compressed!.length], [ok, deflateSync(text).length]);
    assert.equal(calls.get(foreign, "uncompress", compressed!)[1]!.length, 2000);
    assert.deepEqual(calls.get(foreign, "uncompress", "no zlib"), [serializationFailure]);
  });
});

test("28: a call that is not among the capabilities is refused, the callback not called", async () => {
  const w = new WatTexts();
  const code = w.module(
    w.callback("proxy_on_configure", 2, w.log("configured"), 1),
    w.procedure("proxy_on_context_create", 2, "unreachable"),
  );
  const allowedCapabilities = ["proxy_on_configure"];
  const host = new WasmHost();
  await host.load(await code, pluginSettings({ vm: { allowedCapabilities } }));
  assert.deepEqual(host.logger.take(), [
    "error Attempted call to restricted proxy-wasm capability: proxy_log",
  ]);
});

test("30: properties are text, numbers of eight bytes and nanoseconds; set_property is in the filter state", async () => {
  const calls = await GuestCalls.create();
  const { streamInfo } = calls.actions;
  streamInfo.dynamicMetadata = new Map([["ns", { k: "raw" }]]);
  streamInfo.startTimeMs = 100;
  streamInfo.endTimeMs = 115;
  const get = (...path: string[]) => calls.get("proxy_get_property", path.join("\0"));
  calls.inside(() => {
    assert.deepEqual(get("xds", "node", "metadata", "role"), [ok, "edge"]);
    assert.deepEqual(get("metadata", "filter_metadata", "ns", "k"), [ok, "raw"]);
    const duration = Buffer.from(get("request", "duration")[1]!, "latin1");
    assert.equal(duration.readBigInt64LE(0), 15_000_000n);
    assert.equal(calls.call("proxy_set_property", "x", "value"), ok);
    assert.deepEqual(get("x"), [ok, "value"]);
    assert.deepEqual(get("filter_state", "wasm.x"), [ok, "value"]);
  });
  assert.ok(streamInfo.filterState.has("wasm.x"));
});

test("31: what holds null, and null itself, cannot be serialized", async () => {
  const calls = await GuestCalls.create();
  calls.actions.streamInfo.dynamicMetadata = new Map([["ns", { none: null }]]);
  const get = (...path: string[]) => calls.get("proxy_get_property", path.join("\0"));
  calls.inside(() => {
    assert.deepEqual(get("metadata", "filter_metadata", "ns", "none"), [serializationFailure]);
    assert.deepEqual(get("metadata", "filter_metadata", "ns"), [serializationFailure]);
    assert.deepEqual(get("request"), [serializationFailure]);
  });
});

test("33: the environment is what was configured, and no more", async () => {
  const environment = [["KEY", "value"]] as const;
  const calls = await GuestCalls.create(pluginSettings({ vm: { environment } }));
  calls.inside(() => {
    assert.equal(calls.call("environ_sizes_get", 64, 68), 0);
    assert.deepEqual(
      [calls.vm.memory.u32(64), calls.vm.memory.u32(68)],
      [1, "KEY=value".length + 1],
    );
    assert.equal(calls.call("environ_get", 72, 80), 0);
    assert.equal(calls.vm.memory.latin1(80, 10), "KEY=value\0");
  });
});

test("34: what is printed is one line of the log, without the line feed at its end", async () => {
  const calls = await GuestCalls.create();
  calls.host.logger.take();
  calls.inside(() => {
    for (const [fd, text] of [
      [1, "to stdout\n"],
      [2, "to stderr\n"],
    ] as const) {
      const [pointer, size] = calls.put(text);
      calls.vm.memory.setU32(64, pointer);
      calls.vm.memory.setU32(68, size);
      assert.equal(calls.call("fd_write", fd, 64, 1, 72), 0);
      assert.equal(calls.vm.memory.u32(72), size);
    }
  });
  assert.deepEqual(calls.host.logger.take(), [
    "info wasm log plugin: to stdout",
    "error wasm log plugin: to stderr",
  ]);
});
