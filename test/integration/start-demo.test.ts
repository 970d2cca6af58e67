import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { copyCheckout } from "../support/checkout-copy.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask } from "../support/http-exchange.ts";
import { canConnect, freePort } from "../support/ports.ts";
import { RunningCommand, save } from "../support/running-command.ts";

// `npm start` in a checkout of its own: the newcomer's first minutes, in their order.

const checkout = copyCheckout({ after });
const [port, adminPort] = [await freePort(), await freePort()];
const luaSource = path.join(checkout, "sample-filters/hello-lua/hello.lua");
const wasmSource = path.join(checkout, "sample-filters/hello/assembly/index.ts");
const demoFolders = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("sluice-demo-"));
const foldersBefore = new Set(demoFolders());

const flags = ["--port", String(port), "--admin-port", String(adminPort), "--concurrency", "2"];
const demo = new RunningCommand({ after }, ["npm", "start", "--", ...flags], { cwd: checkout });
const clients: TestClient[] = [];
after(() => clients[0]?.[Symbol.asyncDispose]());

/** What the filters add, asked on the one connection that stays open. */
async function headers(): Promise<string[]> {
  const answer = await ask(clients[0]!);
  assert.equal(answer.status, 200);
  return ["x-hello-wasm", "x-hello-lua"].map((name) => answer.headers.get(name) ?? "missing");
}

test("npm start prints a tour of five lines when it serves", async () => {
  await demo.until("Ctrl-C ends it.\n");
  const at = demo.output.indexOf("Sluice runs.");
  const tour = demo.output.slice(at).split("\n").slice(0, 5);
  assert.match(tour[0]!, new RegExp(`curl -i http://127\\.0\\.0\\.1:${port}/$`));
  assert.match(tour[1]!, / sample-filters\/hello\/assembly\/index\.ts /);
  assert.match(tour[2]!, / sample-filters\/hello-lua\/hello\.lua /);
  assert.match(tour[3]!, new RegExp(`^Admin: +http://127\\.0\\.0\\.1:${adminPort}/$`));
  assert.equal(tour[4], "Ctrl-C ends it.");
});

test("the demo answers 200 with one header from each filter", async () => {
  clients.push(await TestClient.connect(port));
  assert.deepEqual(await headers(), ["hello, world", "Hello from Lua"]);
});

test("saving the Lua script swaps it", async () => {
  const from = demo.output.length;
  save(luaSource, "Hello from Lua", "Good day from Lua");
  await demo.until(`extension config 'hello-lua': version "2" is in force`, from);
  assert.deepEqual(await headers(), ["hello, world", "Good day from Lua"]);
});

test("saving the AssemblyScript filter compiles and swaps it", async () => {
  const from = demo.output.length;
  save(wasmSource, "`${this.greeting}, ${this.who}`", "`${this.greeting} again, ${this.who}`");
  await demo.until(`extension config 'hello': version "2" is in force`, from);
  assert.deepEqual(await headers(), ["hello again, world", "Good day from Lua"]);
});

test("a Lua script that does not compile is said with its place, and the old one goes on", async () => {
  const from = demo.output.length;
  save(luaSource, 'handle:headers():add("x-hello-lua"', 'handle:headers():add("x-hello-lua" oops');
  const said = await demo.until("The filter that runs stays.", from);
  assert.match(said, /^sample-filters\/hello-lua\/hello\.lua:10:38: .*'oops'/m);
  assert.deepEqual(await headers(), ["hello again, world", "Good day from Lua"]);
});

test("an AssemblyScript filter that does not compile is said with its place, and the old one goes on", async () => {
  const from = demo.output.length;
  save(wasmSource, "this.who = name;", "this.who = nobody;");
  const said = await demo.until("The filter that runs stays.", from);
  assert.match(said, /^sample-filters\/hello\/assembly\/index\.ts:\d+:\d+: .*'nobody'/m);
  assert.deepEqual(await headers(), ["hello again, world", "Good day from Lua"]);
});

test("a script that fails as it is loaded is refused by the proxy, and the old one goes on", async () => {
  const from = demo.output.length;
  save(luaSource, '"x-hello-lua" oops', '"x-hello-lua"');
  await demo.until("hello.lua saved: nothing is different", from);
  const later = demo.output.length;
  save(luaSource, "-- Adds", "nothing.at_all = 1 -- Adds");
  const said = await demo.until("The filter that runs stays.", later);
  assert.match(said, /hello-lua\.json:\d+:\d+: .*script load error: .*:1: .*nothing/);
  assert.match(said, /^sample-filters\/hello-lua\/hello\.lua:1:1: .*nothing/m);
  assert.deepEqual(await headers(), ["hello again, world", "Good day from Lua"]);
});

test("mended sources are swapped in again, on the connection of the first request", async () => {
  let from = demo.output.length;
  save(luaSource, "nothing.at_all = 1 -- Adds", "-- Adds");
  save(luaSource, "Good day from Lua", "Good night from Lua");
  await demo.until("extension config 'hello-lua': version", from);
  from = demo.output.length;
  save(wasmSource, "this.who = nobody;", "this.who = name;");
  await demo.until("index.ts saved: nothing is different", from);
  assert.deepEqual(await headers(), ["hello again, world", "Good night from Lua"]);
  assert.equal(clients[0]!.ended, false);
});

test("Ctrl-C leaves nothing running and nothing behind", async () => {
  const group = demo.pid;
  assert.ok(processesOf(group).length > 2, "npm, the demo, the proxy and its data plane");
  process.kill(-group, "SIGINT");
  await demo.untilEnded();
  assert.deepEqual(processesOf(group), []);
  assert.equal(await canConnect(port), false);
  assert.deepEqual(
    demoFolders().filter((name) => !foldersBefore.has(name)),
    [],
  );
});

/** Ids of the processes of a group. */
function processesOf(group: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && groupOf(name) === group)
    .map(Number);
}

function groupOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
  } catch {
    return undefined;
  }
}
