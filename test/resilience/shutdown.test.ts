import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { FakeClient, ask } from "../support/threads/fake-client.ts";
import { FakeProxy, anyPort } from "../support/threads/fake-proxy.ts";

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} lets requests in flight end, closes the rest and exits with 0`, async (t) => {
    const proxy = new FakeProxy(t, { listeners: [anyPort] });
    const { targets } = await proxy.live();
    const idle = new FakeClient(targets[0]!);
    await idle.ask("who");
    const busy = new FakeClient(targets[0]!);
    await busy.ask("who\nwait 500");
    proxy.child.kill(signal);
    await idle.closed();
    await stopsServing(targets[0]!);
    assert.notEqual(await busy.answer(), undefined, "the request in flight is answered");
    await busy.closed();
    assert.deepEqual(await proxy.ended(), { code: 0, signal: null });
  });
}

test("SIGTERM cuts what outlives --shutdown-grace-s", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort] }, ["--shutdown-grace-s", "1"]);
  const { targets } = await proxy.live();
  const busy = new FakeClient(targets[0]!);
  await busy.ask("who\nwait 60000");
  proxy.child.kill("SIGTERM");
  assert.equal(await busy.answer(), undefined);
  assert.deepEqual(await proxy.ended(), { code: 0, signal: null });
});

test("a second signal within a second is the same signal", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort] });
  const { targets } = await proxy.live();
  const busy = new FakeClient(targets[0]!);
  await busy.ask("who\nwait 300");
  proxy.child.kill("SIGTERM");
  await proxy.until(() => proxy.stderr.includes("shutting down"));
  proxy.child.kill("SIGINT");
  assert.notEqual(await busy.answer(), undefined);
  assert.deepEqual(await proxy.ended(), { code: 0, signal: null });
});

test("a second signal after more than a second ends everything at once", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort] }, ["--shutdown-grace-s", "3600"]);
  const { pid, targets } = await proxy.live();
  const busy = new FakeClient(targets[0]!);
  await busy.ask("who\nwait 3600000");
  proxy.child.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 1100));
  proxy.child.kill("SIGTERM");
  assert.equal(await busy.answer(), undefined);
  assert.deepEqual(await proxy.ended(), { code: 0, signal: null });
  assert.equal(existsSync(`/proc/${pid}`), false);
});

test("SIGTERM ends a data plane that is still starting", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort], neverLoads: true });
  const { pid } = proxy.child;
  // Its only child is the data plane; it has its handlers once it runs threads.
  while ((await childrenOf(pid!)).length === 0) await pause();
  proxy.child.kill("SIGTERM");
  assert.deepEqual(await proxy.ended(), { code: 0, signal: null });
});

test("SIGINT to the whole process group leaves nothing running", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort] });
  const { pid } = await proxy.live();
  for (const process_ of [proxy.child.pid!, pid]) process.kill(process_, "SIGINT");
  assert.deepEqual(await proxy.ended(), { code: 0, signal: null });
  assert.equal(existsSync(`/proc/${pid}`), false);
});

test("SIGHUP and SIGUSR1 are ignored by supervisor and data plane", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort] });
  const { pid, targets } = await proxy.live();
  for (const signal of ["SIGHUP", "SIGUSR1"] as const) {
    proxy.child.kill(signal);
    process.kill(pid, signal);
  }
  assert.equal((await ask(targets[0]!))?.pid, pid);
  assert.doesNotMatch(proxy.stderr, /Debugger/);
});

test("SIGTERM to the data plane ends everything in order", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort] });
  const { pid } = await proxy.live();
  process.kill(pid, "SIGTERM");
  assert.deepEqual(await proxy.ended(), { code: 0, signal: null });
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

async function childrenOf(pid: number): Promise<string[]> {
  const list = spawn("cat", [`/proc/${pid}/task/${pid}/children`]);
  let text = "";
  for await (const chunk of list.stdout) text += String(chunk);
  return text.split(" ").filter((word) => word !== "");
}

/** Workers hear of the shutdown one after the other; the test's runner ends a wait that has no end. */
async function stopsServing(target: Parameters<typeof ask>[0]): Promise<void> {
  while ((await ask(target)) !== undefined) await pause();
}
