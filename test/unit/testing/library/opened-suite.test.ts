import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { openSuite, SuiteError } from "../../../../host/src/testing/index.ts";
import { folderWith, parityGuest } from "../../../support/suites.ts";
import { guest } from "../../../support/wasm-guest.ts";

const root = path.resolve(import.meta.dirname, "../../../..");
const filters = [{ file: parityGuest }];

test("openSuite() starts proxies with the filters of its fields", async () => {
  const suite = openSuite({ filters, servers: { callout: { body: "from the callout" } } });
  await using proxy = await suite.start({ upstream: { status: 201, body: "done" } });
  const response = await proxy.request({
    path: "/p",
    headers: { "x-do": "request-headers=call request-body=upper", "x-many": ["a", "b"] },
    chunks: ["ab", { hex: "6364" }],
  });
  assert.equal(response.status, 201);
  assert.equal(response.text, "done");
  assert.equal(response.header("Content-Length"), "4");
  const [received] = proxy.received();
  assert.equal(received!.path, "/p");
  assert.equal(received!.text, "ABCD");
  assert.equal(received!.header("X-Many"), "a,b");
  assert.equal(proxy.received("callout").length, 1);
  assert.ok(proxy.log.some(({ text }) => text.includes("from the callout")));
  assert.equal(await proxy.metric("cluster.upstream.upstream_rq_total"), 1);
  assert.equal(await proxy.metric("no.such"), undefined);
  const { instructions, hostCalls, allocations, allocatedBytes } = proxy.costs();
  for (const cost of [instructions, hostCalls, allocations, allocatedBytes]) assert.ok(cost > 0);
});

test("openSuite() gives each start a proxy of its own", async () => {
  const suite = openSuite({ filters });
  await using one = await suite.start();
  await using two = await suite.start();
  const count = { headers: { "x-do": "request-headers=shared" } };
  for (const proxy of [one, one, two]) await proxy.request(count);
  const said = [one, two].map(({ log }) =>
    log.flatMap(({ text }) => /shared \d/.exec(text)?.[0] ?? []),
  );
  assert.deepEqual(said, [["shared 1", "shared 2"], ["shared 1"]]);
});

test("a request can be left open, and the clock moved", async () => {
  await using proxy = await openSuite({ filters }).start();
  const open = await proxy.begin({
    headers: { "x-do": "request-body=buffer request-headers=tick" },
  });
  await open.send({ body: "ab" });
  assert.equal(open.soFar.complete, false);
  const before = proxy.log.length;
  await proxy.advance("100ms");
  await proxy.advance(50);
  assert.ok(proxy.log.slice(before).some(({ text }) => text.includes("tick")));
  await open.send({ body: "cd", end: true });
  assert.equal((await open.response()).status, 200);
  assert.equal(proxy.received()[0]!.text, "[abcd]");
});

test("a request without a response says so", async () => {
  await using proxy = await openSuite({ filters }).start({ upstream: { never: true } });
  const open = await proxy.begin();
  open.close();
  await using silent = await openSuite({ filters, routes: [] }).start();
  assert.equal((await silent.request()).status, 404);
});

test("connections go through network filters", async () => {
  const code = await guest(`(func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32) (i32.const 0))`);
  using folder = folderWith({ "pass.wasm": code });
  const suite = openSuite({ network_filters: [{ file: "pass.wasm" }] }, folder.path);
  await using proxy = await suite.start({ upstream: { echo: true } });
  const connection = await proxy.connect();
  await connection.send("ab", { hex: "ff" });
  assert.deepEqual(connection.received, Buffer.from("ab\xff", "latin1"));
  assert.deepEqual(proxy.receivedBytes(), [Buffer.from("ab\xff", "latin1")]);
  assert.equal(connection.closed, false);
  await proxy.reply({ send: ["c", "d"] });
  assert.equal(connection.received.subarray(3).toString(), "cd");
  await connection.end();
  assert.equal(connection.closed, true);
});

test("openSuite() runs the cases of a file, and starts its filters", async () => {
  const suite = openSuite(path.join(root, "sample-filters/auth/auth.test.yaml"));
  assert.ok(suite.cases.length > 1);
  for (const each of suite.cases) assert.deepEqual((await each.run()).failures, [], each.name);
  await using proxy = await suite.start();
  assert.equal((await proxy.request()).status, 401);
});

test("openSuite() says what is wrong", async () => {
  assert.throws(
    () => openSuite({ filters: [{ file: "nothing.wasm" }] }),
    (error) =>
      error instanceof SuiteError && /there is no file .*nothing\.wasm/.test(error.message),
  );
  assert.throws(() => openSuite("nothing.test.yaml"), SuiteError);
  using folder = folderWith({ "bad.lua": "function", "bad.wasm": "no module" });
  const lua = openSuite({ filters: [{ file: "bad.lua" }] }, folder.path);
  await assert.rejects(lua.start(), /^SuiteError: filters\[0\]\.file: .*'<name>' expected/);
  const wasm = openSuite({ filters: [{ file: "bad.wasm" }] }, folder.path);
  await assert.rejects(wasm.start(), SuiteError);
  await using proxy = await openSuite({ filters }).start();
  await assert.rejects(proxy.request({ path: "a b" }), /must be one word/);
});
