import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { adminAt } from "../support/admin-stats.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpFilter, httpListener, wasmConfig } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

/** What Envoy 1.40 shows below `wasm.` with these two plugins, besides how many VMs there are. */
const recorded = {
  "wasm.p.vm_reload": 0,
  "wasm.p.vm_reload_backoff": 0,
  "wasm.p.vm_reload_failure": 0,
  "wasm.p.vm_reload_success": 0,
  "wasm.q.vm_reload": 0,
  "wasm.q.vm_reload_backoff": 1,
  "wasm.q.vm_reload_failure": 0,
  "wasm.q.vm_reload_success": 0,
  "wasm.remote_load_cache_entries": 0,
  "wasm.remote_load_cache_hits": 0,
  "wasm.remote_load_cache_misses": 0,
  "wasm.remote_load_cache_negative_hits": 0,
  "wasm.remote_load_fetch_failures": 0,
  "wasm.remote_load_fetch_successes": 0,
};
/** Envoy has two VMs more: one that is never used, and one on the main thread. */
const ofVms = [
  "wasm.envoy.wasm.runtime.v8.active",
  "wasm.envoy.wasm.runtime.v8.created",
  "wasm.wasm_vm_count",
];

test("/stats has the names of Envoy below wasm., counted per plugin", async (t) => {
  const folder = scratchFolder(t);
  const module = path.join(folder, "filter.wasm");
  // Traps where its configuration is not empty.
  const code = await guest(`
    (global $on (mut i32) (i32.const 0))
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (global.set $on (local.get 1)) (i32.const 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (global.get $on) (then unreachable)) (i32.const 0))`);
  writeFileSync(module, code);
  const [port, admin] = [await freePort(), await freePort()];
  const reload = {
    failure_policy: "FAIL_RELOAD",
    reload_config: { backoff: { base_interval: "600s" } },
  };
  const listener = httpListener({
    port,
    filters: [
      httpFilter("p", wasmConfig(module, { name: "p", vm: { vm_id: "p" } })),
      httpFilter("q", wasmConfig(module, { name: "q", configuration: "trap", plugin: reload })),
    ],
    routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
  });
  await startSluice(t, {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap([listener], [], adminAt(admin)),
  });
  assert.equal((await askOnce(port)).status, 503, "the first request traps");
  assert.equal((await askOnce(port)).status, 503, "it is too early for another VM");
  const text = await (await fetch(`http://127.0.0.1:${admin}/stats?filter=^wasm%5C.`)).text();
  const lines = text.trim().split("\n");
  const stats = new Map(lines.map((line) => line.split(": ") as [string, string]));
  assert.deepEqual([...stats.keys()].sort(), [...Object.keys(recorded), ...ofVms].sort());
  for (const [name, value] of Object.entries(recorded)) {
    assert.equal(Number(stats.get(name)), value, name);
  }
  for (const name of ofVms) assert.equal(Number(stats.get(name)), 2, name);
});
