import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import type { ClusterConfig } from "../../../host/src/contracts/config/snapshot.ts";
import { FakeClient, ask, askUntil } from "../../support/threads/fake-client.ts";
import { TestPool, emptyUpdate, push } from "../../support/threads/pool.ts";

const openFiles = (): number => readdirSync("/proc/self/fd").length;

/** Asks until every worker has answered, and gives their answers by worker. */
async function everyWorker(pool: TestPool, count: number): Promise<Map<number, string>> {
  const seen = new Map<number, string>();
  while (seen.size < count) {
    // Held open together: the kernel then hands them to different workers.
    const clients = Array.from({ length: 8 }, () => new FakeClient(pool.port));
    for (const client of clients) {
      const facts = await client.ask("who");
      if (facts !== undefined) seen.set(facts.worker, `${facts.snapshot} ${facts.versions}`);
    }
    for (const client of clients) client.close();
  }
  return seen;
}

test("WorkerPool.apply() commits on every worker when all have staged", async (t) => {
  const pool = new TestPool(t, 2);
  await pool.serve();
  const result = await pool.pool.apply(push(2, "v2"));
  assert.ok(result.ok);
  assert.ok(result.value.committedMs >= result.value.stagedMs);
  assert.deepEqual([...new Set((await everyWorker(pool, 2)).values())], ["2 filter=v2"]);
});

test("WorkerPool.apply() changes nothing when one worker cannot stage", async (t) => {
  const pool = new TestPool(t, 2);
  await pool.serve();
  const result = await pool.pool.apply(push(2, "v2", { worker: 1, fail: "the guest is broken" }));
  assert.deepEqual(result, { ok: false, error: "worker_1: the guest is broken" });
  assert.deepEqual([...new Set((await everyWorker(pool, 2)).values())], ["1 filter=v1"]);
  const good = await pool.pool.apply(push(3, "v3"));
  assert.ok(good.ok, "the refused update is no burden for the next");
  assert.deepEqual([...new Set((await everyWorker(pool, 2)).values())], ["3 filter=v3"]);
});

test("WorkerPool.apply() undoes an update that is not staged in time", async (t) => {
  const pool = new TestPool(t, 2, { stageDeadlineMs: 1000 });
  await pool.serve();
  const result = await pool.pool.apply(push(2, "v2", { worker: 0, delayMs: 1500 }));
  assert.deepEqual(result, { ok: false, error: "not all workers were ready within 1 s" });
  assert.ok((await pool.pool.apply(push(3, "v3"))).ok, "the late stage was dropped");
  assert.deepEqual([...new Set((await everyWorker(pool, 2)).values())], ["3 filter=v3"]);
  assert.deepEqual(
    pool.life.filter((event) => event.startsWith("gone")),
    [],
  );
});

test("WorkerPool.apply() gives the first configuration longer", async (t) => {
  const pool = new TestPool(t, 1, { stageDeadlineMs: 100 });
  await pool.serve({ delayMs: 400 });
  assert.equal((await ask(pool.port))?.versions, "filter=v1");
  assert.deepEqual(pool.lines, []);
});

test("WorkerPool.apply() replaces a worker that does not stop building", async (t) => {
  const pool = new TestPool(t, 2, { stageDeadlineMs: 1000 });
  await pool.serve();
  const result = await pool.pool.apply(push(2, "v2", { worker: 0, never: true }));
  assert.ok(!result.ok);
  await pool.until(() => pool.lines.some((line) => line.includes("worker_0 replaced")));
  assert.deepEqual([...new Set((await everyWorker(pool, 2)).values())], ["1 filter=v1"]);
});

test("WorkerPool.apply() fails when a worker dies while it stages", async (t) => {
  const pool = new TestPool(t, 2);
  await pool.serve();
  const result = await pool.pool.apply(push(2, "v2", { worker: 1, exit: true }));
  assert.deepEqual(result, { ok: false, error: "worker_1: worker_1 ended with code 7" });
  assert.ok((await pool.pool.apply(push(3, "v3"))).ok, "waits for the replacement");
  assert.deepEqual([...new Set((await everyWorker(pool, 2)).values())], ["3 filter=v3"]);
});

test("WorkerPool.apply() lets an update wait while another is staged", async (t) => {
  const pool = new TestPool(t, 2);
  await pool.serve();
  const order: string[] = [];
  const slow = pool.pool.apply(push(2, "v2", { delayMs: 200 })).then(() => order.push("slow"));
  const quick = pool.pool.apply(push(3, "v3")).then(() => order.push("quick"));
  await Promise.all([slow, quick]);
  assert.deepEqual(order, ["slow", "quick"]);
  assert.deepEqual([...new Set((await everyWorker(pool, 2)).values())], ["3 filter=v3"]);
});

test("WorkerPool.apply() undoes the update when beforeCommit refuses it", async (t) => {
  const pool = new TestPool(t, 1);
  await pool.serve();
  const refuse = async () => ({ ok: false, error: "no port" }) as const;
  assert.deepEqual(await pool.pool.apply(push(2, "v2"), refuse), { ok: false, error: "no port" });
  assert.equal((await ask(pool.port))?.versions, "filter=v1");
});

test("WorkerPool replaces a worker that throws, with the committed state", async (t) => {
  const pool = new TestPool(t, 1);
  await pool.serve();
  await pool.pool.apply(push(2, "v2"));
  const before = await ask(pool.port);
  const files = openFiles();
  assert.equal(await ask(pool.port, "throw"), undefined);
  const after = await askUntil(pool.port, () => true);
  assert.deepEqual([after.snapshot, after.versions], [2, "filter=v2"]);
  assert.notEqual(after.thread, before?.thread);
  await pool.until(() => pool.lines.some((line) => line.startsWith("info worker_0 replaced")));
  assert.match(pool.lines[0]!, /^error worker_0 threw Error: thrown by a test\n/);
  assert.deepEqual(pool.life, ["born 0", "started 0", "gone 0", "born 0", "started 0"]);
  // Sockets of the questions may still be on their way out.
  for (let tries = 0; tries < 1000 && openFiles() > files; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(openFiles() <= files, "no descriptor is left behind");
});

test("WorkerPool replaces a worker whose event loop stands still, and others go on", async (t) => {
  const pool = new TestPool(t, 2, { heartbeatLimitMs: 1000, heartbeatCheckMs: 50 });
  await pool.serve();
  const clients = Array.from({ length: 16 }, () => new FakeClient(pool.port));
  const places = await Promise.all(clients.map((client) => client.ask("who")));
  const stuck = places[0]!.worker;
  clients[0]!.send("hang");
  await clients[0]!.closed();
  await askUntil(pool.port, (facts) => facts.worker === stuck);
  for (const [i, client] of clients.entries()) {
    if (places[i]!.worker === stuck) await client.closed();
    else assert.equal((await client.ask("who"))?.thread, places[i]!.thread);
    client.close();
  }
  assert.match(pool.lines.join("\n"), /hangs: its event loop stands still/);
});

test("WorkerPool gives a worker born during a stage what is committed meanwhile", async (t) => {
  const pool = new TestPool(t, 2);
  await pool.serve();
  for (let i = 2; i < 8; i += 1) {
    void pool.pool.terminate(i % 2, "killed by a test");
    const result = await pool.pool.apply(push(i, `v${i}`));
    // Whoever dies in the middle refuses the update; a second try reaches its successor.
    if (!result.ok) assert.ok((await pool.pool.apply(push(i, `v${i}`))).ok);
  }
  assert.deepEqual([...new Set((await everyWorker(pool, 2)).values())], ["7 filter=v7"]);
});

test("WorkerPool sets a dead worker's row of shared counts to zero", async (t) => {
  const pool = new TestPool(t, 2);
  await pool.serve();
  const resourceCounts = new SharedArrayBuffer(256 * 8 * 4);
  const counts = new Int32Array(resourceCounts).fill(7);
  const cluster = { name: "c", resourceCounts } as unknown as ClusterConfig;
  assert.ok((await pool.pool.apply(emptyUpdate(2, [], [cluster]))).ok);
  await pool.pool.terminate(1, "killed by a test");
  await pool.until(() => pool.life.includes("gone 1"));
  assert.deepEqual([...counts.subarray(0, 8)], Array(8).fill(7), "worker 0");
  assert.deepEqual([...counts.subarray(8, 16)], Array(8).fill(0), "worker 1");
  assert.deepEqual([...counts.subarray(16, 24)], Array(8).fill(7), "worker 2");
});

test("WorkerPool gives up when workers die again and again", async (t) => {
  const pool = new TestPool(t, 1, { replacementsPerMinute: 2 });
  await pool.serve();
  for (let i = 0; i < 3; i += 1) {
    const { thread } = await askUntil(pool.port, () => true);
    await ask(pool.port, "exit");
    if (i < 2) await askUntil(pool.port, (facts) => facts.thread !== thread);
  }
  await pool.until(() => pool.fatal.length > 0);
  assert.deepEqual(pool.fatal, ["more than 2 workers died in a minute"]);
});

test("WorkerPool.start() tells why a runtime cannot be made", async (t) => {
  const pool = new TestPool(t, 2);
  pool.logPath = "refuse";
  assert.equal(await pool.start(), "no runtime for a test");
});

test("WorkerPool.shutDown() lets requests in flight end and closes idle connections", async (t) => {
  const pool = new TestPool(t, 2);
  await pool.serve();
  const idle = new FakeClient(pool.port);
  await idle.ask("who");
  const busy = new FakeClient(pool.port);
  await busy.ask("who\nwait 300");
  const ended = pool.pool.shutDown(10_000);
  await idle.closed();
  assert.notEqual(await busy.answer(), undefined, "the answer arrives");
  await busy.closed();
  await ended;
  assert.deepEqual(pool.fatal, []);
});

test("WorkerPool.shutDown() ends what outlives the grace", async (t) => {
  const pool = new TestPool(t, 1);
  await pool.serve();
  const busy = new FakeClient(pool.port);
  await busy.ask("who\nwait 60000");
  await pool.pool.shutDown(100);
  await busy.closed();
});
