import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { claimEpochMemory, createEpochMemory } from "../../../../host/src/guest/limits/epoch.ts";
import { instantiateLimited } from "../../../../host/src/guest/limits/instance.ts";
import type { RewriteOptions } from "../../../../host/src/guest/limits/rewriter.ts";
import { assemblyScript } from "../../../support/assemblyscript.ts";
import { limitedExports, rewritten } from "../../../support/guarded.ts";
import { wat } from "../../../support/wat.ts";

type Exports = Record<string, (...args: unknown[]) => unknown>;

const epoch = createEpochMemory();
claimEpochMemory(epoch);

function outcome(run: () => unknown): string {
  try {
    const value = run();
    return Object.is(value, -0) ? "-0" : `${typeof value} ${String(value)}`;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

/** The ways in which modules are rewritten. */
const kinds: Readonly<Record<string, RewriteOptions>> = {
  limited: {},
  "limited, copied": { exportState: true },
  "limited, counted": { exportState: true, countInstructions: true },
};

for (const [kind, options] of Object.entries(kinds)) {
  test(`a ${kind} module computes what the module computes`, async () => {
    const bytes = await assemblyScript("test/fixtures/wasm/assembly/workload.ts");
    const imports = { env: { abort: () => assert.fail("abort"), proxy_log: () => 0 } };
    const plain = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
      .exports as Exports;
    const limited = limitedExports(bytes, epoch, imports, options);
    const same = (name: string, ...args: unknown[]): void => {
      const expected = outcome(() => plain[name]!(...args));
      assert.equal(
        outcome(() => limited[name]!(...args)),
        expected,
        `${name}(${args.join()})`,
      );
    };
    const i32 = fc.integer();
    fc.assert(
      fc.property(i32, i32, fc.double(), fc.bigInt(), fc.bigInt(), (a, b, x, m, n) => {
        same("fibonacci", a & 15);
        same("sortedChecksum", a, b & 127);
        same("textChecksum", a);
        same("floats", x, b & 31);
        same("longs", m, n);
        same("switches", a & 1023);
        same("fill", a & 4095);
        same("divide", a, b & 3);
      }),
      { numRuns: 40 },
    );
  });
}

// One of each kind of immediate, and each construct that holds blocks.
const instructions = `(module
  (memory 1) (table $t 4 funcref) (table $x 2 externref)
  (global $g (mut i64) (i64.const -5)) (tag $e (param i32))
  (type $ii (func (param i32) (result i32)))
  (elem (table $t) (i32.const 0) func $id $twice) (elem $passive func $id)
  (data $d "segment")
  (func $id (param i32) (result i32) (local.get 0))
  (func $twice (param i32) (result i32) (i32.mul (i32.const 2) (local.get 0)))
  (func (export "memory") (param i32) (result i64)
    (memory.init $d (i32.const 8) (i32.const 0) (i32.const 7))
    (memory.copy (i32.const 100) (i32.const 8) (i32.const 7))
    (memory.fill (i32.const 107) (i32.const 1) (i32.const 9))
    (data.drop $d)
    (i64.store16 offset=300 align=1 (local.get 0) (i64.const 77))
    (i64.add (i64.load offset=99 (i32.const 1)) (i64.load32_s offset=300 (local.get 0))))
  (func (export "tables") (param i32) (result i32)
    (table.init $t $passive (i32.const 2) (i32.const 0) (i32.const 1))
    (elem.drop $passive)
    (table.copy $t $t (i32.const 3) (i32.const 1) (i32.const 1))
    (table.set $x (i32.const 0) (ref.null extern))
    (i32.add
      (call_indirect $t (type $ii) (local.get 0) (i32.const 3))
      (i32.add (table.size $t) (ref.is_null (table.get $x (i32.const 0))))))
  (func (export "select") (param i32) (result i32)
    (drop (select (result funcref) (ref.func $id) (ref.null func) (local.get 0)))
    (select (i32.const 1) (i32.const 2) (local.get 0)))
  (func (export "blocks") (param i32) (result i32)
    (block $a (block $b (block $c (br_table $c $b $a (local.get 0)) (unreachable))
      (return (i32.const 10)))
      (return (if (result i32) (local.get 0) (then (i32.const 11)) (else (i32.const 12)))))
    (i32.const 9))
  (func (export "multi") (param i32 i32) (result i32)
    (local.get 0) (local.get 1)
    (block (param i32 i32) (result i32) (i32.sub))
    (loop (param i32) (result i32)))
  (func (export "exceptions") (param i32) (result i32)
    (try (result i32)
      (do (if (local.get 0) (then (throw $e (i32.const 41)))) (i32.const 1))
      (catch $e (i32.add (i32.const 1)))
      (catch_all (i32.const 3))))
  (func (export "tail") (param i32) (result i32) (return_call $twice (local.get 0)))
  (func (export "tailIndirect") (param i32) (result i32)
    (return_call_indirect $t (type $ii) (local.get 0) (i32.const 1)))
  (func (export "saturate") (param f64) (result i64) (i64.trunc_sat_f64_s (local.get 0)))
  (func (export "consts") (param f32) (result f64)
    (global.set $g (i64.const -9223372036854775808))
    (f64.add (f64.promote_f32 (f32.mul (local.get 0) (f32.const 1.5))) (f64.const -2.25e10)))
  (func (export "simd") (param i32) (result i32)
    (v128.store (i32.const 64) (i32x4.splat (local.get 0)))
    (i8x16.extract_lane_u 3
      (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
        (v128.load offset=64 (i32.const 0)) (v128.const i64x2 1 2))))
  (func (export "atomics") (param i32) (result i32)
    (atomic.fence)
    (i32.atomic.rmw.add offset=400 (i32.const 0) (local.get 0)))
  (func (export "sign") (param i32) (result i32) (i32.extend8_s (local.get 0)))
)`;

for (const [kind, options] of Object.entries(kinds)) {
  test(`a ${kind} module computes the same with every kind of instruction`, async () => {
    const bytes = await wat(instructions, { exceptions: true, tail_call: true, threads: true });
    const plain = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
    const limited = limitedExports(bytes, epoch, {}, options);
    const names = Object.keys(plain);
    assert.ok(names.length > 12);
    for (const name of names) {
      for (const argument of [0, 1, 2, 3, 255, -1]) {
        const expected = outcome(() => plain[name]!(argument, 5));
        assert.equal(
          outcome(() => limited[name]!(argument, 5)),
          expected,
          `${name}(${argument})`,
        );
      }
    }
  });
}

test("a large module of a C compiler stays valid and keeps its exports", () => {
  const file = path.join(
    path.dirname(createRequire(import.meta.url).resolve("wasmoon")),
    "glue.wasm",
  );
  const bytes = Uint8Array.from(readFileSync(file));
  const { bytes: limited, memory, info } = rewritten(bytes);
  assert.ok(info.functions.length > 500);
  const before = new WebAssembly.Module(bytes);
  const after = new WebAssembly.Module(limited);
  assert.deepEqual(WebAssembly.Module.exports(after), WebAssembly.Module.exports(before));
  const imports = Object.fromEntries(
    ["env", "wasi_snapshot_preview1"].map((module) => [
      module,
      Object.fromEntries(
        WebAssembly.Module.imports(before)
          .filter((entry) => entry.module === module)
          .map((entry) => [entry.name, () => 0]),
      ),
    ]),
  );
  assert.ok(instantiateLimited({ module: after, memory }, imports, epoch).memory);
});
