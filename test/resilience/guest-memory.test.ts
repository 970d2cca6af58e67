import assert from "node:assert/strict";
import { test } from "node:test";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { RequestHeaderMap } from "../../host/src/contracts/headers.ts";
import type {
  StreamDecoderFilterCallbacks,
  StreamEncoderFilterCallbacks,
} from "../../host/src/contracts/http/filter.ts";
import { WasmFilter } from "../../host/src/extensions/http-filters/wasm/wasm-filter.ts";
import type { WasmVm } from "../../host/src/guest/wasm/proxy-wasm/vm.ts";
import { collectGarbage } from "../support/collected.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";
import { guest } from "../support/wasm-guest.ts";

// The short form of test/endurance/wasm.ts: what is let go is let go of.

const tries = 50;

/** Makes and releases VMs; some of them fail before. */
async function usedAndReleased(host: WasmHost, count: number): Promise<WeakRef<WasmVm>[]> {
  const code = await guest(`
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $proxy_set_tick_period_milliseconds (i32.const 100))) (i32.const 1))
    (func (export "proxy_on_tick") (param i32))
    (func (export "proxy_on_queue_ready") (param i32 i32) (unreachable))`);
  const vms: WeakRef<WasmVm>[] = [];
  for (let i = 0; i < count; i += 1) {
    const handle = await host.load(code, pluginSettings({ configuration: `number ${i}` }));
    const { root } = handle;
    vms.push(new WeakRef(root.vm));
    if (i % 3 === 0) root.vm.call2(root, root.vm.exports.onQueueReady!, root.id, 1);
    handle.release();
  }
  return vms;
}

for (const [kind, cloneVms] of [
  ["cloned", true],
  ["started", false],
] as const) {
  test(`VMs that were ${kind} and released leave nothing behind`, async () => {
    const host = new WasmHost(undefined, undefined, { wasm: { cloneVms } });
    const vms = await usedAndReleased(host, 100);
    host.dispatcher.advance(1000);
    const alive = (): number => vms.filter((vm) => vm.deref() !== undefined).length;
    for (let i = 0; i < tries && alive() > 0; i += 1) await collectGarbage();
    assert.equal(alive(), 0);
    assert.deepEqual([host.runtime.vmCount, host.stats.active.value], [0, 0]);
  });
}

test("streams that have ended are not known to their VM any more", async () => {
  const callbacks = {
    mostSpecificPerFilterConfig: () => undefined,
  } as unknown as StreamDecoderFilterCallbacks & StreamEncoderFilterCallbacks;
  const headers = headerMapOf([[":path", "/"]]) as RequestHeaderMap;
  const { root } = await new WasmHost().load(
    await guest(
      `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))`,
    ),
  );
  for (let i = 0; i < 1000; i += 1) {
    const filter = new WasmFilter(root, { rootOfRoute: () => root });
    filter.setDecoderFilterCallbacks(callbacks);
    filter.setEncoderFilterCallbacks(callbacks);
    filter.decodeHeaders(headers, true);
    filter.onDestroy();
  }
  assert.equal(root.vm.contextCount, 1);
});
