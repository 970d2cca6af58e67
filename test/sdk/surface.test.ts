import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type Hostcall, hostcalls } from "@sluice/abi";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { ResponseHeaderMap } from "../../host/src/contracts/headers.ts";
import type { AsyncClientResponse } from "../../host/src/contracts/upstream/async-client.ts";
import { assemblyScript } from "../support/assemblyscript.ts";
import { FilterHarness, requestHead } from "../support/filter-harness.ts";
import { pluginSettings, WasmHost, wasmInstances } from "../support/wasm.ts";

const code = await assemblyScript("test/fixtures/wasm/assembly/sdk-surface.ts", {
  optimize: false,
});

interface Surface {
  readonly host: WasmHost;
  /** What a request with that `x-do` is answered. */
  readonly ask: (what: string) => string;
  readonly start: (what: string) => FilterHarness;
}

async function surface(configuration = '{"main":{"rate":1}}'): Promise<Surface> {
  const host = new WasmHost();
  const handle = await host.load(code, pluginSettings({ configuration }));
  const instances = { W: wasmInstances(handle) };
  const start = (what: string): FilterHarness => {
    const requestHeaders = requestHead(["x-do", what]);
    const { dispatcher } = host;
    const harness = new FilterHarness({ filters: ["W"], instances, requestHeaders, dispatcher });
    return harness.request(true);
  };
  host.logger.take();
  return { host, start, ask: (what) => Buffer.from(start(what).body, "latin1").toString() };
}

function answer(body: string): AsyncClientResponse {
  const headers = headerMapOf([[":status", "201"]]) as ResponseHeaderMap;
  return { headers, body: OwnedBuffer.latin1(body), trailers: undefined };
}

test("a filter can make every host call by way of the SDK's classes", () => {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(code)).map(({ name }) => name);
  const calls = Object.entries<Hostcall>(hostcalls)
    .filter(([, { versions }]) => versions.includes("0.2.1"))
    .map(([name]) => name);
  assert.deepEqual(imports.sort(), calls.sort());
});

test("Metric counts, measures and tells a refused change", async () => {
  const { ask } = await surface();
  assert.equal(ask("metrics"), "3 3 40 0 2");
  assert.equal(ask("metrics"), "6 43 40 0 2", "kept from stream to stream");
});

test("SharedData tells absent from failed and refuses what was overtaken", async () => {
  const { ask } = await surface();
  assert.equal(ask("shared"), "true 1 8 8 2 0");
});

test("SharedQueue hands its messages to who registered it", async () => {
  const { ask, host } = await surface();
  assert.equal(ask("queue"), "1 0 0");
  const deadline = performance.now() + 20_000;
  while (host.logger.lines.length === 0 && performance.now() < deadline) await setImmediate();
  assert.deepEqual(host.logger.take(), ["info wasm log: job clean true 0"]);
});

test("Plugin ticks and is asked before it goes", async () => {
  const { host } = await surface();
  host.dispatcher.advance(2000);
  assert.deepEqual(host.logger.take(), ["info wasm log: tick", "info wasm log: tick"]);
});

test("Property is typed, and tells absent, of another type, and set", async () => {
  const { ask } = await surface();
  assert.equal(ask("property"), "plugin true 1 0 true 9 0 made 4");
});

test("HeaderMap writes all headers at once and reads bytes", async () => {
  const { ask } = await surface();
  assert.equal(ask("headers"), "7 8 ü false 1");
});

test("HttpFilter hears of METADATA", async () => {
  const { host, start } = await surface();
  const stream = start("metadata");
  assert.equal(stream.status, "");
  stream.metadata("a", "b").respond(false);
  stream.terminal.decoder.encodeMetadata(
    new Map([
      ["a", "1"],
      ["b", "2"],
    ]),
  );
  assert.deepEqual(host.logger.take(), [
    "info wasm log plugin: request metadata 1",
    "info wasm log plugin: response metadata 2",
  ]);
});

test("callForeignFunction() gives bytes or says that there is no such function", async () => {
  const { ask } = await surface();
  assert.equal(ask("foreign"), "to be made smaller 1 true true");
});

test("HttpCall brings several answers to the streams that asked", async () => {
  const { host, start } = await surface();
  const one = start("calls");
  const two = start("calls");
  const { calls } = host.clusters;
  assert.equal(calls.length, 4);
  assert.equal(calls[0]!.request.headers.get(":path"), "/first");
  assert.equal(calls[0]!.request.headers.get("x-a"), "1");
  assert.equal(calls[0]!.request.body?.toString(), "ask");
  assert.equal(calls[0]!.request.headers.get(":authority"), "known");
  assert.equal(calls[1]!.request.headers.get(":authority"), "other");
  calls[3]!.callbacks.onSuccess(answer("d"));
  calls[0]!.callbacks.onSuccess(answer("a"));
  assert.equal(one.body, "", "still waits");
  calls[1]!.callbacks.onFailure("reset");
  calls[2]!.callbacks.onSuccess(answer("ccc"));
  assert.equal(one.body, "third 2; first 201 a 1; second failed: 11 reset");
  assert.equal(two.body, "third 2; second 201 d 1; first 201 ccc 3");
});

test("HttpCall forgets the answer to a stream that has ended", async () => {
  const { ask, host, start } = await surface();
  const stream = start("calls");
  stream.finish();
  const [first] = host.clusters.calls;
  first!.callbacks.onSuccess(answer("late"));
  assert.equal(ask("queue"), "1 0 0", "the plugin goes on");
});

test("resolveName() brings the addresses to the stream that asked", async () => {
  const { host, start } = await surface();
  const one = start("name");
  const two = start("name");
  const three = start("name");
  host.lookups[1]![1](["127.0.0.1:0", "[::1]:0"]);
  host.lookups[0]![1]([]);
  host.lookups[2]![1](undefined);
  assert.deepEqual([one.body, two.body, three.body], ["0", "2 127.0.0.1:0", "failed"]);
});

test("GrpcMethod says that there is no such cluster", async () => {
  const { ask } = await surface();
  const statuses = ask("grpc").split(" ");
  assert.equal(statuses.length, 5);
  for (const status of statuses) assert.notEqual(status, "0");
});

test("abort() tells the file, line and column of what was thrown", async () => {
  const { host, start } = await surface();
  assert.equal(start("abort").status, "503");
  const text = host.logger.lines.join("\n");
  assert.match(text, /critical wasm log plugin: on purpose at sdk-surface\.ts:\d+:\d+/);
});

test("ConfigObject takes what fits and its defaults", async () => {
  const full = await surface(
    `{"name": "a\\u00e4\\n", "strict": true, "hosts": ["x", "y"], "weights": [0.5, 2e1],
      "main": {"rate": 3}, "limits": [{"rate": 1, "burst": 2}, {"rate": 4}]}`,
  );
  assert.equal(full.ask("settings"), "aä\n true x+y 0.5+20.0 3.0/10 1.0/2+4.0/10");
  const none = await surface("");
  assert.equal(none.ask("settings"), "surface false all  1.0/10 ");
});

for (const [configuration, ...problems] of [
  ["[]", "$: must be an object"],
  ['{"name": 1}', "$.name: must be a text"],
  ['{"hosts": ["a", 2]}', "$.hosts[1]: must be a text"],
  [
    '{"limits": [{"rate": 1}, {"burst": 101}]}',
    "$.limits[1].rate: is missing",
    "$.limits[1].burst: must be a whole number from 1 to 100",
  ],
  ['{"main": {"rate": 1, "brust": 2}}', "$.main.brust: is not known; there are rate, burst"],
  ['{"name": "a",\n "name": "b"}', '2:8: "name" is there twice'],
  ['{"name": 01}', "1:12: this is no number"],
  ['{"name": "\\x"}', "1:11: there is no such escape"],
  ['{"name": "a"', "1:13: ',' or '}' is expected"],
  ["[".repeat(65), "1:66: nested too deeply"],
] as const) {
  test(`Configuration.into() names the place of what is wrong in ${configuration.slice(0, 45)}`, async () => {
    const host = new WasmHost();
    const refused = await host.prepare(code, pluginSettings({ configuration }));
    assert.match(refused as string, /proxy_on_configure returned false/);
    const expected = problems.map((text) => `error wasm log: configuration: ${text}`);
    assert.deepEqual(host.canaryLogger.take(), expected);
  });
}
