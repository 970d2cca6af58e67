import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestCalls } from "../../../support/wasm-calls.ts";
import { noLimits, pluginSettings, WasmHost } from "../../../support/wasm.ts";
import { wasiImports } from "../../../../host/src/guest/wasm/wasi/imports.ts";
import { guest, loggingCallbacks } from "../../../support/wasm-guest.ts";
import { wat } from "../../../support/wat.ts";

const lifecycle = loggingCallbacks(
  "proxy_on_context_create",
  "proxy_on_vm_start",
  "proxy_on_configure",
  "proxy_on_tick",
  "proxy_on_done",
  "proxy_on_delete",
);

test("a plugin is started in a canary first, then on the worker", async () => {
  const host = new WasmHost();
  await host.load(await guest(lifecycle));
  const started = [
    "info wasm log: proxy_on_context_create 1",
    "info wasm log: proxy_on_vm_start 1",
    "info wasm log: proxy_on_configure 1",
  ];
  assert.deepEqual(host.canaryLogger.take(), started);
  assert.deepEqual(host.logger.take(), started);
  assert.equal(host.stats.active.value, 1);
});

test("the same plugin pushed again keeps its root context", async () => {
  const host = new WasmHost();
  const code = await guest(lifecycle);
  const first = await host.load(code);
  host.logger.take();
  const second = await host.load(code);
  assert.equal(second.root, first.root);
  assert.deepEqual(host.logger.take(), []);
  first.release();
  assert.deepEqual(host.logger.take(), [], "there is another user");
  second.release();
  assert.deepEqual(host.logger.take(), [
    "info wasm log: proxy_on_done 1",
    "info wasm log: proxy_on_delete 1",
  ]);
  assert.equal(host.runtime.vmCount, 0);
  assert.equal(host.stats.active.value, 0);
});

test("a new configuration gets a root context beside the old one, in the same VM", async () => {
  const host = new WasmHost();
  const code = await guest(lifecycle);
  const old = await host.load(code, pluginSettings({ configuration: "old" }));
  const next = await host.load(code, pluginSettings({ configuration: "new" }));
  assert.equal(next.root.vm, old.root.vm);
  assert.deepEqual([old.root.id, next.root.id], [1, 2]);
  assert.equal(host.runtime.vmCount, 1);
  host.logger.take();
  old.release();
  assert.deepEqual(host.logger.take(), [
    "info wasm log: proxy_on_done 1",
    "info wasm log: proxy_on_delete 1",
  ]);
  assert.equal(host.runtime.vmCount, 1);
});

test("another vm_id, VM configuration, environment or capability gets a VM of its own", async () => {
  const host = new WasmHost();
  const code = await guest("");
  await host.load(code);
  await host.load(code, pluginSettings({ vm: { vmId: "x" } }));
  await host.load(code, pluginSettings({ vm: { configuration: Buffer.from("c") } }));
  await host.load(code, pluginSettings({ vm: { environment: [["A", "1"]] } }));
  await host.load(code, pluginSettings({ vm: { allowedCapabilities: ["proxy_log"] } }));
  assert.equal(host.runtime.vmCount, 5);
});

test("other limits get a VM of their own", async () => {
  const limits = { ...noLimits, maxMemoryBytes: 10 * 65_536 };
  const host = new WasmHost(undefined, undefined, {
    byName: new Map([["small", limits]]),
    wasm: { cloneVms: false },
  });
  const code = await guest("");
  const [small, large] = [
    await host.load(code, pluginSettings({ name: "small" })),
    await host.load(code, pluginSettings({ name: "large" })),
  ];
  assert.notEqual(small.root.vm, large.root.vm);
});

test("prepare() warns of calls that a module says it makes and that it is not allowed", async () => {
  const content = `{"name":"x","capabilities":["proxy_log","proxy_http_call"]}`;
  const section = Buffer.from(`\x0dsluice.filter${content}`);
  const code = Uint8Array.from([...(await guest("")), 0, section.length, ...section]);
  const host = new WasmHost();
  await host.prepare(code, pluginSettings({ vm: { allowedCapabilities: ["proxy_log"] } }));
  assert.deepEqual(host.canaryLogger.take(), [
    'warning wasm: plugin "plugin": the module calls proxy_http_call, which capability_restriction_config does not allow: these calls fail',
  ]);
  await host.prepare(code, pluginSettings());
  assert.deepEqual(host.canaryLogger.take(), []);
});

test("prepare() warns of capabilities that do not exist", async () => {
  const host = new WasmHost();
  const known = ["proxy_log", "proxy_on_configure", "fd_write", "malloc"];
  const allowedCapabilities = [...known, "proxy_get_propery", "telepathy"];
  await host.prepare(await guest(""), pluginSettings({ vm: { allowedCapabilities } }));
  assert.deepEqual(host.canaryLogger.take(), [
    'warning wasm: plugin "plugin": capability_restriction_config allows proxy_get_propery, which is no host call, callback or WASI function (did you mean proxy_get_property?)',
    'warning wasm: plugin "plugin": capability_restriction_config allows telepathy, which is no host call, callback or WASI function',
  ]);
});

test("on_configure that returns false refuses the plugin, and tells the guest no more", async () => {
  const host = new WasmHost();
  const code = await guest(`(func (export "proxy_on_configure") (param i32 i32) (result i32)
      (i32.eq (local.get 1) (i32.const 2)))
    ${loggingCallbacks("proxy_on_done", "proxy_on_delete")}`);
  assert.equal(
    await host.prepare(code, pluginSettings({ configuration: "bad" })),
    "Unable to create Wasm plugin plugin: proxy_on_configure returned false",
  );
  const refused = host.runtime.acquire({
    ...((await host.prepare(code, pluginSettings({ configuration: "ok" }))) as object),
    settings: pluginSettings({ configuration: "bad" }),
  } as Parameters<typeof host.runtime.acquire>[0]);
  assert.deepEqual(refused, { ok: false, error: "proxy_on_configure returned false" });
  assert.equal(host.runtime.vmCount, 0);
  assert.deepEqual(host.logger.take(), []);
});

test("a plugin that is refused on a worker leaves a running one alone", async () => {
  const host = new WasmHost();
  const code = await guest(`(func (export "proxy_on_configure") (param i32 i32) (result i32)
      (i32.eq (local.get 1) (i32.const 2)))`);
  const running = await host.load(code, pluginSettings({ configuration: "ok" }));
  const refused = host.runtime.acquire({
    ...running.root.plugin,
    pluginKey: "other",
    settings: pluginSettings({ configuration: "bad" }),
  });
  assert.ok(!refused.ok);
  assert.equal(running.root.vm.failure, undefined);
  assert.equal(host.acquire(running.root.plugin).root, running.root);
});

test("on_vm_start sees the VM's configuration, on_configure the plugin's", async () => {
  const host = new WasmHost();
  const log = (type: number): string => `
    (drop (call $proxy_get_buffer_bytes (i32.const ${type}) (i32.const 0) (i32.const -1) (i32.const 8) (i32.const 12)))
    (drop (call $proxy_log (i32.const 1) (i32.load (i32.const 8)) (i32.load (i32.const 12))))`;
  const code = await guest(`
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) ${log(6)} (i32.const 1))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) ${log(7)} ${log(6)} (i32.const 1))`);
  await host.load(
    code,
    pluginSettings({
      name: "n",
      rootId: "r",
      configuration: "of plugin",
      vm: { vmId: "v", configuration: Buffer.from("of vm") },
    }),
  );
  assert.deepEqual(host.logger.take(), [
    "debug wasm log r v: of vm",
    "debug wasm log r v: of plugin",
    "debug wasm log r v: of vm",
  ]);
});

test("start functions: _initialize and main, or _start; never both kinds", async () => {
  const host = new WasmHost();
  const say = (at: number, text: string): string =>
    `(data (i32.const ${at}) "${text}")
     (func $${text} (drop (call $proxy_log (i32.const 2) (i32.const ${at}) (i32.const ${text.length}))))`;
  const all = `${say(0, "init")} ${say(16, "start")} ${say(32, "main")} ${say(48, "section")}`;
  await host.load(
    await guest(`${all} (start $section) (export "_initialize" (func $init)) (export "_start" (func $start))
      (func (export "main") (param i32 i32) (result i32) (call $main) (i32.const 0))`),
  );
  assert.deepEqual(host.logger.take(), [
    "info wasm log: section",
    "info wasm log: init",
    "info wasm log: main",
  ]);
  await host.load(await guest(`${all} (export "_start" (func $start))`));
  assert.deepEqual(host.logger.take(), ["info wasm log: start"]);
});

test("a host call in a start function or in malloc traps", async () => {
  const host = new WasmHost();
  const inStart = await guest(`(func (export "_initialize")
    (drop (call $proxy_set_tick_period_milliseconds (i32.const 5))))`);
  assert.match(
    (await host.prepare(inStart)) as string,
    /Function: _initialize failed: .*restricted_callback: proxy_set_tick_period_milliseconds must not be called in a start function/,
  );
  const inMalloc = await wat(`(module
    (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func $get_vm_configuration
      (drop (call $get (i32.const 6) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 4))))
    (func (export "malloc") (param i32) (result i32) (call $get_vm_configuration) (i32.const 64))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
      (call $get_vm_configuration) (i32.const 1)))`);
  const settings = pluginSettings({ vm: { configuration: Buffer.from("x") } });
  assert.match(
    (await host.prepare(inMalloc, settings)) as string,
    /restricted_callback: proxy_get_buffer_bytes must not be called while allocating/,
  );
});

test("ticks come with the period that was set last, until it is 0", async () => {
  const host = new WasmHost();
  const handle = await host.load(
    await guest(`${loggingCallbacks("proxy_on_tick")}
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (drop (call $proxy_set_tick_period_milliseconds (i32.const 50))) (i32.const 1))`),
  );
  host.dispatcher.advance(170);
  assert.equal(host.logger.take().length, 3);
  handle.root.setTickPeriod(0);
  host.dispatcher.advance(500);
  assert.deepEqual(host.logger.take(), []);
  handle.root.setTickPeriod(20);
  handle.release();
  host.dispatcher.advance(500);
  assert.deepEqual(host.logger.take(), [], "no ticks after the plugin is gone");
});

test("a root context whose on_done returns false is deleted by proxy_done, or after a minute", async () => {
  const code = await guest(`${loggingCallbacks("proxy_on_delete")}
    (func (export "proxy_on_done") (param i32) (result i32)
      (drop (call $proxy_set_tick_period_milliseconds (i32.const 20))) (i32.const 0))
    (global $ticks (mut i32) (i32.const 0))
    (func (export "proxy_on_tick") (param i32)
      (global.set $ticks (i32.add (global.get $ticks) (i32.const 1)))
      (if (i32.eq (global.get $ticks) (i32.const 3)) (then (drop (call $proxy_done)))))`);
  const host = new WasmHost();
  (await host.load(code)).release();
  host.dispatcher.advance(50);
  assert.deepEqual(host.logger.take(), []);
  host.dispatcher.advance(50);
  assert.deepEqual(host.logger.take(), ["info wasm log: proxy_on_delete 1"]);
  assert.equal(host.runtime.vmCount, 0);
  const silent = await guest(`${loggingCallbacks("proxy_on_delete")}
    (func (export "proxy_on_done") (param i32) (result i32) (i32.const 0))`);
  (await host.load(silent)).release();
  host.dispatcher.advance(60_020);
  assert.deepEqual(host.logger.take(), ["info wasm log: proxy_on_delete 1"]);
});

test("a root context that takes its time to finish keeps its VM when the other plugins in it have gone", async () => {
  const code = await guest(`${loggingCallbacks("proxy_on_delete")}
    (func (export "proxy_on_done") (param $id i32) (result i32)
      (drop (call $proxy_set_tick_period_milliseconds (i32.const 20)))
      (i32.ne (local.get $id) (i32.const 1)))
    (func (export "proxy_on_tick") (param i32) (drop (call $proxy_done)))`);
  const host = new WasmHost();
  const slow = await host.load(code);
  const quick = await host.load(code, pluginSettings({ configuration: "other" }));
  assert.equal(slow.root.vm, quick.root.vm);
  slow.release();
  quick.release();
  assert.deepEqual(host.logger.take(), ["info wasm log: proxy_on_delete 2"]);
  assert.equal(host.runtime.vmCount, 1);
  host.dispatcher.advance(30);
  assert.deepEqual(host.logger.take(), ["info wasm log: proxy_on_delete 1"]);
  assert.equal(host.runtime.vmCount, 0);
});

test("a trap fails the VM, with a report; the next push makes a new one", async () => {
  const host = new WasmHost();
  const code = await guest(`
    (func $deeper (drop (call $proxy_set_tick_period_milliseconds (i32.const 0))) unreachable)
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $proxy_set_tick_period_milliseconds (i32.const 30))) (i32.const 1))
    (func $tick (export "proxy_on_tick") (param i32) (call $deeper))`);
  const handle = await host.load(
    code,
    pluginSettings({ name: "p", rootId: "r", vm: { vmId: "v" } }),
  );
  host.dispatcher.advance(40);
  const { vm } = handle.root;
  assert.match(vm.failure!, /^Function: proxy_on_tick failed: Uncaught RuntimeError: unreachable$/);
  const [report, ...rest] = host.logger.take();
  assert.deepEqual(rest, []);
  assert.match(
    report!,
    /^error Function: proxy_on_tick failed: Uncaught RuntimeError: unreachable\nProxy-Wasm plugin in-VM backtrace:\n {2}0: 0x[0-9a-f]+ - deeper\n {2}1: 0x[0-9a-f]+ - tick\nPlugin: "p", root_id "r", vm_id "v"; host calls of this callback: proxy_set_tick_period_milliseconds$/,
  );
  assert.equal(host.stats.vmFailed.value, 1);
  host.dispatcher.advance(500);
  assert.deepEqual(host.logger.take(), [], "no tick in a failed VM");
  const again = host.acquire(handle.root.plugin);
  assert.notEqual(again.root.vm, vm);
  assert.equal(again.root.vm.failure, undefined);
  handle.release();
  assert.equal(host.runtime.vmCount, 1);
  assert.equal(host.stats.active.value, 1);
});

test("a guest that catches the exception of a trap in a host call fails all the same", async () => {
  const host = new WasmHost();
  const code = await wat(
    `(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 64))
      (func (export "proxy_on_tick") (param i32) (try (do (call $exit (i32.const 7))) (catch_all))))`,
    { exceptions: true },
  );
  const { root } = await host.load(code);
  root.setTickPeriod(20);
  host.dispatcher.advance(30);
  assert.match(root.vm.failure!, /^Function: proxy_on_tick failed: .*proc_exit\(7\) was called$/);
  assert.equal(host.stats.vmFailed.value, 1);
  assert.equal(host.logger.take().length, 1);
});

test("a call that is condemned and ends all the same is an overrun, not a failure", async () => {
  const calls = await GuestCalls.create();
  const { vm, host } = calls;
  calls.inside(() => vm.environment.budget.condemn());
  assert.equal(vm.failure, undefined);
  assert.deepEqual([host.stats.cpuOverrun.value, host.stats.cpuLimitExceeded.value], [1, 0]);
  assert.equal(
    calls.inside(() => vm.environment.budget.condemned),
    false,
  );
});

test("environment variables and arguments are what was configured", async () => {
  const host = new WasmHost();
  const handle = await host.load(
    await guest(""),
    pluginSettings({
      vm: {
        environment: [
          ["KEY", "value"],
          ["ü", ""],
        ],
      },
    }),
  );
  const { vm } = handle.root;
  const wasi = wasiImports(vm);
  assert.equal(wasi.environ_sizes_get(8, 12), 0);
  assert.deepEqual([vm.memory.u32(8), vm.memory.u32(12)], [2, 14]);
  assert.equal(wasi.environ_get(16, 64), 0);
  assert.equal(vm.memory.utf8(vm.memory.u32(16)!, 14), "KEY=value\0ü=\0");
  assert.equal(vm.memory.u32(20), 74);
  assert.equal(wasi.environ_get(16, 65_530), 21);
});
