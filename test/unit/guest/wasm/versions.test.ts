import assert from "node:assert/strict";
import { test } from "node:test";
import { PluginInstances } from "../../../../host/src/extensions/http-filters/wasm/plugin-instances.ts";
import { FilterHarness, requestHead } from "../../../support/filter-harness.ts";
import { pluginSettings, WasmHost } from "../../../support/wasm.ts";
import { guest } from "../../../support/wasm-guest.ts";
import { wat } from "../../../support/wat.ts";

/** A stream through the plugin: the head that came out at the other end. */
async function request(
  host: WasmHost,
  code: Uint8Array,
  configuration = "",
): Promise<FilterHarness> {
  const instances = new PluginInstances(await host.start(code, pluginSettings({ configuration })));
  const stream = new FilterHarness({
    filters: ["W"],
    instances: { W: instances },
    dispatcher: host.dispatcher,
    requestHeaders: requestHead(["x-here", "yes"]),
  });
  stream.request(true);
  return stream;
}

test("a module of ABI 0.1.0 has two parameters, its configuration and its own ways to go on", async () => {
  const host = new WasmHost();
  const code = await guest(
    `(data (i32.const 0) "x-missing") (data (i32.const 16) "x-status")
     (func (export "proxy_on_configure") (param i32 i32) (result i32)
       (drop (call $proxy_get_configuration (i32.const 100) (i32.const 104)))
       (drop (call $proxy_log (i32.const 2) (i32.load (i32.const 100)) (i32.load (i32.const 104))))
       (i32.const 1))
     (func (export "proxy_on_request_headers") (param i32 i32) (result i32)
       (drop (call $proxy_clear_route_cache))
       (i32.store8 (i32.const 40) (i32.add (i32.const 48)
         (call $proxy_get_header_map_value (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 100) (i32.const 104))))
       (drop (call $proxy_add_header_map_value (i32.const 0) (i32.const 16) (i32.const 8) (i32.const 40) (i32.const 1)))
       (drop (call $proxy_continue_request))
       (i32.const 0))`,
    { version: "0.1.0" },
  );
  const stream = await request(host, code, "text");
  assert.deepEqual(host.logger.take(), ["info wasm log: text"]);
  assert.equal(stream.manager.requestHeaders!.get("x-status"), "0", "Ok for what is missing");
});

test("host calls of one version are refused in another, by name", async () => {
  const host = new WasmHost();
  const old = await guest(`(func (drop (call $proxy_clear_route_cache)))`, { version: "0.2.0" });
  assert.match(
    (await host.prepare(old)) as string,
    /missing import: env\.proxy_clear_route_cache \(the module declares ABI 0\.2\.0, the call belongs to 0\.1\.0\)/,
  );
  const young = await guest(`(func (drop (call $proxy_close_stream (i32.const 0))))`, {
    version: "0.1.0",
  });
  assert.match((await host.prepare(young)) as string, /missing import: env\.proxy_close_stream/);
  const level = await guest(`(func (drop (call $proxy_get_log_level (i32.const 0))))`, {
    version: "0.2.0",
  });
  assert.match((await host.prepare(level)) as string, /missing import: env\.proxy_get_log_level/);
  const three = await guest(
    `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))`,
    { version: "0.1.0" },
  );
  assert.match(
    (await host.prepare(three)) as string,
    /Bad function signature for: proxy_on_request_headers, want: i32 i32 -> i32, but the module exports: i32 i32 i32 -> i32/,
  );
});

test("an Emscripten module gets its memory, table and helpers from the host", async () => {
  const host = new WasmHost();
  const code = await wat(`(module
    (import "env" "memory" (memory 1 256))
    (import "env" "__indirect_function_table" (table 4 funcref))
    (import "env" "emscripten_notify_memory_growth" (func $grown (param i32)))
    (import "env" "pthread_equal" (func $same (param i32 i32) (result i32)))
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (import "wasi_unstable" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_unstable" "proc_exit" (func $exit (param i32)))
    (data (i32.const 16) "ready") (data (i32.const 32) "printed\\n")
    (elem (i32.const 1) $start)
    (func $start (call $grown (i32.const 0))
      (drop (call $log (i32.const 2) (i32.const 16) (i32.const 5))))
    (func (export "proxy_abi_version_0_2_0"))
    (func (export "malloc") (param i32) (result i32) (i32.const 1024))
    (func (export "_start") (call_indirect (i32.const 1)))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
      (i32.store (i32.const 64) (i32.const 32)) (i32.store (i32.const 68) (i32.const 8))
      (drop (memory.grow (i32.const 1)))
      (call $grown (i32.const 0))
      (drop (call $write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 80)))
      (call $same (i32.const 7) (i32.const 7))))`);
  await host.load(code);
  assert.deepEqual(host.logger.take(), ["info wasm log: ready", "info wasm log: printed"]);
});

test("a WASI reactor is initialised once, and its environment is what was configured", async () => {
  const host = new WasmHost();
  const code = await wat(`(module
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
    (func (export "_start") unreachable)
    (func (export "_initialize")
      (if (call $sizes (i32.const 0) (i32.const 4)) (then unreachable))
      (if (call $random (i32.const 16) (i32.const 8)) (then unreachable))
      (if (call $stat (i32.const 1) (i32.const 64)) (then unreachable))
      (if (call $poll (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 96)) (then unreachable))
      (i32.store8 (i32.const 8) (i32.add (i32.const 48) (i32.load (i32.const 0))))
      (drop (call $log (i32.const 2) (i32.const 8) (i32.const 1)))))`);
  await host.load(
    code,
    pluginSettings({
      vm: {
        environment: [
          ["A", "1"],
          ["B", "2"],
        ],
      },
    }),
  );
  assert.deepEqual(host.logger.take(), ["info wasm log: 2"]);
});

test("host calls of another version can be imported where that is configured", async () => {
  const old = await guest(
    `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
       (call $proxy_clear_route_cache))`,
    { version: "0.2.1" },
  );
  const wasm = { cloneVms: false, lenientImports: true };
  const host = new WasmHost(undefined, undefined, { wasm });
  const stream = await request(host, old);
  assert.ok(stream.journal.includes("clearRouteCache()"));
});
