import assert from "node:assert/strict";
import { test } from "node:test";
import { inputLimits } from "../../../../../../host/src/guest/limits/defaults.ts";
import { GuestCalls } from "../../../../../support/wasm-calls.ts";

const ok = 0;
const notFound = 1;
const badArgument = 2;
const invalidMemory = 6;
const internalFailure = 10;

const define = "proxy_define_metric";
const increment = "proxy_increment_metric";
const record = "proxy_record_metric";

/** The value that `proxy_get_metric` writes. */
function valueOf(calls: GuestCalls, id: number): bigint | string {
  const status = calls.call("proxy_get_metric", id, 32);
  return status === ok ? calls.vm.memory.bytes.readBigUInt64LE(32) : `status ${status}`;
}

test("metrics of the three types have ids of their own", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    assert.deepEqual(calls.getNumber(define, 0, "requests"), [ok, 4]);
    assert.deepEqual(calls.getNumber(define, 1, "level"), [ok, 5]);
    assert.deepEqual(calls.getNumber(define, 2, "size"), [ok, 6]);
    assert.deepEqual(calls.getNumber(define, 0, "more"), [ok, 8]);
    assert.deepEqual(calls.getNumber(define, 0, "requests"), [ok, 4], "defined before");
    assert.deepEqual(calls.getNumber(define, 3, "x"), [badArgument]);
    assert.equal(calls.call(define, 0, 65_530, 10, 16), invalidMemory);
    assert.equal(calls.call(define, 0, "x", 65_533), invalidMemory);
  });
});

test("counters go up, gauges both ways, histograms take values", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    const [, counter] = calls.getNumber(define, 0, "c");
    assert.equal(calls.call(increment, counter!, 1n), ok);
    assert.equal(calls.call(increment, counter!, 0n), badArgument);
    assert.equal(calls.call(increment, counter!, -1n), badArgument);
    assert.equal(calls.call(record, counter!, 3n), ok);
    assert.equal(valueOf(calls, counter!), 4n);
    const [, gauge] = calls.getNumber(define, 1, "g");
    assert.equal(calls.call(record, gauge!, 10n), ok);
    assert.equal(calls.call(increment, gauge!, -3n), ok);
    assert.equal(valueOf(calls, gauge!), 7n);
    const [, histogram] = calls.getNumber(define, 2, "h");
    assert.equal(calls.call(record, histogram!, 12n), ok);
    assert.equal(calls.call(increment, histogram!, 1n), badArgument);
    assert.equal(valueOf(calls, histogram!), `status ${badArgument}`);
    assert.equal(calls.call(increment, 4000, 1n), notFound);
    assert.equal(calls.call(increment, 4000, 0n), notFound, "before the amount is looked at");
    assert.equal(calls.call(record, 4002, 1n), notFound);
    assert.equal(valueOf(calls, 4001), `status ${notFound}`);
    assert.equal(calls.call(increment, 7, 1n), badArgument);
  });
});

test("metrics of one name are one in all VMs of the process", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    const [, id] = calls.getNumber(define, 0, "shared");
    calls.host.shared.metrics.define("counter", "wasmcustom.shared")!.add(40n);
    calls.call(increment, id!, 2n);
    assert.equal(valueOf(calls, id!), 42n);
  });
});

test("a VM may not define metrics without end", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    for (let i = 0; i < inputLimits.metrics; i += 1) {
      calls.vm.memory.writeLatin1(100, String(i).padStart(5));
      assert.equal(calls.call(define, 2, 100, 5, 16), ok);
    }
    assert.equal(calls.call(define, 2, "one more", 16), internalFailure);
    assert.equal(calls.call(define, 0, 8192, 2000, 16), internalFailure, "a long name");
  });
});
