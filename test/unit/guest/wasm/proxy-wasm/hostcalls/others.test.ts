import assert from "node:assert/strict";
import { test } from "node:test";
import { pairsByteLength, writePairs } from "@sluice/abi";
import { pluginSettings } from "../../../../../support/wasm.ts";
import { GuestCalls } from "../../../../../support/wasm-calls.ts";

const ok = 0;
const badArgument = 2;
const invalidMemory = 6;

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

test("proxy_log writes with the names of stream and root", async () => {
  const calls = await GuestCalls.create(
    pluginSettings({ name: "n", rootId: "r", vm: { vmId: "v" } }),
  );
  calls.inside(() => {
    for (let level = 0; level < 6; level += 1)
      assert.equal(calls.call("proxy_log", level, "m"), ok);
    assert.equal(calls.call("proxy_log", 6, "m"), badArgument);
    assert.equal(calls.call("proxy_log", -1, "m"), badArgument);
    assert.equal(calls.call("proxy_log", 2, 65_536, 1), invalidMemory);
    assert.equal(calls.call("proxy_log", 2, "\xc3\xa4"), ok);
  });
  calls.inside(() => calls.call("proxy_log", 2, "root"), calls.root);
  assert.deepEqual(calls.host.logger.take(), [
    "trace wasm log n r v: m",
    "debug wasm log n r v: m",
    "info wasm log n r v: m",
    "warning wasm log n r v: m",
    "error wasm log n r v: m",
    "critical wasm log n r v: m",
    "info wasm log n r v: ä",
    "info wasm log r v: root",
  ]);
});

test("proxy_get_log_level tells the lowest level that is shown", async () => {
  const calls = await GuestCalls.create();
  calls.host.logger.lowest = "warning";
  calls.inside(() => assert.deepEqual(calls.getNumber("proxy_get_log_level"), [ok, 3]));
});

test("long log lines are cut", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => calls.call("proxy_log", 2, 8192, 50_000));
  assert.equal(calls.host.logger.take()[0]!.length, "info wasm log plugin:  [cut]".length + 8192);
});

test("proxy_get_current_time_nanoseconds writes the wall clock", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    assert.equal(calls.call("proxy_get_current_time_nanoseconds", 17), ok, "unaligned");
    const written = calls.vm.memory.bytes.readBigUInt64LE(17);
    assert.equal(written, BigInt(calls.host.dispatcher.time.systemMs()) * 1_000_000n);
    assert.equal(calls.call("proxy_get_current_time_nanoseconds", 65_529), invalidMemory);
  });
});

test("proxy_send_local_response waits for the callback to return", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    assert.equal(
      calls.call(
        "proxy_send_local_response",
        403,
        "why not",
        "body\xff",
        pairs(["X-A", "1"], ["x-a", "2"]),
        -1,
      ),
      ok,
    );
    assert.equal(calls.actions.responses.length, 0);
  });
  assert.deepEqual(calls.actions.responses, [
    {
      status: 403,
      details: "why_not",
      body: "body\xff",
      headers: [
        ["x-a", "1"],
        ["x-a", "2"],
      ],
      grpcStatus: undefined,
    },
  ]);
});

test("proxy_send_local_response refuses what could not be sent", async () => {
  const calls = await GuestCalls.create();
  const send = "proxy_send_local_response";
  calls.inside(() => {
    assert.equal(calls.call(send, 99, "", "", "", -1), badArgument);
    assert.equal(calls.call(send, 600, "", "", "", -1), badArgument);
    assert.equal(calls.call(send, 200, "", "", pairs(["a b", "c"]), -1), badArgument);
    assert.equal(calls.call(send, 200, "", "", pairs(["a", "\r\n"]), -1), badArgument);
    assert.equal(calls.call(send, 200, "", "", pairs([":status", "200"]), -1), badArgument);
    assert.equal(calls.call(send, 200, 65_530, 100, "", "", -1), invalidMemory);
  });
  calls.inside(() => assert.equal(calls.call(send, 200, "", "", "", 5), ok), calls.root);
  assert.deepEqual(calls.actions.responses, []);
});

test("proxy_continue_stream and proxy_close_stream wait for the callback to return", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    assert.equal(calls.call("proxy_continue_stream", 0), ok);
    assert.equal(calls.call("proxy_continue_stream", 1), ok);
    assert.equal(calls.call("proxy_continue_stream", 2), ok);
    assert.equal(calls.call("proxy_continue_stream", 3), 12);
    assert.equal(calls.call("proxy_continue_stream", 4), badArgument);
    assert.equal(calls.call("proxy_close_stream", 0), ok);
    assert.equal(calls.call("proxy_close_stream", 4), badArgument);
    assert.deepEqual(calls.actions.journal, []);
  });
  assert.deepEqual(calls.actions.journal, [
    "continueDecoding",
    "continueEncoding",
    "reset wasm_close_stream",
  ]);
});

test("proxy_get_status and proxy_done answer where there is nothing to tell", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    assert.deepEqual(calls.get("proxy_get_status", 40), [ok, ""]);
    assert.equal(calls.call("proxy_done"), 1);
  });
});

test("fd_write makes one log line of its vectors", async () => {
  const calls = await GuestCalls.create();
  const { memory } = calls.vm;
  calls.inside(() => {
    const [first] = calls.put("hello ");
    const [second] = calls.put("world\n\n");
    memory.setU32(100, first);
    memory.setU32(104, 6);
    memory.setU32(108, second);
    memory.setU32(112, 7);
    assert.equal(calls.call("fd_write", 1, 100, 2, 120), 0);
    assert.equal(memory.u32(120), 13);
    assert.equal(calls.call("fd_write", 2, 100, 1, 120), 0);
    assert.equal(calls.call("fd_write", 3, 100, 1, 120), 8);
    assert.equal(calls.call("fd_write", 1, 65_530, 2, 120), 21);
  });
  assert.deepEqual(calls.host.logger.take(), [
    "info wasm log plugin: hello world\n",
    "error wasm log plugin: hello ",
  ]);
});

test("WASI clocks, randomness and polling", async () => {
  const calls = await GuestCalls.create();
  const { memory } = calls.vm;
  calls.inside(() => {
    assert.equal(calls.call("clock_time_get", 0, 1n, 64), 0);
    assert.equal(
      memory.bytes.readBigUInt64LE(64),
      BigInt(calls.host.dispatcher.time.systemMs()) * 1_000_000n,
    );
    assert.equal(calls.call("clock_time_get", 1, 1n, 64), 0);
    assert.equal(calls.call("clock_time_get", 2, 1n, 64), 58);
    assert.equal(calls.call("random_get", 64, 0), 0);
    assert.equal(calls.call("random_get", 64, 65_537), 28);
    assert.equal(calls.call("random_get", 65_535, 2), 21);
    memory.setU64(64, 0n);
    memory.setU64(72, 0n);
    assert.equal(calls.call("random_get", 64, 16), 0);
    assert.notEqual(memory.bytes.readBigUInt64LE(64) | memory.bytes.readBigUInt64LE(72), 0n);
    assert.equal(calls.call("poll_oneoff", 0, 0, 1, 64), 0);
    assert.equal(memory.u32(64), 0);
    assert.equal(calls.call("fd_prestat_get", 3, 64), 8);
    assert.equal(calls.call("path_open", 3, 0, 0, 0, 0, 0n, 0n, 0, 0), 44);
  });
});
