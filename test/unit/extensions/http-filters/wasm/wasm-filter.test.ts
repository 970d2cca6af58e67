import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { PluginHandle } from "../../../../../host/src/guest/wasm/runtime.ts";
import { startWatchdog } from "../../../../../host/src/guest/limits/watchdog.ts";
import { assemblyScript } from "../../../../support/assemblyscript.ts";
import {
  FilterHarness,
  type HarnessOptions,
  linesOf,
  requestHead,
} from "../../../../support/filter-harness.ts";
import { pluginSettings, WasmHost, wasmInstances } from "../../../../support/wasm.ts";
import { guest, loggingCallbacks } from "../../../../support/wasm-guest.ts";

let probe: Uint8Array;
before(async () => {
  probe = await assemblyScript("test/fixtures/wasm/assembly/probe.ts");
});
const watchdog = startWatchdog((error) => assert.fail(error));
after(() => watchdog.stop());

/** A stream through `A`, the plugin and the terminal filter. */
class Stream extends FilterHarness {
  readonly host: WasmHost;

  constructor(host: WasmHost, handle: PluginHandle, told: string, options: HarnessOptions = {}) {
    super({
      filters: ["A", "W"],
      instances: { W: wasmInstances(handle) },
      dispatcher: host.dispatcher,
      requestHeaders: requestHead(["x-do", told]),
      ...options,
    });
    this.host = host;
  }

  /** What the guest logged. */
  calls(): string[] {
    return this.host.logger.take().map((line) => line.replace("info wasm log plugin: ", ""));
  }
}

async function probing(
  told: string,
  options: HarnessOptions & { readonly allowStop?: boolean } = {},
): Promise<Stream> {
  const host = new WasmHost();
  const settings = pluginSettings({ allowOnHeadersStopIteration: options.allowStop ?? false });
  return new Stream(host, await host.load(probe, settings), told, options);
}

test("a stream passes through a guest that continues", async () => {
  const stream = await probing("request-headers=add response-headers=add");
  stream.request(false).data("ab").data("c", true);
  stream.respond(false).respondData("xyz", true);
  assert.deepEqual(stream.calls(), [
    "request-headers",
    "request-body 2",
    "request-body 1 end",
    "response-headers",
    "response-body 3 end",
    "log",
  ]);
  assert.equal(stream.terminal.body, "abc");
  assert.equal(stream.manager.requestHeaders!.get("x-probe"), "request-headers");
  assert.equal(linesOf(stream.responseHeaders!), ":status: 200|x-probe: response-headers");
  assert.equal(stream.body, "xyz");
  assert.ok(stream.ended);
});

test("trailers of both directions can be seen, changed and added", async () => {
  const stream = await probing("request-trailers=add response-trailers=add");
  stream.request(false).data("a").requestTrailers();
  stream.respond(false).respondData("b").respondTrailers();
  assert.deepEqual(stream.calls(), [
    "request-headers",
    "request-body 1",
    "request-trailers",
    "response-headers",
    "response-body 1",
    "response-trailers",
    "log",
  ]);
  assert.equal(linesOf(stream.manager.requestTrailers!), "t: 1|x-probe: request-trailers");
  assert.equal(linesOf(stream.trailers!), "t: 1|x-probe: response-trailers");
});

test("a body can be changed piece by piece, or as a whole", async () => {
  const stream = await probing("request-body=around response-body=buffer");
  stream.request(false).data("ab").data("c", true);
  stream.respond(false).respondData("x").respondData("y").respondData("z", true);
  assert.equal(stream.terminal.body, "<ab><c>");
  assert.equal(stream.body, "[xyz]");
  assert.deepEqual(stream.calls().slice(3, 7), [
    "response-headers",
    "response-body 1",
    "response-body 2",
    "response-body 3 end",
  ]);
});

test("a dropped body does not arrive, its end does", async () => {
  const stream = await probing("request-body=drop");
  stream.request(false).data("ab").data("c", true);
  assert.equal(stream.terminal.body, "");
});

test("a body that is buffered beyond the limit is answered 413, and the guest not called", async () => {
  const stream = await probing("request-body=keep", { bufferLimit: 8 });
  stream.request(false).data("1234").data("56789").data("10");
  assert.equal(stream.status, "413");
  assert.deepEqual(stream.calls(), [
    "request-headers",
    "request-body 4",
    "response-headers",
    "response-body 17 end",
    "log",
  ]);
});

test("StopIteration of request headers stops body and trailers too", async () => {
  const stream = await probing("request-headers=stop");
  stream.request(false).data("a").requestTrailers();
  assert.deepEqual(stream.calls(), ["request-headers"]);
  assert.deepEqual(stream.take("R."), []);
});

test("with allow_on_headers_stop_iteration it stops the headers only, and a body's Continue releases them", async () => {
  const stream = await probing("request-headers=stop", { allowStop: true });
  stream.request(false);
  assert.deepEqual(stream.take("R."), []);
  stream.data("a", true);
  assert.deepEqual(stream.calls(), ["request-headers", "request-body 1 end"]);
  assert.deepEqual(stream.take("R.decodeH", "R.decodeData"), [
    "R.decodeHeaders()",
    "R.decodeData(a,end)",
  ]);
});

test("a local response from request headers goes through the response callbacks", async () => {
  const stream = await probing("request-headers=reply-body");
  stream.request(true);
  assert.equal(stream.status, "418");
  assert.equal(stream.body, "no request-headers");
  assert.equal(stream.streamInfo.responseCodeDetails, "told_to");
  assert.deepEqual(stream.take("R.decode"), []);
  assert.deepEqual(stream.calls(), [
    "request-headers end",
    "response-headers",
    "response-body 18 end",
    "log",
  ]);
});

test("a local response from each request callback is sent, though the guest returns Continue", async () => {
  for (const phase of ["request-headers", "request-body", "request-trailers"]) {
    const stream = await probing(`${phase}=reply`);
    stream.request(false);
    if (!stream.ended) stream.data("a");
    if (!stream.ended) stream.requestTrailers();
    assert.equal(stream.status, "403", phase);
    assert.equal(stream.responseHeaders!.get("x-probe"), phase);
  }
});

test("a local response from response headers replaces the response", async () => {
  const stream = await probing("response-headers=reply-body");
  stream.request(true).respond(false);
  assert.equal(stream.status, "418");
  assert.equal(stream.body, "no response-headers");
  assert.ok(stream.ended);
});

test("a local response after the response's head is a reset", async () => {
  const stream = await probing("response-body=reply");
  stream.request(true).respond(false).respondData("x");
  assert.equal(stream.reset, "local reset");
});

test("the first local response of a stream counts, a second one does not stop it", async () => {
  const stream = await probing("request-headers=reply response-headers=reply-body");
  stream.request(true);
  assert.equal(stream.status, "403");
  assert.equal(stream.body, "");
  assert.ok(stream.ended);
});

test("continue from inside a callback that stops resumes the stream", async () => {
  const host = new WasmHost();
  const handle = await host.load(
    await guest(`(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $proxy_continue_stream (i32.const 0))) (i32.const 1))
      (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
        (drop (call $proxy_continue_stream (i32.const 1))) (i32.const 1))`),
  );
  const stream = new Stream(host, handle, "");
  stream.request(true);
  assert.deepEqual(stream.take("R.decodeHeaders"), []);
  host.dispatcher.runPosted();
  assert.deepEqual(stream.take("R.decodeHeaders"), ["R.decodeHeaders(end)"]);
  stream.respond(true);
  assert.equal(stream.status, "");
  host.dispatcher.runPosted();
  assert.equal(stream.status, "200");
});

test("a stopped stream is resumed from a tick through its effective context", async () => {
  const host = new WasmHost();
  const handle = await host.load(
    await guest(`
      (global $stream (mut i32) (i32.const 0))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (drop (call $proxy_set_tick_period_milliseconds (i32.const 20))) (i32.const 1))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (global.set $stream (local.get 0)) (i32.const 1))
      (func (export "proxy_on_tick") (param i32)
        (if (global.get $stream) (then
          (drop (call $proxy_set_effective_context (global.get $stream)))
          (drop (call $proxy_continue_stream (i32.const 0))))))`),
  );
  const stream = new Stream(host, handle, "");
  stream.request(false).data("kept", true);
  assert.deepEqual(stream.take("R.decode"), []);
  host.dispatcher.advance(30);
  assert.deepEqual(stream.take("R.decodeH", "R.decodeData"), [
    "R.decodeHeaders()",
    "R.decodeData(kept,end)",
  ]);
  host.dispatcher.advance(30);
  assert.deepEqual(stream.take("R.decode"), [], "continuing what is not stopped does nothing");
});

test("proxy_close_stream resets the stream", async () => {
  const host = new WasmHost();
  const handle = await host.load(
    await guest(`(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $proxy_close_stream (i32.const 0))) (i32.const 0))`),
  );
  const stream = new Stream(host, handle, "");
  stream.request(true);
  assert.deepEqual(stream.take(">"), [">reset(local reset, wasm_close_stream)"]);
  assert.deepEqual(stream.take("R.decode"), []);
});

const phases = [
  "request-headers",
  "request-body",
  "request-trailers",
  "response-headers",
  "response-body",
  "response-trailers",
];

function drive(stream: Stream): void {
  const steps = [
    () => stream.request(false),
    () => stream.data("a"),
    () => stream.requestTrailers(),
    () => stream.respond(false),
    () => stream.respondData("b"),
    () => stream.respondTrailers(),
  ];
  for (const step of steps) if (!stream.ended && stream.reset === "") step();
}

test("a trap in any callback of a stream is answered 503 at once, or a reset after the head", async () => {
  for (const phase of phases) {
    const stream = await probing(`${phase}=trap`);
    drive(stream);
    const late = phase === "response-body" || phase === "response-trailers";
    if (late) assert.equal(stream.reset, "local reset", phase);
    else assert.deepEqual([stream.status, stream.body], ["503", ""], phase);
    assert.equal(stream.streamInfo.responseCodeDetails, "wasm_fail_stream", phase);
    assert.equal(stream.host.stats.vmFailed.value, 1, phase);
  }
});

test("an endless loop in any callback is stopped and treated as a trap", async () => {
  for (const phase of phases) {
    const stream = await probing(`${phase}=spin`);
    const watched = watchdog.watch(stream.host.epoch);
    stream.host.logger.lowest = "info";
    drive(stream);
    watched.unwatch();
    assert.ok(stream.status === "503" || stream.reset === "local reset", phase);
    assert.equal(stream.host.stats.cpuLimitExceeded.value, 1, phase);
    assert.match(
      stream.calls().at(-1)!,
      /\(over its CPU limit of 10 ms: cpu_time_per_callback of sluice\.guests\)/,
    );
  }
});

test("after a trap later streams get 503, and the next push mends", async () => {
  const host = new WasmHost();
  const handle = await host.load(probe);
  new Stream(host, handle, "request-headers=trap").request(true);
  host.logger.take();
  const later = new Stream(host, handle, "");
  later.request(true);
  assert.equal(later.status, "503");
  assert.deepEqual(host.logger.take(), [], "one report per failure");
  const next = host.acquire(handle.root.plugin);
  const mended = new Stream(host, next, "");
  mended.request(true).respond(true);
  assert.equal(mended.status, "200");
});

test("other streams of a failed VM are answered: those that wait at once, the rest when next touched", async () => {
  const host = new WasmHost();
  const handle = await host.load(probe);
  const waiting = new Stream(host, handle, "request-headers=stop");
  waiting.request(true);
  const passing = new Stream(host, handle, "");
  passing.request(true);
  const answered = new Stream(host, handle, "");
  answered.request(true).respond(false);
  new Stream(host, handle, "request-headers=trap").request(true);
  host.dispatcher.runPosted();
  assert.equal(waiting.status, "503");
  assert.equal(passing.status, "");
  passing.respond(true);
  assert.equal(passing.status, "503");
  answered.respondData("x", true);
  assert.equal(answered.reset, "local reset");
});

test("a trap in on_log does not touch the response", async () => {
  const stream = await probing("log=trap");
  stream.request(true).respond(true);
  assert.equal(stream.status, "200");
  assert.equal(stream.reset, "");
});

test("a stream whose headers never came to the guest is logged all the same", async () => {
  const host = new WasmHost();
  const handle = await host.load(
    await guest(
      loggingCallbacks(
        "proxy_on_context_create",
        "proxy_on_request_headers",
        "proxy_on_response_headers",
        "proxy_on_log",
        "proxy_on_done",
        "proxy_on_delete",
      ),
    ),
  );
  host.logger.take();
  const stream = new Stream(host, handle, "");
  stream.filter("A").onDecodeHeaders = () => {
    stream.filter("A").decoder.sendLocalReply({ code: 401, body: "", details: "" });
    return 1;
  };
  stream.request(true);
  assert.equal(stream.status, "401");
  assert.deepEqual(stream.calls(), [
    "proxy_on_context_create 2",
    "proxy_on_log 2",
    "proxy_on_done 2",
    "proxy_on_delete 2",
  ]);
});

test("what a guest may not write does not reach the message", async () => {
  const stream = await probing("response-headers=wrong");
  stream.request(true).respond(true);
  assert.equal(linesOf(stream.responseHeaders!), ":status: 200|x-status: BadArgument");
});

test("an assertion that fails in AssemblyScript logs file:line:col", async () => {
  const stream = await probing("request-headers=abort");
  stream.request(true);
  assert.equal(stream.status, "503");
  const [, line] = stream.calls();
  assert.match(line!, /^critical wasm log plugin: as told at probe\.ts:\d+:\d+$/);
});
