import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { GuestShared } from "../../../../host/src/contracts/config/guests.ts";
import { sharedLimitDefaults } from "../../../../host/src/guest/shared/shared-limits.ts";
import {
  createGuestShared,
  GuestSharedState,
  limitGuestShared,
} from "../../../../host/src/guest/shared/shared-state.ts";

const { dataBytes, queueBytes, queuesBytes } = sharedLimitDefaults;

const ok = 0;
const casMismatch = 8;
const internalFailure = 10;

/** The same memory as two threads see it. */
function twoThreads(): [GuestSharedState, GuestSharedState, GuestShared] {
  const shared = createGuestShared();
  return [new GuestSharedState(shared), new GuestSharedState({ ...shared, thread: 2 }), shared];
}

function text(value: ReturnType<GuestSharedState["data"]["get"]>): string {
  if (value === undefined || value === "missing") return String(value);
  return `${Buffer.from(value.bytes).toString()} ${value.cas}`;
}

test("shared data is one for all threads, and kept apart by vm_id", () => {
  const [one, two] = twoThreads();
  assert.equal(one.data.set("a", "key", Buffer.from("first"), 0), ok);
  assert.equal(two.data.set("b", "key", Buffer.from("other"), 77), ok, "nothing to compare with");
  assert.equal(text(two.data.get("a", "key")), "first 1");
  assert.equal(text(one.data.get("b", "key")), "other 2");
  assert.equal(one.data.get("ak", "ey"), "missing");
  assert.equal(two.data.set("a", "key", Buffer.from("second"), 5), casMismatch);
  assert.equal(two.data.set("a", "key", Buffer.from("second"), 1), ok);
  assert.equal(two.data.set("a", "key", Buffer.from("third"), 0), ok);
  assert.equal(text(one.data.get("a", "key")), "third 4");
  assert.equal(one.data.set("a", "key", new Uint8Array(0), 0), ok);
  assert.equal(text(two.data.get("a", "key")), " 5");
});

test("shared data is capped, and has its room back when values shrink", () => {
  const [state] = twoThreads();
  const big = Buffer.alloc(dataBytes / 4 - 64);
  for (const key of ["1", "2", "3", "4"]) assert.equal(state.data.set("", key, big, 0), ok);
  assert.equal(state.data.set("", "5", big, 0), internalFailure);
  assert.equal(state.data.set("", "4", Buffer.from("x"), 0), ok);
  assert.equal(state.data.set("", "5", big.subarray(8), 0), ok);
});

test("shared data and queues are capped at what is configured, for all threads at once", () => {
  const [one, two, shared] = twoThreads();
  limitGuestShared(shared, { dataBytes: 100, queueBytes: 50, queuesBytes: 80 });
  assert.equal(two.data.set("", "k", Buffer.alloc(90), 0), ok);
  assert.equal(one.data.set("", "l", Buffer.alloc(9), 0), internalFailure);
  const [first, second] = [one.queues.register("", "a", 0)!, one.queues.register("", "b", 0)!];
  // An item has eight bytes besides its own.
  assert.equal(two.queues.enqueue(first, Buffer.alloc(43)), undefined);
  assert.notEqual(two.queues.enqueue(first, Buffer.alloc(42)), undefined);
  assert.equal(two.queues.enqueue(second, Buffer.alloc(23)), undefined);
  assert.notEqual(two.queues.enqueue(second, Buffer.alloc(22)), undefined);
});

test("what a vm_id names goes with its last VM, on whichever thread that is", () => {
  const [one, two] = twoThreads();
  one.hold("v");
  one.hold("v");
  two.hold("v");
  one.data.set("v", "key", Buffer.from("value"), 0);
  const queue = one.queues.register("v", "queue", 0)!;
  one.queues.enqueue(queue, Buffer.from("item"));
  one.release("v");
  one.release("v");
  assert.equal(text(two.data.get("v", "key")), "value 1");
  two.release("v");
  assert.equal(two.data.get("v", "key"), "missing");
  assert.equal(two.queues.dequeue(queue), "missing");
  assert.equal(two.queues.resolve("v", "queue"), 0);
});

test("queues hand items over in order, to whoever asks", () => {
  const [one, two] = twoThreads();
  const queue = one.queues.register("v", "q", 7)!;
  assert.equal(two.queues.resolve("v", "q"), queue);
  assert.equal(two.queues.resolve("", "q"), 0);
  assert.deepEqual(two.queues.enqueue(queue, Buffer.from("a")), {
    queue,
    thread: 1,
    registration: 7,
  });
  assert.equal(two.queues.register("v", "q", 3), queue, "what is in it stays");
  assert.deepEqual(one.queues.enqueue(queue, Buffer.from("b")), {
    queue,
    thread: 2,
    registration: 3,
  });
  assert.deepEqual(one.queues.dequeue(queue), Uint8Array.from(Buffer.from("a")));
  assert.deepEqual(two.queues.dequeue(queue), Uint8Array.from(Buffer.from("b")));
  assert.equal(one.queues.dequeue(queue), "empty");
  assert.equal(one.queues.dequeue(queue + 1), "missing");
  assert.equal(one.queues.enqueue(queue + 1, Buffer.from("c")), "missing");
});

test("queues are capped, each and together", () => {
  const [state] = twoThreads();
  const half = Buffer.alloc(queueBytes / 2 - 8);
  const first = state.queues.register("", "0", 0)!;
  assert.ok(state.queues.enqueue(first, half));
  assert.ok(state.queues.enqueue(first, half));
  assert.equal(state.queues.enqueue(first, Buffer.alloc(1)), undefined);
  state.queues.dequeue(first);
  assert.ok(state.queues.enqueue(first, half));
  let taken = 2;
  for (let i = 1; i < 20; i += 1) {
    const queue = state.queues.register("", String(i), 0)!;
    if (state.queues.enqueue(queue, half)) taken += 1;
    if (state.queues.enqueue(queue, half)) taken += 1;
  }
  assert.equal(taken, queuesBytes / (queueBytes / 2));
});

test("a thread that died inside the lock costs the others nothing", () => {
  const [main, worker, shared] = twoThreads();
  worker.hold("v");
  main.hold("v");
  const queue = main.queues.register("v", "q", 0)!;
  for (const item of ["a", "b"]) main.queues.enqueue(queue, Buffer.from(item));
  main.data.set("v", "key", Buffer.from("value"), 0);
  // As if it had been ended there.
  Atomics.store(new Int32Array(shared.memory), 0, 2);
  assert.equal(main.data.get("v", "key"), undefined, "its end is not known yet");
  main.onThreadGone(2);
  assert.equal(text(main.data.get("v", "key")), "value 1");
  assert.ok(main.queues.enqueue(queue, Buffer.from("c")));
  const items = ["", "", ""].map(() => Buffer.from(main.queues.dequeue(queue) as Uint8Array));
  assert.equal(items.join(""), "abc");
  main.release("v");
  assert.equal(main.data.get("v", "key"), "missing");
});

test("compare-and-swap and metrics lose nothing between real threads", async () => {
  const shared = createGuestShared();
  const state = new GuestSharedState(shared);
  const rounds = 300;
  const workers = [2, 3, 4].map((thread) => {
    const workerData = { shared: { ...shared, thread }, rounds };
    return new Worker(new URL("./fixtures/counting-thread.ts", import.meta.url), { workerData });
  });
  await Promise.all(workers.map((worker) => once(worker, "exit")));
  const counted = state.data.get("v", "count");
  assert.equal(text(counted).split(" ")[0], String(3 * rounds));
  assert.equal(state.metrics.define("counter", "rounds")!.value, BigInt(3 * rounds));
});

test("an item is told to the thread that registered last, and only there", async () => {
  const [one, two] = twoThreads();
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  one.channel.listen(1, (queue) => told.push(`one ${queue}`));
  two.channel.listen(1, (queue) => {
    told.push(`two ${queue}`);
    if (told.length === 2) resolve();
  });
  one.channel.tell({ queue: 5, thread: 1, registration: 1 });
  one.channel.tell({ queue: 6, thread: 2, registration: 2 });
  assert.deepEqual(told, [], "never inside the call");
  // The channel does not keep the process alive.
  const alive = setInterval(() => {}, 1000);
  await new Promise((done) => setImmediate(done));
  one.channel.tell({ queue: 7, thread: 2, registration: 1 });
  await promise;
  clearInterval(alive);
  assert.deepEqual(told, ["one 5", "two 7"]);
  one.close();
  two.close();
});

test("counters are shown by what they grew, gauges as they are", () => {
  const [one, two] = twoThreads();
  one.metrics.define("counter", "c")!.add(3n);
  two.metrics.define("counter", "c")!.add(4n);
  two.metrics.define("gauge", "g")!.set(-2n);
  const shown = new Map<string, number>();
  const stat = (name: string) => ({
    add: (amount: number) => shown.set(name, (shown.get(name) ?? 0) + amount),
    set: (value: number) => shown.set(name, value),
  });
  const scope = { counter: stat, gauge: stat } as never;
  one.metrics.show(scope);
  two.metrics.define("counter", "c")!.add(1n);
  one.metrics.show(scope);
  assert.deepEqual(
    [...shown],
    [
      ["c", 8],
      ["g", -2],
    ],
  );
});
