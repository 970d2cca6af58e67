import assert from "node:assert/strict";
import { test } from "node:test";
import { rewriteModule } from "../../../../host/src/guest/limits/rewriter.ts";
import { limitedExports, ownBudget, rewritten } from "../../../support/guarded.ts";
import { assemblyScript } from "../../../support/assemblyscript.ts";
import { wat } from "../../../support/wat.ts";

const { epoch } = ownBudget();

async function refusal(text: string, features: Record<string, boolean> = {}): Promise<string> {
  const result = rewriteModule(await wat(text, features));
  assert.ok(!result.ok, "the module was accepted");
  return result.error;
}

test("rewriteModule() keeps what a module computes", async () => {
  const bytes = await wat(`(module
    (import "env" "double" (func $double (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $g (mut i32) (i32.const 7))
    (data (i32.const 16) "\\2a\\00\\00\\00")
    (table 2 funcref) (elem (i32.const 0) $fib $double)
    (type $t (func (param i32) (result i32)))
    (func $fib (export "fib") (param i32) (result i32)
      (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
        (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                       (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    (func (export "sum") (param i32) (result i32) (local $s i32)
      (loop $l
        (local.set $s (i32.add (local.get $s) (local.get 0)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if $l (local.get 0)))
      (local.get $s))
    (func (export "load") (result i32) (i32.load (i32.const 16)))
    (func (export "global") (result i32) (global.get $g))
    (func (export "indirect") (param i32 i32) (result i32)
      (call_indirect (type $t) (local.get 0) (local.get 1)))
  )`);
  const exports = limitedExports(bytes, epoch, { env: { double: (x: number) => x * 2 } });
  assert.equal(exports["fib"]!(15), 610);
  assert.equal(exports["sum"]!(100), 5050);
  assert.equal(exports["load"]!(), 42);
  assert.equal(exports["global"]!(), 7);
  assert.equal(exports["indirect"]!(21, 1), 42);
});

test("rewriteModule() caps the memory that a module defines", async () => {
  const bytes = await wat(`(module (memory (export "memory") 1 1000)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`);
  const exports = limitedExports(bytes, epoch, {}, { memoryBytes: 4 * 65_536 });
  assert.equal(exports["grow"]!(3), 1, "up to the cap it grows");
  assert.equal(exports["grow"]!(1), -1, "past it, it does not");
  const memory = exports["memory"] as unknown as WebAssembly.Memory;
  assert.equal(memory.buffer.byteLength, 4 * 65_536);
});

test("rewriteModule() caps the memory that a module imports", async () => {
  const bytes = await wat(`(module (import "env" "memory" (memory 2 1000))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`);
  const { memory } = rewritten(bytes, { memoryBytes: 3 * 65_536 });
  assert.deepEqual(memory, { module: "env", name: "memory", initial: 2, maximum: 3 });
  const exports = limitedExports(bytes, epoch, {}, { memoryBytes: 3 * 65_536 });
  assert.equal(exports["grow"]!(2), -1);
  assert.equal(exports["grow"]!(1), 2);
});

test("rewriteModule() keeps a smaller maximum of the module's own", async () => {
  const { memory } = rewritten(await wat(`(module (memory 1 2))`));
  assert.deepEqual(memory, { module: "__host", name: "mem", initial: 1, maximum: 2 });
});

test("rewriteModule() clamps tables", async () => {
  const bytes = await wat(`(module (table (export "t") 1 funcref)
    (func (export "grow") (param i32) (result i32)
      (table.grow 0 (ref.null func) (local.get 0))))`);
  const exports = limitedExports(bytes, epoch);
  assert.equal(exports["grow"]!(131_071), 1);
  assert.equal(exports["grow"]!(1), -1);
});

test("rewriteModule() rewrites a module without memory", async () => {
  const bytes = await wat(`(module (func (export "f") (param i32) (result i32)
    (loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0)))
    (i32.const 5)))`);
  assert.equal(rewritten(bytes).memory, undefined);
  assert.equal(limitedExports(bytes, epoch)["f"]!(10), 5);
});

test("rewriteModule() refuses by name what it does not support", async () => {
  assert.match(await refusal(`(module (memory i64 1))`, { memory64: true }), /64-bit memory/);
  assert.match(await refusal(`(module (memory 1 1 shared))`, { threads: true }), /shared memory/);
  assert.match(
    await refusal(`(module (import "__host" "epoch" (memory 1)))`),
    /imports from "__host" are not allowed/,
  );
  assert.match(await refusal(`(module (memory 2000))`), /131072000 bytes of memory, the limit/);
  assert.match(await refusal(`(module (table 200000 funcref))`), /200000 elements/);
  const component = Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
  const result = rewriteModule(component);
  assert.match(result.ok ? "" : result.error, /component; a core module/);
  assert.match(
    (rewriteModule(Uint8Array.from([1, 2, 3])) as { error: string }).error,
    /does not begin with/,
  );
});

test("rewriteModule() refuses garbage collection types and unknown sections", () => {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const gc = rewriteModule(Uint8Array.from([...header, 1, 3, 1, 0x5f, 0]));
  assert.match(gc.ok ? "" : gc.error, /garbage collection types/);
  const unknown = rewriteModule(Uint8Array.from([...header, 14, 0]));
  assert.match(unknown.ok ? "" : unknown.error, /section 14 is not known/);
  const twoMemories = rewriteModule(Uint8Array.from([...header, 5, 5, 2, 0, 1, 0, 1]));
  assert.match(twoMemories.ok ? "" : twoMemories.error, /multiple memories/);
});

test("rewriteModule() says what the engine finds wrong", async () => {
  const bytes = await wat(`(module (func (export "f") (result i32) (i32.const 1)))`);
  const broken = Uint8Array.from(bytes);
  broken[broken.lastIndexOf(0x41)] = 0x43; // i32.const becomes the start of an f32.const
  const result = rewriteModule(broken);
  assert.ok(!result.ok);
});

test("rewriteModule() drops custom sections other than names", async () => {
  const bytes = await wat(`(module (func $named (export "f") nop))`);
  const custom = [0, 5, 4, ...Buffer.from("junk")];
  const { bytes: limited } = rewritten(Uint8Array.from([...bytes, ...custom]));
  const module = new WebAssembly.Module(limited);
  assert.equal(WebAssembly.Module.customSections(module, "junk").length, 0);
  assert.equal(WebAssembly.Module.customSections(module, "name").length, 1);
});

test("rewriteModule() refuses every cut of a valid module", async () => {
  const bytes = await wat(`(module
    (import "env" "f" (func $f (param i32) (result i32)))
    (memory 1) (table 4 funcref) (elem (i32.const 0) $g)
    (func $g (export "g") (param i32) (result i32) (local i64 f64)
      (loop $l (drop (call $f (local.get 0))) (br_if $l (local.get 0)))
      (block $a (block $b (br_table $a $b (local.get 0))))
      (i32.const 3))
    (data (i32.const 0) "abc"))`);
  for (let length = 0; length < bytes.length; length += 1) {
    const result = rewriteModule(bytes.slice(0, length));
    // A cut between two sections can be a module in itself.
    if (result.ok) assert.ok(WebAssembly.validate(bytes.slice(0, length)));
  }
});

test("rewriteModule() refuses 1,000 cuts of a compiler's module", async () => {
  const bytes = await assemblyScript("test/fixtures/wasm/assembly/probe.ts");
  for (let i = 0; i < 1000; i += 1) {
    const length = Math.floor((i * bytes.length) / 1000);
    const result = rewriteModule(bytes.subarray(0, length));
    assert.ok(!result.ok, `cut to ${length} bytes it was accepted`);
    assert.ok(result.error.length > 0);
  }
});

test("rewriteModule() survives random changes to a valid module", async () => {
  const bytes = await wat(`(module (memory 1)
    (func $g (export "g") (param i32) (result i32)
      (loop $l (br_if $l (local.get 0))) (i32.load offset=8 (i32.const 3))))`);
  let seed = 12_345;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % n;
  };
  for (let round = 0; round < 1000; round += 1) {
    const changed = Uint8Array.from(bytes);
    for (let i = random(4); i >= 0; i -= 1) changed[random(changed.length)] = random(256);
    const result = rewriteModule(changed);
    if (result.ok) assert.ok(WebAssembly.validate(result.value.bytes), `round ${round}`);
    else assert.equal(typeof result.error, "string");
  }
});
