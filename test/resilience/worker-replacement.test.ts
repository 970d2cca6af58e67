import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { FakeClient, ask, askUntil, type Facts } from "../support/threads/fake-client.ts";
import { FakeProxy, anyPort } from "../support/threads/fake-proxy.ts";

interface Client {
  readonly client: FakeClient;
  readonly facts: Facts;
}

/** Connections on both workers. */
async function connectTo(target: number | string): Promise<Client[]> {
  const clients: Client[] = [];
  while (new Set(clients.map(({ facts }) => facts.worker)).size < 2) {
    for (let i = 0; i < 8; i += 1) {
      const client = new FakeClient(target);
      const facts = await client.ask("who");
      assert.ok(facts);
      clients.push({ client, facts });
    }
  }
  return clients;
}

/** Lets worker 0 fail in some way while both workers have connections and new ones come. */
async function failWorker(t: TestContext, how: "throw" | "exit" | "hang"): Promise<FakeProxy> {
  const proxy = new FakeProxy(t, { listeners: [anyPort] });
  const { pid, targets } = await proxy.live();
  const target = targets[0]!;
  const clients = await connectTo(target);
  const victims = clients.filter(({ facts }) => facts.worker === 0);
  const thread = victims[0]!.facts.thread;
  victims[0]!.client.send(how);
  // What the victim accepts before it fails ends with it.
  if (how === "hang") await victims[0]!.client.answer();
  else await victims[0]!.client.closed();
  // Later connections are answered, by the other worker or by the successor.
  const newcomers = await Promise.all(Array.from({ length: 20 }, () => ask(target)));
  for (const { client } of victims) await client.closed();
  const successor = await askUntil(target, (facts) => facts.worker === 0);
  assert.notEqual(successor.thread, thread);
  assert.deepEqual([successor.pid, successor.snapshot], [pid, 1], "same process, same state");
  for (const { client, facts } of clients) {
    if (facts.worker === 1) assert.deepEqual(await client.ask("who"), facts);
    client.close();
  }
  assert.ok(newcomers.every((facts) => facts !== undefined));
  proxy.child.kill("SIGTERM");
  assert.deepEqual(await proxy.ended(), { code: 0, signal: null });
  return proxy;
}

test("a worker that throws is replaced, and only its connections end", async (t) => {
  const proxy = await failWorker(t, "throw");
  assert.match(proxy.stderr, /\[error\]\[main\] worker_0 threw Error: thrown by a test\n/);
  assert.match(proxy.stderr, /\[info\]\[main\] worker_0 replaced after \d+ ms/);
});

test("a worker that exits is replaced, and only its connections end", async (t) => {
  const proxy = await failWorker(t, "exit");
  assert.match(proxy.stderr, /worker_0 ended with code 3; its connections are lost/);
});

test("a worker whose event loop stands still for 5 s is replaced, and only its connections end", async (t) => {
  const proxy = await failWorker(t, "hang");
  assert.match(proxy.stderr, /worker_0 hangs: its event loop stands still/);
});
