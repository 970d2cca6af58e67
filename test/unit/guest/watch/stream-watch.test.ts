import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import type { TraceBatch } from "../../../../host/src/guest/watch/trace-port.ts";
import { FilterHarness, requestHead } from "../../../support/filter-harness.ts";
import { WasmHost, wasmInstances } from "../../../support/wasm.ts";
import { guest } from "../../../support/wasm-guest.ts";

/** Reads a header; stops requests that have it, and continues them when the response headers come. */
const reading = guest(`
  (data (i32.const 0) "x-stop")
  (global $context (mut i32) (i32.const 0))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.eqz (call $proxy_get_header_map_value
      (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 64) (i32.const 68))))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "proxy_on_log") (param i32))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_tick") (param i32))`);

async function started(): Promise<[WasmHost, (stops?: boolean) => FilterHarness]> {
  const host = new WasmHost();
  const instances = wasmInstances(await host.load(await reading));
  const stream = (stops = false): FilterHarness =>
    new FilterHarness({
      filters: ["W"],
      instances: { W: instances },
      dispatcher: host.dispatcher,
      requestHeaders: requestHead(...(stops ? [["x-stop", "1"] as [string, string]] : [])),
    });
  return [host, stream];
}

/** How many values each histogram of the plugin has. */
function counts(host: WasmHost): { [name: string]: number } {
  host.statsStore.flush();
  const prefix = "sluice.wasm.plugin.";
  const found = [...host.statsStore.histograms].filter(({ name }) => name.startsWith(prefix));
  return Object.fromEntries(
    found.map(({ name, cumulative }) => [name.slice(prefix.length), cumulative.total]),
  );
}

test("the first stream of a plugin is measured, callback by callback, and then one of so many", async () => {
  const [host, stream] = await started();
  host.watches.guest("wasm", "plugin").sample(3);
  const pass = (): void => {
    const passing = stream();
    passing.request(true).respond(true);
    passing.finish();
  };
  pass();
  const once = counts(host);
  assert.equal(once["proxy_on_request_headers.self_ns"], 1);
  assert.equal(once["proxy_on_request_headers.host_call_ns"], 1);
  assert.equal(once["proxy_on_response_headers.self_ns"], 1);
  assert.equal(once["proxy_on_done.self_ns"], 1);
  assert.equal(once["proxy_on_request_headers.paused_ns"], undefined);
  for (let i = 0; i < 9; i += 1) pass();
  assert.equal(counts(host)["proxy_on_request_headers.self_ns"], 4);
});

test("a stream that a callback stops is counted as paused, under that callback, when it goes on", async () => {
  const [host, stream] = await started();
  host.watches.measureEveryStream();
  const stopped = stream(true);
  stopped.request(false);
  assert.equal(counts(host)["proxy_on_request_headers.paused_ns"], undefined);
  stopped.finish();
  assert.equal(counts(host)["proxy_on_request_headers.paused_ns"], 1);
});

test("the access log can tell what a measured stream took, and of the others nothing", async () => {
  const [host, stream] = await started();
  host.watches.guest("wasm", "plugin").sample(1000);
  const [measured, other] = [stream(), stream()];
  measured.request(true).respond(true);
  other.request(true).respond(true);
  const times = measured.streamInfo.guestTimes?.get("plugin");
  assert.equal(times?.callbacks, 4);
  assert.ok(times.selfMs > 0 && times.hostCallMs > 0 && times.pausedMs === 0);
  assert.equal(other.streamInfo.guestTimes, undefined);
  host.watches.measureEveryStream();
  const later = stream();
  later.request(true).respond(true);
  assert.equal(later.streamInfo.guestTimes?.get("plugin")?.callbacks, 4);
});

test("nothing is measured when none of the streams is to be", async () => {
  const [host, stream] = await started();
  host.watches.guest("wasm", "plugin").sample(0);
  // What was recorded before is the plugin's own start.
  const before = counts(host);
  stream().request(true).respond(true);
  assert.deepEqual(counts(host), before);
});

test("VMs and their memory are gauges; the high water stays", async () => {
  const growing = await guest(`
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (memory.grow (i32.const 15)))
      (drop (call $proxy_set_tick_period_milliseconds (i32.const 0)))
      (call $proxy_get_current_time_nanoseconds (i32.const 0)))`);
  const host = new WasmHost();
  const handle = await host.load(growing);
  const value = (name: string): number => host.statsStore.value(`sluice.wasm.plugin.${name}`);
  assert.deepEqual([value("vms"), value("memory_bytes")], [1, 65_536]);
  new FilterHarness({
    filters: ["W"],
    instances: { W: wasmInstances(handle) },
    dispatcher: host.dispatcher,
  }).request(true);
  assert.equal(value("memory_bytes"), 1_048_576);
  handle.release();
  assert.deepEqual([value("vms"), value("memory_bytes")], [0, 0]);
  assert.equal(value("memory_high_water_bytes"), 1_048_576);
});

test("a trace follows the streams that it wants and no others, and ends without a trace", async () => {
  const [host, stream] = await started();
  host.watches.guest("wasm", "plugin").sample(0);
  const { port1, port2 } = new MessageChannel();
  const request = { guest: "plugin", streams: 1, secretHeaders: [], maxTextBytes: 8 };
  assert.deepEqual(host.watches.trace({ ...request, guest: "other" }, new MessageChannel().port2), {
    attached: false,
    taken: false,
    known: ["plugin"],
  });
  assert.equal(host.watches.trace(request, port2).attached, true);
  assert.equal(host.watches.trace(request, new MessageChannel().port2).taken, true);
  const batch = new Promise<TraceBatch>((resolve) => port1.once("message", resolve));
  for (const one of [stream(), stream()]) {
    one.request(true).respond(true);
    one.finish();
  }
  const { lines } = await batch;
  const texts = lines.map(({ text }) => text.replaceAll(/<.*>/g, "<>"));
  assert.deepEqual(texts.slice(1), [
    "proxy_on_request_headers(context 2, headers 3, end_of_stream 1)",
    '  proxy_get_header_map_value(HTTP_REQUEST_HEADERS, "x-stop") = NOT_FOUND <>',
    "= CONTINUE <>",
    "proxy_on_response_headers(context 2, headers 1, end_of_stream 1) = CONTINUE <>",
    "proxy_on_log(context 2) <>",
    "proxy_on_done(context 2) = true <>",
    "end of the stream",
  ]);
  assert.deepEqual([lines[0]!.border, lines.at(-1)!.border], ["first", "last"]);
  const watched = host.watches.guest("wasm", "plugin");
  const detached = new Promise((resolve) => port2.once("close", resolve));
  port1.close();
  await detached;
  assert.equal(watched.trace, undefined);
  assert.equal(watched.watchesNext(), false);
});
