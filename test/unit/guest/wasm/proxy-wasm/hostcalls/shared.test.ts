import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { test } from "node:test";
import { pluginSettings, WasmHost } from "../../../../../support/wasm.ts";
import { GuestCalls } from "../../../../../support/wasm-calls.ts";
import { guest, loggingCallbacks } from "../../../../../support/wasm-guest.ts";

const ok = 0;
const notFound = 1;
const badArgument = 2;
const invalidMemory = 6;
const empty = 7;
const casMismatch = 8;

/** `proxy_get_shared_data`: status, value and number. */
function get(calls: GuestCalls, key: string): (number | string)[] {
  const status = calls.call("proxy_get_shared_data", key, 32, 36, 40);
  if (status !== ok) return [status];
  const { memory } = calls.vm;
  return [status, memory.latin1(memory.u32(32)!, memory.u32(36)!)!, memory.u32(40)!];
}

test("shared data is set, read and compared", async () => {
  const calls = await GuestCalls.create();
  const set = "proxy_set_shared_data";
  calls.inside(() => {
    assert.deepEqual(get(calls, "key"), [notFound]);
    assert.equal(calls.call(set, "key", "value\xff", 0), ok);
    assert.deepEqual(get(calls, "key"), [ok, "value\xff", 1]);
    assert.equal(calls.call(set, "key", "next", 9), casMismatch);
    assert.equal(calls.call(set, "key", "next", 1), ok);
    assert.equal(calls.call(set, "key", 0, 0, 0), ok);
    assert.deepEqual(get(calls, "key"), [ok, "", 3]);
    assert.equal(calls.vm.memory.u32(32), 0, "nothing is allocated for nothing");
    assert.equal(calls.call(set, 65_530, 10, "x", 0), invalidMemory);
    assert.equal(calls.call(set, "x", 65_530, 10, 0), invalidMemory);
    assert.equal(calls.call("proxy_get_shared_data", "key", 32, 36, 65_534), invalidMemory);
  });
});

test("queues are registered, found by vm_id and name, filled and emptied", async () => {
  const calls = await GuestCalls.create(pluginSettings({ vm: { vmId: "own" } }));
  const resolve = "proxy_resolve_shared_queue";
  calls.inside(() => {
    const [, id] = calls.getNumber("proxy_register_shared_queue", "q");
    assert.deepEqual(calls.getNumber(resolve, "own", "q"), [ok, id]);
    assert.deepEqual(calls.getNumber(resolve, "", "q"), [ok, id]);
    assert.deepEqual(calls.getNumber(resolve, "other", "q"), [notFound]);
    assert.deepEqual(calls.getNumber(resolve, "own", "p"), [notFound]);
    assert.equal(calls.call("proxy_enqueue_shared_queue", id!, "data1"), ok);
    assert.equal(calls.call("proxy_enqueue_shared_queue", 99, "x"), notFound);
    assert.equal(calls.call("proxy_enqueue_shared_queue", id!, 65_530, 10), invalidMemory);
    assert.deepEqual(calls.get("proxy_dequeue_shared_queue", id!), [ok, "data1"]);
    assert.deepEqual(calls.get("proxy_dequeue_shared_queue", id!), [empty]);
    assert.deepEqual(calls.get("proxy_dequeue_shared_queue", 99), [notFound]);
  });
});

test("on_queue_ready comes later, to the plugin that registered, until it is gone", async () => {
  const host = new WasmHost();
  const handle = await host.load(
    await guest(`${loggingCallbacks("proxy_on_queue_ready")}
      (data (i32.const 512) "queue")
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (drop (call $proxy_register_shared_queue (i32.const 512) (i32.const 5) (i32.const 520)))
        (drop (call $proxy_enqueue_shared_queue (i32.load (i32.const 520)) (i32.const 512) (i32.const 5)))
        (i32.const 1))`),
  );
  assert.deepEqual(host.logger.take(), []);
  await nextTurn();
  await nextTurn();
  assert.deepEqual(host.logger.take(), ["info wasm log: proxy_on_queue_ready 1"]);
  const queue = host.shared.queues.resolve("", "queue")!;
  const registrant = host.shared.queues.enqueue(queue, Buffer.from("x"));
  assert.ok(typeof registrant === "object");
  handle.release();
  host.shared.channel.tell(registrant);
  await nextTurn();
  await nextTurn();
  assert.deepEqual(host.logger.take(), []);
  assert.equal(host.shared.queues.resolve("", "queue"), 0, "it went with the last VM");
});

test("properties that guests set are kept in the filter state", async () => {
  const calls = await GuestCalls.create();
  const set = "proxy_set_property";
  const state = calls.actions.streamInfo.filterState;
  calls.inside(() => {
    assert.equal(calls.call(set, "user", "ann"), ok);
    assert.equal(calls.call(set, "user", "bob"), ok);
    assert.deepEqual(calls.get("proxy_get_property", "user"), [ok, "bob"]);
    assert.deepEqual(calls.get("proxy_get_property", "filter_state\0wasm.user"), [ok, "bob"]);
    assert.deepEqual(calls.get("proxy_get_property", "user\0name"), [notFound]);
    assert.equal(calls.call(set, "gone", 0, 0), ok);
    assert.deepEqual(calls.get("proxy_get_property", "gone"), [ok, ""]);
    assert.equal(calls.call(set, 65_530, 10, "x"), invalidMemory);
  });
  assert.equal(Buffer.from(state.get("wasm.user") as Uint8Array).toString(), "bob");
  calls.inside(() => assert.equal(calls.call(set, "user", "x"), notFound), calls.root);
});

/** `DeclarePropertyArguments` of a name, read only or not, and a span. */
function declaration(name: string, readOnly: boolean, span: number): string {
  const nameField = `\x0a${String.fromCharCode(name.length)}${name}`;
  return `${nameField}${readOnly ? "\x10\x01" : ""}\x28${String.fromCharCode(span)}`;
}

test("declared properties may be read only, or live with the connection", async () => {
  const calls = await GuestCalls.create();
  const foreign = "proxy_call_foreign_function";
  calls.inside(() => {
    const declare = (args: string): number => calls.call(foreign, "declare_property", args, 0, 0);
    assert.equal(declare(declaration("once", true, 0)), ok);
    assert.equal(declare(declaration("once", true, 0)), badArgument);
    assert.equal(declare(declaration("far", false, 2)), ok);
    assert.equal(declare("\xff"), badArgument);
    assert.equal(declare(declaration("x", false, 3)), ok);
  }, calls.root);
  calls.inside(() => {
    assert.equal(calls.call("proxy_set_property", "once", "1"), ok);
    assert.equal(calls.call("proxy_set_property", "once", "2"), badArgument);
    assert.equal(calls.call("proxy_set_property", "far", "3"), ok);
  });
  assert.ok(calls.actions.connection.has("wasm.far"));
  assert.ok(!calls.actions.streamInfo.filterState.has("wasm.far"));
});
