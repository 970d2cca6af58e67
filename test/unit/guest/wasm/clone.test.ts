import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plugin } from "../../../../host/src/guest/wasm/plugin.ts";
import type { RootContext } from "../../../../host/src/guest/wasm/proxy-wasm/root-context.ts";
import { reconfigured } from "../../../../host/src/guest/wasm/plugin-key.ts";
import { pluginSettings, WasmHost } from "../../../support/wasm.ts";
import { describedBy, guest } from "../../../support/wasm-guest.ts";
import { wat } from "../../../support/wat.ts";

const one = "(result i32) (i32.const 1)";

/** A host that clones where it can. */
function cloningHost(): WasmHost {
  return new WasmHost(undefined, undefined, {});
}

/** Logs what `expression` (an i32 below 10) is, in each tick. */
function tells(expression: string): string {
  return `(func (export "proxy_on_tick") (param i32)
    (i32.store8 (i32.const 3000) (i32.add (i32.const 48) ${expression}))
    (drop (call $proxy_log (i32.const 2) (i32.const 3000) (i32.const 1))))`;
}

/** What the guest tells at its next tick; nothing when it does not tick. */
function told(host: WasmHost): string {
  host.logger.take();
  host.dispatcher.advance(1000);
  return host.logger.take()[0]?.replace("info wasm log: ", "") ?? "";
}

const ticking = `(drop (call $proxy_set_tick_period_milliseconds (i32.const 1000)))`;

/** A guest that runs `configure` in `on_configure`, and tells an expression's value each second. */
function configured(configure: string, expression: string, more = ""): Promise<Uint8Array> {
  return guest(`${more}
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      ${configure} ${ticking} (i32.const 1))
    ${tells(expression)}`);
}

/** What the guest tells in a VM that was cloned, and in one that was started; both from the same module. */
async function both(code: Uint8Array): Promise<{ cloned: string; started: string }> {
  const host = cloningHost();
  const plugin = await host.prepare(code);
  assert.ok(typeof plugin !== "string");
  assert.equal(plugin.notCloned, "");
  const handle = host.acquire(plugin);
  assert.equal(host.stats.cloned.value, 1);
  const cloned = told(host);
  handle.release();
  host.acquire({ ...plugin, snapshot: undefined });
  assert.equal(host.stats.cloned.value, 1);
  return { cloned, started: told(host) };
}

const same = (value: number): { cloned: string; started: string } => ({
  cloned: String(value),
  started: String(value),
});

test("a clone has the memory that was configured", async () => {
  const code = await configured(
    "(i32.store (i32.const 2000) (i32.const 7))",
    "(i32.load (i32.const 2000))",
  );
  assert.deepEqual(await both(code), same(7));
});

test("a clone has memory that was grown, and what stands there", async () => {
  const code = await configured(
    "(drop (memory.grow (i32.const 3))) (i32.store (i32.const 200000) (i32.const 2))",
    "(i32.add (i32.load (i32.const 200000)) (memory.size))",
  );
  assert.deepEqual(await both(code), same(6));
});

test("a clone has zeros where they were written over the module's data", async () => {
  const code = await configured(
    "(i32.store (i32.const 2000) (i32.const 0))",
    "(i32.load8_u (i32.const 2000))",
    `(data (i32.const 2000) "\\09\\09\\09\\09")`,
  );
  assert.deepEqual(await both(code), same(0));
});

test("a clone has the globals of every type of number", async () => {
  const code = await configured(
    `(global.set $a (i32.const 2)) (global.set $b (i64.const -9223372036854775808))
     (global.set $c (f64.const 0.5)) (global.set $d (f32.const 1.5))`,
    `(i32.add (global.get $a) (i32.add (i64.eqz (i64.add (global.get $b) (i64.const -9223372036854775808)))
       (i32.trunc_f64_s (f64.add (global.get $c) (f64.promote_f32 (global.get $d))))))`,
    `(global $a (mut i32) (i32.const 0)) (global $b (mut i64) (i64.const 0))
     (global $c (mut f64) (f64.const 0)) (global $d (mut f32) (f32.const 0))`,
  );
  assert.deepEqual(await both(code), same(5));
});

test("a clone has the tables as they were changed and grown", async () => {
  const code = await configured(
    `(table.set $t (i32.const 0) (ref.func $three))
     (drop (table.grow $t (ref.null func) (i32.const 2)))
     (table.set $t (i32.const 2) (ref.func $two))
     (table.set $t (i32.const 1) (ref.null func))`,
    `(i32.add (i32.add (call_indirect $t (type $n) (i32.const 0)) (call_indirect $t (type $n) (i32.const 2)))
       (i32.add (table.size $t) (ref.is_null (table.get $t (i32.const 1)))))`,
    `(type $n (func (result i32)))
     (table $t 2 8 funcref) (elem (table $t) (i32.const 0) func $two $three)
     (func $two (result i32) (i32.const 2)) (func $three (result i32) (i32.const 3))`,
  );
  // 3 + 2, 4 elements of which one is null.
  const results = await both(code);
  assert.deepEqual(results, { cloned: ":", started: ":" });
});

test("a clone has the memory and the table that the module imports", async () => {
  const code = await wat(`(module
    (import "env" "memory" (memory 2))
    (import "env" "__indirect_function_table" (table $t 2 funcref))
    (import "env" "proxy_log" (func $proxy_log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_set_tick_period_milliseconds"
      (func $proxy_set_tick_period_milliseconds (param i32) (result i32)))
    (type $n (func (result i32)))
    (elem (table $t) (i32.const 0) func $two $three)
    (func $two (result i32) (i32.const 2)) (func $three (result i32) (i32.const 3))
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 4096))
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (i32.store (i32.const 100000) (i32.const 4))
      (table.set $t (i32.const 0) (table.get $t (i32.const 1)))
      ${ticking} (i32.const 1))
    ${tells("(i32.add (i32.load (i32.const 100000)) (call_indirect $t (type $n) (i32.const 0)))")})`);
  assert.deepEqual(await both(code), same(7));
});

test("a clone does not run what runs as an instance starts", async () => {
  const code = await configured(
    "",
    "(global.get $runs)",
    `(global $runs (mut i32) (i32.const 0))
     (start $count) (func $count (global.set $runs (i32.add (i32.const 1) (global.get $runs))))
     (func (export "_initialize") (call $count))`,
  );
  assert.deepEqual(await both(code), same(2));
});

test("a clone has the metrics that were defined, under the same ids", async () => {
  const define = (type: number, name: number): string =>
    `(drop (call $proxy_define_metric (i32.const ${type}) (i32.const ${name}) (i32.const 1) (i32.const 64)))`;
  const code = await configured(
    define(0, 0) + define(1, 1) + define(0, 2),
    `(call $proxy_increment_metric (i32.load (i32.const 64)) (i64.const 3))`,
    `(data (i32.const 0) "abc")`,
  );
  const host = cloningHost();
  await host.load(code);
  assert.equal(told(host), "0");
  const values = ["a", "b", "c"].map(
    (name) =>
      host.shared.metrics.define(name === "b" ? "gauge" : "counter", `wasmcustom.${name}`)?.value,
  );
  assert.deepEqual(values, [0n, 0n, 3n]);
});

test("streams of a clone have the numbers that they have in a VM that was started", async () => {
  const host = cloningHost();
  const code = await guest(`(func (export "proxy_on_context_create") (param i32 i32))`);
  const cloned = await host.load(code);
  assert.equal(host.stats.cloned.value, 1);
  const started = await new WasmHost().load(code);
  const numbers = ({ root }: { root: RootContext }): number[] => [root.id, root.vm.takeContextId()];
  assert.deepEqual(numbers(cloned), numbers(started));
});

test("what follows a failed VM is as it was configured, whatever the failed one did", async () => {
  const host = cloningHost();
  const code = await configured(
    "(i32.store (i32.const 2000) (i32.const 1))",
    "(i32.load (i32.const 2000))",
    `(func (export "proxy_on_queue_ready") (param i32 i32)
       (i32.store (i32.const 2000) (i32.const 9)) (unreachable))`,
  );
  const plugin = await host.prepare(code);
  assert.ok(typeof plugin !== "string");
  const { root } = host.acquire(plugin);
  const { vm } = root;
  vm.call2(root, vm.exports.onQueueReady!, root.id, 1);
  assert.notEqual(vm.failure, undefined);
  host.acquire(plugin);
  assert.equal(told(host), "1");
  assert.equal(host.stats.cloned.value, 2);
});

test("a second plugin is started in the VM that was cloned for the first", async () => {
  const host = cloningHost();
  const code = await configured(
    "(global.set $n (i32.add (global.get $n) (i32.const 1)))",
    "(global.get $n)",
    "(global $n (mut i32) (i32.const 0))",
  );
  const first = await host.prepare(code);
  assert.ok(typeof first !== "string");
  host.acquire(first);
  assert.equal(told(host), "1");
  const second = host.acquire(reconfigured(first, Buffer.from("other")));
  assert.equal(second.root.id, 2);
  assert.equal(told(host), "2");
  assert.equal(host.runtime.vmCount, 1);
});

test("a plugin that is configured for a route is started when it comes first", async () => {
  const host = cloningHost();
  const code = await configured(
    "(i32.store (i32.const 2000) (local.get 1))",
    "(i32.load (i32.const 2000))",
  );
  const plugin = await host.prepare(code, pluginSettings({ configuration: "four" }));
  assert.ok(typeof plugin !== "string");
  host.acquire(reconfigured(plugin, Buffer.from("seven77")));
  assert.equal(told(host), "7");
  assert.equal(host.stats.cloned.value, 0);
});

const effects: Readonly<Record<string, readonly [configure: string, reason: RegExp]>> = {
  "registers a queue": [
    "(drop (call $proxy_register_shared_queue (i32.const 0) (i32.const 1) (i32.const 64)))",
    /calls proxy_register_shared_queue/,
  ],
  "sets shared data": [
    "(drop (call $proxy_set_shared_data (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0)))",
    /calls proxy_set_shared_data/,
  ],
  "reads shared data": [
    "(drop (call $proxy_get_shared_data (i32.const 0) (i32.const 1) (i32.const 64) (i32.const 68) (i32.const 72)))",
    /calls proxy_get_shared_data/,
  ],
  "changes a metric": [
    "(drop (call $proxy_record_metric (i32.const 4) (i64.const 1)))",
    /calls proxy_record_metric/,
  ],
  "makes a call": [
    `(drop (call $proxy_http_call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
       (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64)))`,
    /calls proxy_http_call/,
  ],
  "calls a foreign function": [
    `(drop (call $proxy_call_foreign_function (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 68)))`,
    /calls proxy_call_foreign_function/,
  ],
};

for (const [name, [configure, reason]] of Object.entries(effects)) {
  test(`a module that ${name} as it starts is not cloned`, async () => {
    const host = cloningHost();
    const plugin = await host.prepare(await configured(configure, "(i32.const 1)"));
    assert.ok(typeof plugin !== "string");
    assert.equal(plugin.snapshot, undefined);
    assert.match(plugin.notCloned, reason);
    assert.ok(host.canaryLogger.take().some((line) => line.includes("are not cloned: it calls")));
    host.acquire(plugin);
    assert.equal(told(host), "1");
    assert.equal(host.stats.cloned.value, 0);
  });
}

test("a module whose state cannot be told is not cloned", async () => {
  const drops = await configured("(data.drop $d)", "(i32.const 1)", `(data $d "x")`);
  const vector = await guest(
    `(global $v (mut v128) (v128.const i32x4 0 0 0 0))
     (func (export "proxy_on_configure") (param i32 i32) ${one})`,
  );
  const reasons: string[] = [];
  for (const code of [drops, vector]) {
    const plugin = await cloningHost().prepare(code);
    assert.ok(typeof plugin !== "string");
    reasons.push(plugin.notCloned);
  }
  assert.deepEqual(reasons, ["it drops segments", "it has a global of type v128 that changes"]);
});

test("a module is started on each worker when its section says so", async () => {
  const code = await configured("", "(i32.const 1)");
  const described = async (text: string): Promise<Plugin | string> =>
    cloningHost().prepare(describedBy(text, code));
  const plugin = await described('{ "clone": false }');
  assert.ok(typeof plugin !== "string");
  assert.deepEqual(
    [plugin.snapshot, plugin.notCloned],
    [undefined, "the module asks to be started"],
  );
  const other = await described('{ "name": "other" }');
  assert.ok(typeof other !== "string" && other.snapshot !== undefined);
  const wrong = await described('{ "clone": 1 }');
  assert.match(typeof wrong === "string" ? wrong : "", /\$\.clone can only be false/);
});

test("a module is started on each worker where cloning is switched off", async () => {
  const host = new WasmHost(undefined, undefined, { wasm: { cloneVms: false } });
  const plugin = await host.prepare(await configured("", "(i32.const 1)"));
  assert.ok(typeof plugin !== "string");
  assert.deepEqual([plugin.snapshot, plugin.notCloned], [undefined, "cloning is switched off"]);
});

test("WasmRuntime.acquireInSteps() lets the thread serve before the clone has its state", async () => {
  const host = cloningHost();
  const plugin = await host.prepare(await configured("(nop)", "(i32.const 4)"));
  assert.ok(typeof plugin !== "string");
  let turns = 0;
  const acquired = await host.runtime.acquireInSteps(plugin, () => {
    turns += 1;
    assert.equal(host.stats.cloned.value, 0);
    return Promise.resolve();
  });
  assert.ok(acquired.ok);
  assert.equal(turns, 2);
  assert.equal(host.stats.cloned.value, 1);
  assert.equal(told(host), "4");
  const again = await host.runtime.acquireInSteps(plugin, () => assert.fail("nothing is made"));
  assert.equal(again.ok && again.value.root, acquired.value.root);
});

test("WasmRuntime.acquireInSteps() drops its clone when another has been made meanwhile", async () => {
  const host = cloningHost();
  const plugin = await host.prepare(await configured("(nop)", "(i32.const 4)"));
  assert.ok(typeof plugin !== "string");
  const first: RootContext[] = [];
  const acquired = await host.runtime.acquireInSteps(plugin, () => {
    if (first.length === 0) first.push(host.acquire(plugin).root);
    return Promise.resolve();
  });
  assert.ok(acquired.ok);
  assert.equal(acquired.value.root, first[0]);
  assert.equal(host.runtime.vmCount, 1);
  assert.equal(host.stats.active.value, 1);
});
