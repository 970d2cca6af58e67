import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { PluginInstances } from "../../host/src/extensions/http-filters/wasm/plugin-instances.ts";
import { FilterHarness, requestHead } from "../support/filter-harness.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";
import { WatTexts } from "../support/wat-texts.ts";

// Thirty things that hosts of Proxy-Wasm get wrong, and the test that holds each. Those without a test elsewhere
// stand below; that the others exist is looked up.

const wasm = "unit/guest/wasm";
const calls = `${wasm}/proxy-wasm/hostcalls`;
const filter = "unit/extensions/http-filters/wasm/wasm-filter.test.ts";
const here = "conformance/proxy-wasm-checklist.test.ts";
const expectations = "conformance/proxy-wasm-expectations.test.ts";
const host = "conformance/proxy-wasm-host.test.ts";

/** What hosts get wrong, the file and the name of the test. */
const thirty: readonly (readonly [what: string, file: string, name: string])[] = [
  [
    "1 the ABI marker is an exported function",
    "unit/abi/imports.test.ts",
    "abiVersionOf() reads the marker",
  ],
  ["2 malloc before proxy_on_memory_allocate", here, "2: malloc is asked before"],
  ["3 exact sizes, never 0", here, "3: results are allocated exactly"],
  [
    "4 numbers are unsigned",
    `${wasm}/engine/guest-memory.test.ts`,
    "takes pointers and sizes as unsigned",
  ],
  [
    "5 views after growth",
    `${wasm}/engine/guest-memory.test.ts`,
    "follows the memory when it grows",
  ],
  [
    "6 little endian, unaligned",
    `${wasm}/engine/guest-memory.test.ts`,
    "writes little endian, aligned or not",
  ],
  ["7 i64 as BigInt", `${calls}/metrics.test.ts`, "counters go up, gauges both ways"],
  ["8 header values are bytes", `${calls}/headers.test.ts`, "gives the first value, in bytes"],
  ["9 StopIteration stops everything", expectations, "of request headers stops headers and body"],
  ["10 a local response wins over Continue", filter, "though the guest returns Continue"],
  ["11 nothing acts while the guest runs", host, "15: continue_stream, send_local_response"],
  ["12 local responses pass the response callbacks", filter, "goes through the response callbacks"],
  [
    "13 calls belong to the root",
    `${calls}/http-call.test.ts`,
    "an answer comes to the root context",
  ],
  ["14 a failed call is a callback", host, "13: a call that is reset"],
  ["15 a missing header", `${calls}/headers.test.ts`, "0.1.0 does not tell a missing header"],
  ["16 first value, all pairs", `${calls}/headers.test.ts`, "lists every entry"],
  ["17 maps that are not there", `${calls}/headers.test.ts`, "then whether the map is there"],
  [
    "18 statuses that SDKs know",
    "conformance/proxy-wasm-hostcalls.test.ts",
    "with success or a trap",
  ],
  ["19 set_buffer_bytes", `${calls}/buffer.test.ts`, "the middle is refused"],
  ["20 a buffered body is whole", expectations, "7: a buffering guest sees all"],
  ["21 compare-and-swap", `${calls}/shared.test.ts`, "shared data is set, read and compared"],
  ["22 queues", `${calls}/shared.test.ts`, "on_queue_ready comes later"],
  ["23 the effective context", `${calls}/headers.test.ts`, "until the callback ends"],
  ["24 log, done, delete", here, "24, 25: a stream ends with"],
  ["25 on_done of a stream", here, "24, 25: a stream ends with"],
  ["26 start functions", `${wasm}/runtime.test.ts`, "a host call in a start function"],
  ["27 a trap fails the VM", filter, "other streams of a failed VM"],
  ["28 configuration", "unit/extensions/http-filters/wasm/config.test.ts", "as they are encoded"],
  ["29 the route's cache", expectations, "1: request headers are read and replaced"],
  [
    "30 configuration makes root contexts",
    `${wasm}/runtime.test.ts`,
    "gets a root context beside the old one",
  ],
];

for (const [what, file, name] of thirty) {
  test(`${what} has a test`, () => {
    const text = readFileSync(path.join(import.meta.dirname, "..", file), "utf8");
    assert.ok(text.includes(name), `${file} has a test whose name contains: ${name}`);
  });
}

test("2: malloc is asked before proxy_on_memory_allocate, and that where there is no malloc", async () => {
  const allocators = (...names: string[]): Promise<Uint8Array<ArrayBuffer>> =>
    wat(`(module
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
      (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 100) "plugin_name")
      ${names.map((name, i) => `(data (i32.const ${200 + i * 50}) "${name}")`).join("\n")}
      (func (export "proxy_abi_version_0_2_1"))
      ${names
        .map(
          (name, i) => `(func (export "${name}") (param i32) (result i32)
            (drop (call $log (i32.const 2) (i32.const ${200 + i * 50}) (i32.const ${name.length})))
            (i32.const 1000))`,
        )
        .join("\n")}
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (i32.eqz (call $get (i32.const 100) (i32.const 11) (i32.const 0) (i32.const 4)))))`);
  const asked = async (...names: string[]): Promise<string[]> => {
    const made = new WasmHost();
    await made.load(await allocators(...names));
    return made.logger.take().map((line) => line.replace("info wasm log: ", ""));
  };
  const other = "proxy_on_memory_allocate";
  assert.deepEqual(await asked(other, "malloc"), ["malloc"]);
  assert.deepEqual(await asked(other), [other]);
});

test("3: results are allocated exactly, and nothing is allocated for an empty one", async () => {
  const code = await wat(`(module
    (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_buffer_bytes" (func $bytes (param i32 i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (global $asked (mut i32) (i32.const 0))
    (data (i32.const 100) "plugin_name")
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param $size i32) (result i32)
      (if (i32.eqz (local.get $size)) (then unreachable))
      (global.set $asked (local.get $size))
      (i32.const 1000))
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $get (i32.const 100) (i32.const 11) (i32.const 0) (i32.const 4)))
      (if (i32.ne (global.get $asked) (i32.const 6)) (then (return (i32.const 0))))
      (i32.store (i32.const 0) (i32.const -1))
      (drop (call $bytes (i32.const 7) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 4)))
      (i32.eqz (i32.or (i32.load (i32.const 0)) (i32.load (i32.const 4))))))`);
  const prepared = await new WasmHost().prepare(code, pluginSettings({ configuration: "" }));
  assert.ok(typeof prepared !== "string", typeof prepared === "string" ? prepared : "");
});

test("24, 25: a stream ends with on_log, on_done, on_delete, whatever on_done returns", async () => {
  const w = new WatTexts();
  const code = w.module(
    w.procedure("proxy_on_log", 1, w.log("log")),
    w.callback("proxy_on_done", 1, w.log("done"), 0),
    w.procedure("proxy_on_delete", 1, w.log("delete")),
  );
  const made = new WasmHost();
  const plugin = await made.start(await code);
  const stream = new FilterHarness({
    filters: ["W"],
    instances: { W: new PluginInstances(plugin) },
    dispatcher: made.dispatcher,
    requestHeaders: requestHead(),
  });
  made.logger.take();
  stream.request(true).respond(true);
  assert.deepEqual(
    made.logger.take().map((line) => line.replace("info wasm log plugin: ", "")),
    ["log", "done", "delete"],
  );
});

test("METADATA is a number of entries, which no host call shows, and its callbacks' results mean nothing", async () => {
  const w = new WatTexts();
  const logged = (name: string, result: number): string =>
    w.callback(
      name,
      2,
      `(i32.store8 (i32.const 0) (i32.add (i32.const 48) (local.get 1)))
       (drop (call $proxy_log (i32.const 2) (i32.const 0) (i32.const 1)))
       (if (i32.eqz (call $proxy_get_header_map_size (i32.const 0) (i32.const 8))) (then unreachable))`,
      result,
    );
  const code = w.module(
    logged("proxy_on_request_metadata", 1),
    logged("proxy_on_response_metadata", 4),
  );
  const made = new WasmHost();
  const plugin = await made.start(await code);
  const stream = new FilterHarness({
    filters: ["W"],
    instances: { W: new PluginInstances(plugin) },
    dispatcher: made.dispatcher,
    requestHeaders: requestHead(),
  });
  made.logger.take();
  const three = new Map([
    ["a", "1"],
    ["b", "2"],
    ["c", "3"],
  ]);
  stream.request(false).metadata("a", "b");
  stream.respond(false);
  stream.terminal.decoder.encodeMetadata(three);
  stream.respondData("", true);
  const said = made.logger.take().filter((line) => line.startsWith("info "));
  assert.deepEqual(said, ["info wasm log plugin: 1", "info wasm log plugin: 3"]);
  assert.deepEqual(stream.take("metadata("), [">metadata(a=1|b=2|c=3)"]);
  assert.equal(stream.reset, "");
});
