import assert from "node:assert/strict";
import { test } from "node:test";
import type { WasmSettings } from "../../../../host/src/contracts/config/guests.ts";
import type { RootContext } from "../../../../host/src/guest/wasm/proxy-wasm/root-context.ts";
import { assemblyScript } from "../../../support/assemblyscript.ts";
import { WasmHost } from "../../../support/wasm.ts";
import { guest } from "../../../support/wasm-guest.ts";

function countingHost(wasm: WasmSettings = {}): WasmHost {
  return new WasmHost(undefined, undefined, {
    wasm: { deterministic: true, cloneVms: false, ...wasm },
  });
}

function costOf(root: RootContext, callback: string): number | undefined {
  return root.vm.costs?.byCallback.get(callback)?.last;
}

/** Calls `proxy_on_tick`; the instructions that it took. */
function tick(root: RootContext): number | undefined {
  const { vm } = root;
  vm.call1(root, vm.exports.onTick!, root.id);
  return costOf(root, "proxy_on_tick");
}

const end = 1;

test("deterministic mode counts each instruction of a straight piece of code once", async () => {
  const code = await guest(`(func (export "proxy_on_tick") (param i32)
    (drop (i32.add (i32.const 1) (i32.const 2))) (nop))`);
  const { root } = await countingHost().load(code);
  assert.equal(tick(root), 5 + end);
  assert.equal(tick(root), 5 + end, "the same the second time");
  assert.deepEqual(root.vm.costs?.byCallback.get("proxy_on_tick"), {
    calls: 2,
    total: 12,
    last: 6,
    max: 6,
  });
});

test("deterministic mode counts only what is executed of branches", async () => {
  const code = await guest(`(global $which (mut i32) (i32.const 0))
    (func (export "proxy_on_tick") (param i32)
      (if (global.get $which) (then (nop) (nop) (nop)) (else (nop)))
      (global.set $which (i32.const 1)))`);
  const { root } = await countingHost().load(code);
  const outside = 2 + 2 + end;
  assert.equal(tick(root), outside + 1 + end);
  // The first branch ends with `else`, and jumps over the `end`.
  assert.equal(tick(root), outside + 3 + 1);
});

test("deterministic mode counts each turn of a loop, and calls", async () => {
  const code = await guest(`(func $leaf (nop))
    (func (export "proxy_on_tick") (param i32) (local $i i32)
      (loop $again
        (call $leaf)
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (i32.const 10)))))`);
  const { root } = await countingHost().load(code);
  const turn = 1 + 4 + 4;
  assert.equal(tick(root), 1 + 10 * (turn + (1 + end)) + end + end);
});

test("deterministic mode counts the same in every VM, for a module of the SDK", async () => {
  const code = await assemblyScript("test/fixtures/wasm/assembly/probe.ts");
  const costs: unknown[] = [];
  for (const cloneVms of [false, true, false]) {
    const host = countingHost({ cloneVms });
    const { root } = await host.load(code);
    const { vm } = root;
    const context = vm.takeContextId();
    vm.call2(root, vm.exports.onContextCreate!, context, root.id);
    vm.call3(root, vm.exports.onRequestHeaders!, context, 0, 1);
    vm.call1(root, vm.exports.onDelete!, context);
    const names = ["proxy_on_context_create", "proxy_on_request_headers", "proxy_on_delete"];
    costs.push(names.map((name) => costOf(root, name)));
  }
  assert.ok(Array.isArray(costs[0]) && costs[0].every((cost) => Number(cost) > 10));
  assert.deepEqual(costs[1], costs[0]);
  assert.deepEqual(costs[2], costs[0]);
});

test("deterministic mode stops a callback at its number of instructions, whatever the time", async () => {
  const host = countingHost({ maxInstructionsPerCallback: 1000 });
  const code = await guest(`(func (export "proxy_on_tick") (param i32) (loop $l (br $l)))`);
  const { root } = await host.load(code);
  assert.ok(tick(root)! > 1000 && tick(root)! < 1010);
  assert.match(
    root.vm.failure ?? "",
    /proxy_on_tick failed: .*\(over its limit of 1000 instructions: max_instructions_per_callback of sluice\.guests\)/,
  );
  assert.equal(host.stats.cpuLimitExceeded.value, 1);
});

test("deterministic mode has another limit for starting", async () => {
  const loop = `(local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $l (i32.lt_u (local.get $i) (i32.const 1000))))`;
  const code = await guest(`
    (func (export "proxy_on_configure") (param i32 i32) (result i32) ${loop} (i32.const 1))`);
  const enough = { maxInstructionsPerCallback: 100, maxInstructionsPerConfigure: 100_000 };
  const { root } = await countingHost(enough).load(code);
  assert.ok(costOf(root, "proxy_on_configure")! > 7000);
  const refused = await countingHost({ maxInstructionsPerConfigure: 100 }).prepare(code);
  assert.match(
    String(refused as string),
    /proxy_on_configure failed: .*over its limit of 100 instructions: max_instructions_per_configure of/,
  );
});

test("deterministic mode shows costs as histograms", async () => {
  const host = countingHost();
  const { root } = await host.load(await guest(`(func (export "proxy_on_tick") (param i32))`));
  tick(root);
  const histogram = host.statsStore.main.histogram(
    "sluice.wasm.plugin.instructions.proxy_on_tick",
    "unspecified",
  );
  assert.equal(histogram.name, "sluice.wasm.plugin.instructions.proxy_on_tick");
});

test("without deterministic mode nothing is counted", async () => {
  const { root } = await new WasmHost().load(
    await guest(`(func (export "proxy_on_tick") (param i32))`),
  );
  assert.equal(tick(root), undefined);
});
