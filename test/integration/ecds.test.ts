import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { assemblyScript } from "../support/assemblyscript.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask, askOnce, parseAnswer, requestText } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  extensionResponse,
  httpListener,
  logLines,
  luaConfig,
  staticCluster,
  typeUrl,
  wasmConfig,
} from "../support/proxy-config.ts";
import { PushedFilter, refusals } from "../support/pushed-filter.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, SluiceProcess, startSluice } from "../support/sluice-process.ts";
import { wat } from "../support/wat.ts";

// Filters that are discovered from files, in the command itself with two workers.

const folder = scratchFolder({ after });
const module = path.join(folder, "hello.wasm");
writeFileSync(module, await assemblyScript("sample-filters/hello/assembly/index.ts"));

/** Answers at once; below /slow only when told, so that a stream stays in flight for as long as a test wants. */
const held: net.Socket[] = [];
const upstream = await TestUpstream.start((socket) => {
  const at = answering((head) => {
    if (!head.startsWith("GET /slow ")) return ok("now");
    held.push(socket);
    return "";
  });
  at(socket);
});
after(() => upstream[Symbol.asyncDispose]());

const hello = (greeting: string): JsonObject =>
  wasmConfig(module, { name: "hello", configuration: greeting });
const script = (version: string): JsonObject =>
  luaConfig(`function envoy_on_request(handle)
  handle:logInfo("asked")
end
function envoy_on_response(handle)
  handle:headers():add("x-lua", "${version}")
end`);

const wasm = new PushedFilter(folder, "wasm", ["wasm"], hello("first"));
const lua = new PushedFilter(folder, "lua", ["lua"], script("first"));
const port = await freePort();
const adminPort = await freePort();
const config = bootstrap(
  [httpListener({ port, filters: [wasm.entry(), lua.entry()] })],
  [staticCluster("upstream", [upstream.port])],
  adminAt(adminPort),
);
const sluice = new SluiceProcess({ after }, { folder, config, args: ["--concurrency", "2"] });

/** What the filters of a port have added to a response. */
async function versions(client: TestClient): Promise<string> {
  const { status, headers } = await ask(client);
  return `${status} ${headers.get("x-hello-wasm")} / ${headers.get("x-lua")}`;
}

test("the first versions are in force before the port opens", async () => {
  // Asked from the first moment on: until the port is open nobody answers.
  let first: string | undefined;
  while (first === undefined && sluice.exit === undefined) {
    await using client = await TestClient.connect(port).catch(() => undefined);
    if (client === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    else first = await versions(client);
  }
  assert.equal(first, "200 first, world / first", sluice.stderr);
  await sluice.ready();
});

test("a version is in force for the next request of an open connection", async () => {
  await using client = await TestClient.connect(port);
  assert.equal(await versions(client), "200 first, world / first");
  await wasm.push(sluice, "2", hello("second"));
  assert.equal(await versions(client), "200 second, world / first");
  await lua.push(sluice, "2", script("second"));
  assert.equal(await versions(client), "200 second, world / second");
});

test("streams in flight finish on the versions they began with", async () => {
  await using slow = await TestClient.connect(port);
  const before = held.length;
  slow.send(requestText({ path: "/slow" }));
  while (held.length === before) await new Promise((resolve) => setTimeout(resolve, 1));
  await wasm.push(sluice, "3", hello("third"));
  await lua.push(sluice, "3", script("third"));
  await using quick = await TestClient.connect(port);
  assert.equal(await versions(quick), "200 third, world / third");
  held[before]!.write(ok("late"), "latin1");
  const late = parseAnswer(await slow.response());
  assert.equal(late.body, "late");
  assert.equal(late.headers.get("x-hello-wasm"), "second, world");
  assert.equal(late.headers.get("x-lua"), "second");
  assert.equal(await versions(slow), "200 third, world / third");
});

test("all workers switch to a version", async () => {
  const clients: TestClient[] = [];
  const threads = (): Set<string> =>
    new Set(
      [...sluice.stderr.matchAll(/\[(\d+)\]\[info\]\[lua\] script log: asked/g)].map((m) => m[1]!),
    );
  // Until both workers have connections.
  do {
    for (let i = 0; i < 8; i += 1) clients.push(await TestClient.connect(port));
    for (const client of clients) await versions(client);
  } while (threads().size < 2);
  await lua.push(sluice, "4", script("fourth"));
  for (const client of clients) assert.equal(await versions(client), "200 third, world / fourth");
  for (const client of clients) await client[Symbol.asyncDispose]();
});

test("20 swaps of both filters under load fail no request, and none goes back", async () => {
  let stop = false;
  const failures: string[] = [];
  let answered = 0;
  const load = async (): Promise<void> => {
    await using client = await TestClient.connect(port);
    let last = [0, 0];
    while (!stop) {
      const { status, headers } = await ask(client);
      const seen = [headers.get("x-hello-wasm"), headers.get("x-lua")].map((value) =>
        Number(/^swap (\d+)/.exec(value ?? "")?.[1] ?? 0),
      );
      if (status !== 200 || seen.some((value, i) => value < last[i]!)) {
        failures.push(`${status} ${seen.join(" ")} after ${last.join(" ")}`);
      }
      last = seen;
      answered += 1;
    }
  };
  const clients = Array.from({ length: 16 }, load);
  for (let swap = 1; swap <= 20; swap += 1) {
    await Promise.all([
      wasm.push(sluice, `swap ${swap}`, hello(`swap ${swap}`)),
      lua.push(sluice, `swap ${swap}`, script(`swap ${swap}`)),
    ]);
  }
  stop = true;
  await Promise.all(clients);
  assert.deepEqual(failures, []);
  assert.ok(answered > 20);
  await using client = await TestClient.connect(port);
  assert.equal(await versions(client), "200 swap 20, world / swap 20");
});

const good = extensionResponse("lua", "x", script("x"));
const goodText = JSON.stringify(good);
const resource = (good["resources"] as JsonObject[])[0]!;
const brokenModule = path.join(folder, "broken.wasm");
writeFileSync(
  brokenModule,
  await wat(`(module (import "env" "proxy_nonsense" (func)) (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1")) (func (export "malloc") (param i32) (result i32) i32.const 0))`),
);
const noModule = path.join(folder, "no.wasm");
writeFileSync(noModule, "no module");

const router = (name: string): string => `envoy.extensions.filters.http.${name}.v3`;
const at = (column: number, place: string): string =>
  `rejected: lua.json:1:${column}: resources[0]${place}: `;
const wasmAt = (column: number, place: string): string =>
  `rejected: wasm.json:1:${column}: resources[0]${place}: `;
const count =
  "rejected: lua.json:1:%: resources: Unexpected number of resources in ExtensionConfigDS response: ";

/** Content, and how what is said of it begins. */
const badPushes: readonly [
  name: string,
  filter: PushedFilter,
  content: string | JsonObject,
  said: string,
][] = [
  ["is no YAML", lua, "version_info: [1", "failure: lua.json:1:17: "],
  ["is no message", lua, "[1, 2]", "failure: lua.json: the configuration is not a group of fields"],
  ["has no resource", lua, { version_info: "1" }, `${count.replace("%", "1")}0`],
  [
    "has two resources",
    lua,
    { version_info: "1", resources: [resource, resource] },
    `${count.replace("%", "21")}2`,
  ],
  [
    "has another name",
    lua,
    goodText.replace('"name":"lua"', '"name":"other"'),
    `${at(107, ".name")}Unexpected resource name in ExtensionConfigDS response: other; expected lua`,
  ],
  [
    "has a resource of another type",
    lua,
    { resources: [{ "@type": typeUrl("router") }] },
    `${at(16, ".@type")}${typeUrl("router")} does not match the message-wide type URL ${typeUrl("extension")} in DiscoveryResponse`,
  ],
  [
    "has another kind of filter",
    lua,
    extensionResponse("lua", "1", hello("x")),
    `${at(120, ".typed_config")}Error: filter config has type URL ${router("wasm")}.Wasm but expect ${router("lua")}.Lua.`,
  ],
  [
    "has a kind of filter that does not exist",
    lua,
    extensionResponse("lua", "1", { "@type": typeUrl("envoy.x.v3.X") }),
    `${at(120, ".typed_config")}there is no HTTP filter of type envoy.x.v3.X (asked for by "lua"); there are `,
  ],
  [
    "has a script that does not compile",
    lua,
    extensionResponse("lua", "1", luaConfig("function envoy_on_request(")),
    `${at(120, ".typed_config")}script load error: [string "function envoy_on_request("]:1: `,
  ],
  [
    "has a script that fails as it is loaded",
    lua,
    extensionResponse("lua", "1", luaConfig("local x = nil\nx.y = 1")),
    `${at(120, ".typed_config")}script load error: [string "local x = nil..."]:2: `,
  ],
  [
    "has a field that is refused",
    lua,
    extensionResponse("lua", "1", luaConfig("", { package_cpaths: ["/x/?.so"] })),
    `${at(250, ".typed_config.package_cpaths")}"package_cpaths" of envoy.extensions.filters.http.lua.v3.Lua: scripts cannot reach native code`,
  ],
  [
    "has a value that is refused",
    wasm,
    extensionResponse("wasm", "1", wasmConfig("m", { vm: { runtime: "x" } })),
    `${wasmAt(262, ".typed_config.config.vm_config.runtime")}"x" is not supported; use "envoy.wasm.runtime.v8", which runs the same modules`,
  ],
  [
    "has a module that does not verify",
    wasm,
    extensionResponse("wasm", "1", wasmConfig(noModule)),
    `${wasmAt(121, ".typed_config")}Unable to create Wasm plugin plugin: not a WebAssembly module: it does not begin with \\0asm`,
  ],
  [
    "has a module that lacks a host call",
    wasm,
    extensionResponse("wasm", "1", wasmConfig(brokenModule)),
    `${wasmAt(121, ".typed_config")}Unable to create Wasm plugin plugin: Failed to load Wasm module due to a missing import: env.proxy_nonsense`,
  ],
  [
    "has a module that is not there",
    wasm,
    extensionResponse("wasm", "1", wasmConfig("/nowhere.wasm")),
    `${wasmAt(304, ".typed_config.config.vm_config.code.local")}/nowhere.wasm: cannot read the file: it does not exist`,
  ],
];

for (const [name, filter, content, said] of badPushes) {
  test(`a push that ${name} changes nothing, and why is said once`, async () => {
    await using client = await TestClient.connect(port);
    const before = await versions(client);
    const earlier = refusals(sluice).length;
    const line = await filter.refused(sluice, content);
    const text = line.replace(/^extension config '\w+' /, "");
    assert.equal(text.slice(0, said.length), said, text);
    assert.equal(await versions(client), before);
    assert.equal(refusals(sluice).length, earlier + 1);
  });
}

test("good versions are taken after bad ones", async () => {
  await using client = await TestClient.connect(port);
  await wasm.push(sluice, "good", hello("good"));
  await lua.push(sluice, "good", script("good"));
  assert.equal(await versions(client), "200 good, world / good");
});

test("a field that is not known is skipped, and said once", async () => {
  await using client = await TestClient.connect(port);
  const more = { tomorrow: true };
  await lua.push(sluice, "newer", { ...script("newer"), ...more });
  await lua.push(sluice, "newest", { ...script("newest"), ...more });
  assert.equal(await versions(client), "200 good, world / newest");
  const said = sluice.lines.filter((line) => line.includes('"tomorrow"'));
  assert.equal(said.length, 1, said.join("\n"));
  const unknown = await statsBelow(adminPort, "server.dynamic_unknown_fields");
  assert.equal(unknown.get(""), 2);
  assert.match(said[0]!, /\[warning\]\[config\] .*lua\.json:1:\d+: .*unknown field "tomorrow"/);
});

test("what became of the versions is counted", async () => {
  const names = ["update_attempt", "update_success", "update_failure", "update_rejected"];
  const counts = async (name: string): Promise<(number | undefined)[]> => {
    const stats = await statsBelow(adminPort, `extension_config_discovery.http_filter.${name}.`);
    return [...names, "config_fail", "config_reload"].map((each) => stats.get(each));
  };
  const failures = badPushes.filter(([, , , said]) => said.startsWith("failure")).length;
  const refused = badPushes.filter(([, filter]) => filter === lua).length;
  // first, 2, 3, 4, 20 swaps, good, newer, newest
  const taken = 27;
  const expected = [taken + refused, taken, failures, refused - failures, refused, taken];
  assert.deepEqual(await counts("lua"), expected);
  // first, 2, 3, 20 swaps, good
  const others = badPushes.length - refused;
  assert.deepEqual(await counts("wasm"), [24 + others, 24, 0, others, others, 24]);
});

test("a filter whose first version is refused answers 500 with NFCF until a good one comes", async (t) => {
  const own = scratchFolder(t);
  const filter = new PushedFilter(own, "late", ["lua"], luaConfig("not lua"));
  const accessLog = path.join(own, "access.log");
  const ownPort = await freePort();
  const late = await startSluice(t, {
    folder: own,
    config: bootstrap(
      [httpListener({ port: ownPort, filters: [filter.entry()], accessLog })],
      [staticCluster("upstream", [upstream.port])],
    ),
  });
  assert.equal(refusals(late).length, 1, late.stderr);
  await using client = await TestClient.connect(ownPort);
  const refused = await ask(client, { path: "/early" });
  assert.deepEqual([refused.status, refused.body], [500, ""]);
  await filter.push(late, "2", script("at last"));
  const taken = await ask(client);
  assert.deepEqual([taken.status, taken.headers.get("x-lua")], [200, "at last"]);
  const [line] = await logLines(accessLog, 2);
  assert.match(line!, /"GET \/early HTTP\/1.1" 500 NFCF 0 0 /);
});

test("default_config serves until the first version comes, and while there is none", async (t) => {
  const own = scratchFolder(t);
  const waiting = new PushedFilter(own, "waiting", ["lua"], luaConfig("not lua"));
  const atOnce = new PushedFilter(own, "at-once", ["lua"], luaConfig("not lua"));
  const ownPort = await freePort();
  const filters = [
    waiting.entry({ default_config: script("default") }),
    atOnce.entry({
      default_config: script("default at once"),
      apply_default_config_without_warming: true,
    }),
  ];
  const sluiceOfOwn = await startSluice(t, {
    folder: own,
    config: bootstrap(
      [httpListener({ port: ownPort, filters })],
      [staticCluster("upstream", [upstream.port])],
    ),
  });
  await using client = await TestClient.connect(ownPort);
  const first = await ask(client);
  assert.equal(first.headers.get("x-lua"), "default at once, default");
  await waiting.push(sluiceOfOwn, "2", script("pushed"));
  const second = await ask(client);
  assert.equal(second.headers.get("x-lua"), "default at once, pushed");
});

test("discovery without node.id and node.cluster is refused; the command line can give them", async (t) => {
  const own = scratchFolder(t);
  const filter = new PushedFilter(own, "script", ["lua"], script("1"));
  const ownPort = await freePort();
  const { node: _node, ...rest } = bootstrap(
    [httpListener({ port: ownPort, filters: [filter.entry()] })],
    [staticCluster("upstream", [upstream.port])],
  );
  const refused = new SluiceProcess(t, { folder: own, config: rest });
  assert.deepEqual(await refused.ended(), { code: 78, signal: null });
  const critical = refused.lines.filter((line) => line.includes("[critical]"));
  assert.equal(critical.length, 1);
  assert.match(
    critical[0]!,
    /sluice\.json:\d+:\d+: static_resources\.listeners\[0\]\..*\.config_source: .*: node 'id' and 'cluster' are required/,
  );
  const args = ["--service-node", "n", "--service-cluster", "c"];
  await startSluice(t, { folder: own, config: rest, args });
  const answer = await askOnce(ownPort);
  assert.equal(answer.headers.get("x-lua"), "1");
});

test("a path that does not exist when the command starts is refused with its place", async (t) => {
  const config_ = bootstrap([
    httpListener({
      port: await freePort(),
      routes: [],
      filters: [new PushedFilter("/nowhere", "script", ["lua"]).entry()],
    }),
  ]);
  const refused = new SluiceProcess(t, { config: config_ });
  assert.deepEqual(await refused.ended(), { code: 78, signal: null });
  assert.match(
    refused.stderr,
    /sluice\.json:\d+:\d+: .*path_config_source\.path: paths must refer to an existing path in the system: '\/nowhere\/script\.json' does not exist\n/,
  );
});
