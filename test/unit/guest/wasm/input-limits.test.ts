import assert from "node:assert/strict";
import { test } from "node:test";
import { pairsByteLength, writePairs } from "@sluice/abi";
import { OwnedBuffer } from "../../../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../../../host/src/common/headers/header-map.ts";
import type { GuestInputLimits } from "../../../../host/src/contracts/config/guests.ts";
import type { RequestHeaderMap } from "../../../../host/src/contracts/headers.ts";
import { GuestCalls } from "../../../support/wasm-calls.ts";
import { noLimits, pluginSettings, WasmHost } from "../../../support/wasm.ts";
import { guest } from "../../../support/wasm-guest.ts";

// What a guest may hand to the host, each limit configured lower than what it hands over.

const ok = 0;
const badArgument = 2;
const internalFailure = 10;

function limited(inputs: GuestInputLimits): Promise<GuestCalls> {
  return GuestCalls.create(pluginSettings(), "0.2.1", {
    defaultLimits: { ...noLimits, inputs },
    wasm: { cloneVms: false },
  });
}

function pairs(count: number): string {
  const source = { size: count, nameAt: (i: number) => `x-${i}`, valueAt: () => "v" };
  const bytes = Buffer.alloc(pairsByteLength(source));
  writePairs(source, bytes, 0);
  return bytes.toString("latin1");
}

async function setPairs(inputs: GuestInputLimits, count: number): Promise<number> {
  const calls = await limited(inputs);
  const headers = headerMapOf([["x-before", "1"]]) as RequestHeaderMap;
  calls.context.requestHeaders = headers;
  calls.inside(() => calls.call("proxy_set_header_map_pairs", 0, pairs(count)));
  return headers.size;
}

test("pairs beyond max_header_pairs or max_header_bytes are read as none", async () => {
  assert.equal(await setPairs({ headerPairs: 3 }, 3), 3);
  assert.equal(await setPairs({ headerPairs: 3 }, 4), 0);
  assert.equal(await setPairs({ headerBytes: pairs(3).length }, 3), 3);
  assert.equal(await setPairs({ headerBytes: pairs(3).length - 1 }, 3), 0);
});

test("a log line is cut at max_log_line_bytes", async () => {
  const calls = await limited({ logLineBytes: 4 });
  calls.inside(() => assert.equal(calls.call("proxy_log", 2, "abcdef"), ok));
  assert.match(calls.host.logger.take()[0]!, /: abcd \[cut\]$/);
  assert.equal(calls.host.stats.inputLimitExceeded.value, 1);
});

test("what is printed to stdout is cut there, too, and told to be written whole", async () => {
  const calls = await limited({ logLineBytes: 4 });
  const { memory } = calls.vm;
  calls.inside(() => {
    const [one] = calls.put("abc");
    const [two] = calls.put("defg");
    for (const [i, word] of [one, 3, two, 4].entries()) memory.setU32(64 + 4 * i, word);
    assert.equal(calls.call("fd_write", 1, 64, 2, 96), ok);
    assert.equal(memory.u32(96), 7);
  });
  assert.match(calls.host.logger.take()[0]!, /: abcd \[cut\]$/);
});

test("a value beyond max_shared_data_value_bytes is refused", async () => {
  const calls = await limited({ sharedDataValueBytes: 4 });
  calls.inside(() => {
    assert.equal(calls.call("proxy_set_shared_data", "k", "1234", 0), ok);
    assert.equal(calls.call("proxy_set_shared_data", "k", "12345", 0), internalFailure);
  });
});

test("no more metrics than max_metrics can be defined", async () => {
  const calls = await limited({ metrics: 2 });
  const define = (name: string): number => calls.call("proxy_define_metric", 0, name, 16);
  calls.inside(() => {
    assert.deepEqual(["a", "b", "a", "c"].map(define), [ok, ok, ok, internalFailure]);
  });
});

/** The headers that a call needs, as pairs. */
function callHeaders(): string {
  const source = [
    [":method", "GET"],
    [":path", "/"],
    [":authority", "a"],
  ] as const;
  const bytes = Buffer.alloc(256);
  const list = {
    size: 3,
    nameAt: (i: number) => source[i]![0],
    valueAt: (i: number) => source[i]![1],
  };
  writePairs(list, bytes, 0);
  return bytes.subarray(0, pairsByteLength(list)).toString("latin1");
}

test("no more calls than max_http_calls are under way", async () => {
  const calls = await limited({ httpCalls: 1 });
  const headers = callHeaders();
  const call = (): number => calls.call("proxy_http_call", "known", headers, "", "", 1000, 16);
  calls.inside(() => {
    assert.deepEqual([call(), call()], [ok, internalFailure]);
  });
});

test("the bodies of calls under way have no more than max_call_bytes", async () => {
  const calls = await limited({ callBytes: 5 });
  const headers = callHeaders();
  const call = (body: string): number =>
    calls.call("proxy_http_call", "known", headers, body, "", 1000, 16);
  const grpcCall = (message: string): number =>
    calls.call("proxy_grpc_call", "known", "s", "m", "", message, 1000, 16);
  calls.inside(() => {
    const bodies = ["123456", "123", "123", "12", ""].map(call);
    assert.deepEqual(bodies, [internalFailure, ok, internalFailure, ok, ok]);
    const messages = ["123456", "123", "123", "12"].map(grpcCall);
    assert.deepEqual(messages, [internalFailure, ok, internalFailure, ok]);
  });
});

test("a body does not become larger than max_body_bytes, and one that is may shrink", async () => {
  const calls = await limited({ bodyBytes: 10 });
  const body = OwnedBuffer.latin1("12345678");
  calls.context.requestBody = body;
  const set = (start: number, size: number, data: string): number =>
    calls.call("proxy_set_buffer_bytes", 0, start, size, data);
  calls.inside(() => {
    assert.deepEqual([set(8, 0, "90"), set(10, 0, "1"), set(0, 0, "1")], [ok, 10, 10]);
    assert.deepEqual([set(0, 1, "ab"), set(0, 10, "abcdefghij")], [10, ok]);
    body.append(Buffer.from("0123456789"));
    assert.deepEqual([set(0, 5, "12345"), set(0, 9, "1"), set(0, 0, "2")], [ok, ok, 10]);
    assert.equal(body.length, 12);
    const reply = (text: string): number =>
      calls.call("proxy_send_local_response", 200, "", text, "", -1);
    assert.deepEqual([reply("12345678901"), reply("1234567890")], [badArgument, ok]);
  });
  assert.equal(calls.host.stats.inputLimitExceeded.value, 5);
});

test("what is beyond a limit is counted, and its author told which one", async () => {
  const calls = await limited({
    headerPairs: 3,
    headerBytes: 70,
    sharedDataValueBytes: 4,
    metrics: 1,
    httpCalls: 0,
    foreignBytes: 4,
    propertyBytes: 4,
  });
  calls.context.requestHeaders = headerMapOf([]) as RequestHeaderMap;
  const beyond: [field: string, name: string, ...args: (string | number)[]][] = [
    ["max_header_pairs", "proxy_set_header_map_pairs", 0, pairs(4)],
    ["max_header_bytes", "proxy_add_header_map_value", 0, "x-a", "v".repeat(71)],
    ["max_shared_data_value_bytes", "proxy_set_shared_data", "k", "12345", 0],
    ["max_metrics", "proxy_define_metric", 0, "b", 16],
    ["max_http_calls", "proxy_http_call", "known", callHeaders(), "", "", 1000, 16],
    ["max_foreign_bytes", "proxy_call_foreign_function", "compress", "12345", 0, 0],
    ["max_property_bytes", "proxy_set_property", "p", "12345"],
  ];
  calls.inside(() => calls.call("proxy_define_metric", 0, "a", 16));
  for (const [field, name, ...args] of beyond) {
    calls.host.logger.take();
    const before = calls.host.stats.inputLimitExceeded.value;
    calls.inside(() => calls.call(name, ...args));
    assert.equal(calls.host.stats.inputLimitExceeded.value, before + 1, field);
    const told = calls.host.logger.take().filter((line) => line.startsWith("warning wasm: "));
    assert.ok(told.join("\n").includes(field), `${field}: ${told.join("\n")}`);
  }
});

test("a VM that traps with all of its memory in use says so", async () => {
  const host = new WasmHost(undefined, undefined, {
    defaultLimits: { ...noLimits, maxMemoryBytes: 3 * 65_536 },
    wasm: { cloneVms: false },
  });
  const handle = await host.load(
    await guest(`(func (export "proxy_on_tick") (param i32)
      (if (i32.lt_s (memory.grow (i32.const 1)) (i32.const 0)) (then unreachable)))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (drop (call $proxy_set_tick_period_milliseconds (i32.const 10))) (i32.const 1))`),
  );
  host.dispatcher.advance(100);
  assert.match(
    handle.root.vm.failure!,
    /unreachable \(all 196608 bytes of its memory are in use: max_memory_bytes of sluice\.guests\)/,
  );
  assert.equal(host.stats.memoryLimitReached.value, 1);
  assert.equal(host.stats.cpuLimitExceeded.value, 0);
});

test("a value beyond max_header_bytes does not become a header's", async () => {
  const calls = await limited({ headerBytes: 100 });
  const headers = headerMapOf([["x-before", "1"]]) as RequestHeaderMap;
  calls.context.requestHeaders = headers;
  calls.inside(() => {
    assert.equal(calls.call("proxy_add_header_map_value", 0, "x-a", "v".repeat(101)), badArgument);
    assert.equal(calls.call("proxy_add_header_map_value", 0, "x-b", "v".repeat(100)), ok);
  });
  assert.equal(headers.size, 2);
});

test("a tick period below min_tick_period is lengthened to it", async () => {
  const host = new WasmHost(undefined, undefined, {
    defaultLimits: { ...noLimits, inputs: { tickPeriodMinMs: 500 } },
  });
  await host.load(
    await guest(`(data (i32.const 0) "tick")
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (drop (call $proxy_set_tick_period_milliseconds (i32.const 20))) (i32.const 1))
      (func (export "proxy_on_tick") (param i32) (drop (call $proxy_log (i32.const 2) (i32.const 0) (i32.const 4))))`),
  );
  host.dispatcher.advance(1000);
  assert.equal(host.logger.take().length, 2);
});

test("arguments of foreign functions and values of properties end at their limits", async () => {
  const calls = await limited({ foreignBytes: 4, propertyBytes: 4 });
  const compress = (text: string): number =>
    calls.get("proxy_call_foreign_function", "compress", text)[0];
  calls.inside(() => {
    assert.deepEqual([compress("1234"), compress("12345")], [ok, badArgument]);
    assert.equal(calls.call("proxy_set_property", "p", "1234"), ok);
    assert.equal(calls.call("proxy_set_property", "q", "12345"), badArgument);
  });
});

test("a worker makes no more VMs than max_wasm_vms_per_worker", async () => {
  const host = new WasmHost(undefined, undefined, { wasmVmsPerWorkerMax: 2 });
  const code = await guest("");
  const plugin = async (vmId: string) => {
    const prepared = await host.prepare(code, pluginSettings({ vm: { vmId } }));
    assert.ok(typeof prepared !== "string");
    return prepared;
  };
  const first = host.acquire(await plugin("1"));
  host.acquire(await plugin("2"));
  host.acquire(await plugin("2"));
  const refused = host.runtime.acquire(await plugin("3"));
  assert.ok(!refused.ok && refused.error.includes("2 Wasm VMs, which is the limit"));
  first.release();
  host.acquire(await plugin("3"));
});
