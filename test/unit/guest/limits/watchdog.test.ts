import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { Worker } from "node:worker_threads";
import { guestFrames } from "../../../../host/src/guest/limits/backtrace.ts";
import { createEpochMemory } from "../../../../host/src/guest/limits/epoch.ts";
import { instantiateLimited } from "../../../../host/src/guest/limits/instance.ts";
import { startWatchdog } from "../../../../host/src/guest/limits/watchdog.ts";
import { limitedExports, ownBudget, rewritten } from "../../../support/guarded.ts";
import { wat } from "../../../support/wat.ts";

const failures: Error[] = [];
const watchdog = startWatchdog((error) => failures.push(error));
after(async () => {
  await watchdog.stop();
  assert.deepEqual(failures, [], "the watchdog ended on its own");
});
const { epoch, budget } = ownBudget();
const watched = watchdog.watch(epoch);

function guarded(run: () => unknown, budgetMs = 10): { error: unknown; condemned: boolean } {
  let error: unknown;
  budget.enter(budgetMs);
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  return { error, condemned: budget.leave() };
}

const spin = `(func $spin (export "spin") (loop $l (br $l)))`;

test("a watched endless loop traps, and the thread goes on", async () => {
  const exports = limitedExports(
    await wat(`(module (memory 1) ${spin}
    (func (export "ok") (result i32) (i32.const 1)))`),
    epoch,
  );
  const before = watched.condemned;
  for (let i = 0; i < 3; i += 1) {
    const { error, condemned } = guarded(() => exports["spin"]!());
    assert.ok(error instanceof WebAssembly.RuntimeError);
    assert.match(error.message, /unreachable/);
    assert.ok(condemned);
    assert.deepEqual(
      guarded(() => exports["ok"]!()),
      { error: undefined, condemned: false },
    );
  }
  assert.equal(watched.condemned, before + 3);
});

test("a watched endless loop traps in a module without memory", async () => {
  const exports = limitedExports(await wat(`(module ${spin})`), epoch);
  assert.ok(guarded(() => exports["spin"]!()).condemned);
});

test("a watched endless loop traps in a module that imports its memory", async () => {
  const exports = limitedExports(
    await wat(`(module (import "env" "memory" (memory 1)) ${spin})`),
    epoch,
  );
  assert.ok(guarded(() => exports["spin"]!()).condemned);
});

test("a watched call tree that doubles at each level traps", async () => {
  const levels = Array.from(
    { length: 60 },
    (_, i) => `(func $f${i} (call $f${i + 1}) (call $f${i + 1}))`,
  );
  const exports = limitedExports(
    await wat(`(module ${levels.join("")} (func $f60 nop) (export "f" (func $f0)))`),
    epoch,
  );
  assert.ok(guarded(() => exports["f"]!()).condemned);
});

test("a watched tail call to itself traps", async () => {
  const exports = limitedExports(
    await wat(`(module (func $f (export "f") (return_call $f)))`, { tail_call: true }),
    epoch,
  );
  assert.ok(guarded(() => exports["f"]!()).condemned);
});

test("a guest cannot catch being stopped", async () => {
  const exports = limitedExports(
    await wat(
      `(module (func $spin (loop $l (br $l)))
        (func (export "f") (loop $again (try (do (call $spin)) (catch_all)) (br $again))))`,
      { exceptions: true },
    ),
    epoch,
  );
  const { error, condemned } = guarded(() => exports["f"]!());
  assert.ok(error instanceof WebAssembly.RuntimeError);
  assert.ok(condemned);
});

test("GuestBudget.condemn() stops a guest that catches the host's exception", async () => {
  const exports = limitedExports(
    await wat(
      `(module (import "env" "fail" (func $fail))
        (func (export "f") (loop $again (try (do (call $fail)) (catch_all)) (br $again))))`,
      { exceptions: true },
    ),
    epoch,
    {
      env: {
        fail() {
          budget.condemn();
          throw new Error("not allowed");
        },
      },
    },
  );
  const { error, condemned } = guarded(() => exports["f"]!(), 1000);
  assert.ok(error instanceof WebAssembly.RuntimeError);
  assert.ok(condemned);
});

test("deep recursion ends as an exception of the engine's own", async () => {
  const exports = limitedExports(
    await wat(`(module (func $f (export "f") (param i32) (result i32)
      (i32.add (i32.const 1) (call $f (local.get 0)))))`),
    epoch,
  );
  assert.ok(guarded(() => exports["f"]!(1), 5000).error instanceof RangeError);
});

test("GuestBudget.leave() tells nothing when the call was short", async () => {
  const exports = limitedExports(await wat(`(module (func (export "f")))`), epoch);
  for (let i = 0; i < 20_000; i += 1) assert.ok(!guarded(() => exports["f"]!()).condemned);
});

test("GuestBudget.enter() inside a call keeps the outer call's budget", async () => {
  const exports = limitedExports(
    await wat(`(module (import "env" "inner" (func $inner)) (func (export "f") (call $inner))
      ${spin})`),
    epoch,
    { env: { inner: () => assert.ok(guarded(() => exports["spin"]!(), 5000).condemned) } },
  );
  const { error, condemned } = guarded(() => exports["f"]!(), 10);
  assert.equal(error, undefined, "the outer call had nothing left to do");
  assert.ok(condemned);
  assert.ok(!budget.entered);
});

test("a start section is stopped as well", async () => {
  const { bytes, memory } = rewritten(await wat(`(module (func $s (loop $l (br $l))) (start $s))`));
  const module = new WebAssembly.Module(bytes);
  const { error, condemned } = guarded(() => instantiateLimited({ module, memory }, {}, epoch));
  assert.ok(error instanceof WebAssembly.RuntimeError);
  assert.ok(condemned);
});

test("guestFrames() names the functions and gives offsets of the original module", async () => {
  const bytes = await wat(`(module (memory 1)
    (func $inner (param i32) (loop $l (br_if $l (i32.eqz (local.get 0)))) unreachable)
    (func $outer (export "outer") (call $inner (i32.const 1))))`);
  const { bytes: limited, memory, offsets } = rewritten(bytes);
  const module = new WebAssembly.Module(limited);
  const { instance } = instantiateLimited({ module, memory }, {}, epoch);
  const { error } = guarded(instance.exports["outer"] as () => void);
  const frames = guestFrames(error, offsets);
  const original = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  let plain: unknown;
  try {
    (original.exports["outer"] as () => void)();
  } catch (thrown) {
    plain = thrown;
  }
  const unmapped = guestFrames(plain, new Uint32Array(new SharedArrayBuffer(0)));
  assert.equal(frames.length, 2);
  assert.deepEqual(frames, unmapped);
  assert.deepEqual(
    frames.map((frame) => frame.name),
    ["inner", "outer"],
  );
});

test("Watchdog.watch() takes up a thread that replaces another", async () => {
  const bytes = rewritten(await wat(`(module ${spin})`)).bytes;
  for (let generation = 0; generation < 2; generation += 1) {
    const memory = createEpochMemory();
    const registered = watchdog.watch(memory);
    const worker = new Worker(new URL("./fixtures/spinning-thread.ts", import.meta.url), {
      workerData: { memory, bytes },
    });
    const [message] = await once(worker, "message");
    assert.deepEqual(message, { trapped: true, condemned: true });
    assert.equal(registered.condemned, 1);
    await worker.terminate();
    registered.unwatch();
  }
});
