import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import net from "node:net";
import { test } from "node:test";
import { FakeClient, ask, askUntil } from "../support/threads/fake-client.ts";
import { FakeProxy, anyPort } from "../support/threads/fake-proxy.ts";

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("supervisor() serves on the same port after SIGKILL of the data plane", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort] });
  const first = await proxy.live();
  const port = first.targets[0]!;
  const open = new FakeClient(port);
  await open.ask("who");
  process.kill(first.pid, "SIGKILL");
  await open.closed();
  // Nobody accepts now, yet nobody is refused: the connection waits in the supervisor's socket.
  const waiting = await ask(port);
  const second = await proxy.live(2);
  assert.equal(waiting?.pid, second.pid);
  assert.equal(second.targets[0], port);
  assert.match(proxy.stderr, /the data plane died of SIGKILL; starting it again now\n/);
  proxy.child.kill("SIGTERM");
  assert.deepEqual(await proxy.ended(), { code: 0, signal: null });
});

test("supervisor() loses only connections in flight when the data plane dies under load", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort] });
  const { pid, targets } = await proxy.live();
  let lost = 0;
  let answered = 0;
  let refused = 0;
  let stop = false;
  const client = async (): Promise<void> => {
    while (!stop) {
      const connection = new FakeClient(targets[0]!);
      connection.socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNREFUSED") refused += 1;
      });
      if ((await connection.ask("who")) === undefined) lost += 1;
      else answered += 1;
      connection.close();
    }
  };
  const clients = Array.from({ length: 20 }, client);
  for (let kills = 1; kills <= 2; kills += 1) {
    await askUntil(targets[0]!, (facts) => facts.snapshot === 1);
    process.kill(kills === 1 ? pid : (await proxy.live(kills)).pid, "SIGKILL");
    await proxy.live(kills + 1);
  }
  const before = answered;
  while (answered < before + 100) await new Promise((resolve) => setTimeout(resolve, 5));
  stop = true;
  await Promise.all(clients);
  assert.equal(refused, 0, "no connection is refused");
  assert.ok(lost <= 2 * clients.length, `only those in flight are lost (${lost})`);
});

test("supervisor() waits longer before each start when the data plane keeps dying", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort], dieWhenLive: true });
  await proxy.until(() => proxy.stderr.includes("in 400 ms"));
  const delays = [...proxy.stderr.matchAll(/starting it again (now|in \d+ ms)/g)].map((m) => m[1]);
  assert.deepEqual(delays.slice(0, 3), ["now", "in 100 ms", "in 200 ms"]);
  proxy.child.kill("SIGTERM");
  assert.equal((await proxy.ended()).code, 0, "also while it waits");
});

test("supervisor() gives the exit code of a data plane that never got ready", async (t) => {
  const config = new FakeProxy(t, { listeners: [], problem: "cluster 'x' does not exist" });
  assert.deepEqual(await config.ended(), { code: 78, signal: null });
  assert.match(config.stderr, /\[critical\]\[main\] cluster 'x' does not exist\n/);
  const other = new FakeProxy(t, { listeners: [], exitWhileLoading: 9 });
  assert.deepEqual(await other.ended(), { code: 9, signal: null });
});

test("supervisor() ends with code 78 when workers refuse the first configuration", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort], extension: { fail: "no such guest" } });
  assert.deepEqual(await proxy.ended(), { code: 78, signal: null });
  assert.match(proxy.stderr, /\[critical\]\[main\] worker_\d: no such guest\n/);
});

test("supervisor() names every port in use, opens none and ends with code 1", async (t) => {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as net.AddressInfo;
  const busy = { kind: "ip", ip: "127.0.0.1", port, family: 4 } as const;
  const proxy = new FakeProxy(t, { listeners: [anyPort, busy] });
  assert.deepEqual(await proxy.ended(), { code: 1, signal: null });
  assert.match(
    proxy.stderr,
    new RegExp(`listener 'listener_1': cannot listen on 127.0.0.1:${port}: address already in use`),
  );
  assert.deepEqual(proxy.lives, []);
});

test("the data plane ends in order when its supervisor is killed", async (t) => {
  const proxy = new FakeProxy(t, { listeners: [anyPort] });
  const { pid, targets } = await proxy.live();
  const busy = new FakeClient(targets[0]!);
  await busy.ask("who\nwait 300");
  proxy.child.kill("SIGKILL");
  assert.notEqual(await busy.answer(), undefined, "requests in flight end");
  await proxy.ended();
  await untilGone(pid);
  await assert.rejects(connect(targets[0] as number), { code: "ECONNREFUSED" });
});

function connect(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}
