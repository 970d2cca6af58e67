import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnedBuffer } from "../../../../../../host/src/common/data-buffer.ts";
import { textOf } from "../../../../../support/filter-harness.ts";
import { pluginSettings } from "../../../../../support/wasm.ts";
import { GuestCalls } from "../../../../../support/wasm-calls.ts";

const ok = 0;
const notFound = 1;
const badArgument = 2;
const all = 0xffffffff;
const get = "proxy_get_buffer_bytes";
const set = "proxy_set_buffer_bytes";

async function withBody(...chunks: string[]): Promise<[GuestCalls, OwnedBuffer]> {
  const calls = await GuestCalls.create(
    pluginSettings({ configuration: "of plugin", vm: { configuration: Buffer.from("of vm") } }),
  );
  const body = new OwnedBuffer();
  for (const chunk of chunks) body.append(Buffer.from(chunk));
  calls.context.requestBody = body;
  return [calls, body];
}

test("proxy_get_buffer_bytes gives any range, across chunks", async () => {
  const [calls] = await withBody("hello ", "wide ", "world");
  calls.inside(() => {
    assert.deepEqual(calls.get(get, 0, 0, all), [ok, "hello wide world"]);
    assert.deepEqual(calls.get(get, 0, 4, 8), [ok, "o wide w"]);
    assert.deepEqual(calls.get(get, 0, 11, 100), [ok, "world"]);
    assert.deepEqual(calls.get(get, 0, 16, 1), [ok, ""]);
    assert.deepEqual(calls.get(get, 0, all, all), [ok, ""]);
    assert.deepEqual(calls.getNumber("proxy_get_buffer_status", 0, 24), [ok, 0]);
    assert.equal(calls.vm.memory.u32(24), 16);
  });
});

test("buffers that are not there: empty for bodies and call data, NotFound for configuration and answers", async () => {
  const [calls] = await withBody("x");
  calls.inside(() => {
    assert.deepEqual(calls.get(get, 1, 0, all), [ok, ""]);
    assert.deepEqual(calls.get(get, 2, 0, all), [ok, ""]);
    assert.deepEqual(calls.get(get, 4, 0, all), [notFound]);
    assert.deepEqual(calls.get(get, 6, 0, all), [ok, "of vm"]);
    assert.deepEqual(calls.get(get, 7, 0, all), [notFound], "on_configure is over");
    assert.deepEqual(calls.get(get, 8, 0, all), [ok, ""]);
    assert.deepEqual(calls.get(get, 9, 0, all), [badArgument]);
    assert.equal(calls.call(set, 1, 0, 0, "x"), badArgument);
    assert.equal(calls.call(set, 6, 0, 0, "x"), badArgument);
    assert.equal(calls.call(set, 7, 0, 0, "x"), notFound);
    assert.equal(calls.call(set, 8, 0, 0, "x"), badArgument);
  });
});

test("proxy_set_buffer_bytes prepends, replaces, appends, drops; the middle is refused", async () => {
  const [calls, body] = await withBody("abc", "def");
  calls.inside(() => {
    assert.equal(calls.call(set, 0, 0, 0, "<"), ok);
    assert.equal(textOf(body), "<abcdef");
    assert.equal(calls.call(set, 0, all, 0, ">"), ok);
    assert.equal(calls.call(set, 0, 8, 5, "!"), ok);
    assert.equal(textOf(body), "<abcdef>!");
    assert.equal(calls.call(set, 0, 0, 2, ""), ok);
    assert.equal(textOf(body), "bcdef>!");
    assert.equal(calls.call(set, 0, 3, 1, "x"), badArgument);
    assert.equal(calls.call(set, 0, 0, all, "new"), ok);
    assert.equal(textOf(body), "new");
    assert.equal(calls.call(set, 0, 0, 0, 65_530, 100), 6);
    assert.equal(calls.call(set, 0, 0, all, ""), ok);
    assert.equal(body.length, 0);
  });
});
