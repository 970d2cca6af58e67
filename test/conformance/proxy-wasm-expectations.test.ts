import assert from "node:assert/strict";
import { test } from "node:test";
import { PluginInstances } from "../../host/src/extensions/http-filters/wasm/plugin-instances.ts";
import type { PluginSettings } from "../../host/src/guest/wasm/plugin.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import { FilterHarness, type HarnessOptions, requestHead } from "../support/filter-harness.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";
import { WatTexts } from "../support/wat-texts.ts";

// What Envoy's own tests expect of a host for streams, with guests of ours. The numbers are those of the list that
// these expectations were taken from; the others of the list are in the files beside this one.

interface Run {
  readonly host: WasmHost;
  readonly stream: FilterHarness;
  /** Lines that the guest has logged since the last time. */
  readonly said: () => string[];
}

async function run(
  code: Promise<Uint8Array<ArrayBuffer>>,
  options: HarnessOptions & { readonly settings?: Partial<PluginSettings> } = {},
): Promise<Run> {
  const host = new WasmHost();
  const { settings, ...others } = options;
  const plugin = await host.start(await code, { ...pluginSettings(), ...settings });
  const stream = new FilterHarness({
    filters: ["W"],
    instances: { W: new PluginInstances(plugin) },
    dispatcher: host.dispatcher,
    ...others,
  });
  const prefix = /^info wasm log( plugin)?: /;
  const said = (): string[] =>
    host.logger
      .take()
      .filter((line) => prefix.test(line))
      .map((line) => line.replace(prefix, ""));
  return { host, stream, said };
}

const requestHeaders = "proxy_on_request_headers";
const requestBody = "proxy_on_request_body";
const requestTrailers = "proxy_on_request_trailers";
const responseHeaders = "proxy_on_response_headers";
const responseBody = "proxy_on_response_body";
const responseTrailers = "proxy_on_response_trailers";

const routeClears = (stream: FilterHarness): number =>
  stream.journal.filter((entry) => entry === "clearRouteCache()").length;

test("1: request headers are read and replaced, each time without the route that was chosen", async () => {
  const w = new WatTexts();
  const code = w.module(
    w.callback(
      requestHeaders,
      3,
      w.logHeader(0, ":path") +
        w.replace(0, "newheader", "newheadervalue") +
        w.replace(0, "server", "envoy-wasm"),
    ),
    w.callback(responseHeaders, 3, w.replace(2, "test-status", "OK")),
  );
  const { stream, said } = await run(code, { requestHeaders: requestHead(["server", "envoy"]) });
  stream.request(true);
  assert.deepEqual(said(), ["/"]);
  const headers = stream.manager.requestHeaders!;
  assert.equal(headers.get("newheader"), "newheadervalue");
  assert.equal(headers.get("server"), "envoy-wasm");
  assert.equal(routeClears(stream), 2);
  stream.respond(true);
  assert.equal(stream.responseHeaders!.get("test-status"), "OK");
  assert.equal(routeClears(stream), 2);
});

test("2: trailers are added in the last body callback, and only there", async () => {
  const w = new WatTexts();
  const code = w.module(
    w.callback(requestBody, 3, `(if (local.get 2) (then ${w.add(1, "newtrailer", "request")}))`),
    w.callback(responseBody, 3, `(if (local.get 2) (then ${w.add(3, "newtrailer", "response")}))`),
  );
  const { stream } = await run(code);
  stream.request(false).data("data");
  assert.equal(stream.manager.requestTrailers, undefined);
  stream.data("data", true);
  assert.equal(stream.manager.requestTrailers!.get("newtrailer"), "request");
  stream.respond(false).respondData("data").respondData("data", true);
  assert.equal(stream.trailers!.get("newtrailer"), "response");
});

test("3: response trailers can be held", async () => {
  const w = new WatTexts();
  const { stream } = await run(w.module(w.callback(responseTrailers, 2, "", 1)));
  stream.request(true).respond(false).respondData("x").respondTrailers();
  assert.equal(stream.trailers, undefined);
  assert.ok(!stream.ended);
});

for (const result of [1, 3, 4]) {
  test(`4: result ${result} of request headers stops headers and body`, async () => {
    const w = new WatTexts();
    const { stream } = await run(w.module(w.callback(requestHeaders, 3, "", result)));
    stream.request(false).data("x", true);
    assert.deepEqual(stream.take("R."), []);
  });
}

test("4: with allow_on_headers_stop_iteration, 1 stops the headers only; a tick changes them and goes on", async () => {
  const w = new WatTexts();
  const code = w.module(
    "(global $stream (mut i32) (i32.const 0))",
    w.callback(
      "proxy_on_configure",
      2,
      "(drop (call $proxy_set_tick_period_milliseconds (i32.const 10)))",
      1,
    ),
    w.callback(requestHeaders, 3, "(global.set $stream (local.get 0))", 1),
    w.callback(requestBody, 3, w.log("body"), 1),
    w.procedure(
      "proxy_on_tick",
      1,
      `(if (global.get $stream) (then
        (drop (call $proxy_set_effective_context (global.get $stream)))
        ${w.replace(0, "server", "envoy-wasm-continue")}
        (drop (call $proxy_continue_stream (i32.const 0)))
        (global.set $stream (i32.const 0))))`,
    ),
  );
  const { host, stream, said } = await run(code, {
    settings: { allowOnHeadersStopIteration: true },
  });
  stream.request(false).data("x");
  assert.deepEqual(said(), ["body"]);
  assert.deepEqual(stream.take("R."), []);
  host.dispatcher.advance(10);
  assert.equal(stream.manager.requestHeaders!.get("server"), "envoy-wasm-continue");
  assert.ok(stream.take("R.").includes("R.decodeHeaders()"));
});

// Bodies: what a guest does to "hello", piece by piece and buffered, in both directions.
const all = 0xffff_ffff;
const bodyCases = [
  {
    number: 5,
    name: "prepended and appended",
    edits: [
      [0, 0, "prepend."],
      [all, 0, ".append"],
    ],
    expected: "prepend.hello.append",
  },
  { number: 6, name: "replaced", edits: [[0, all, "replace"]], expected: "replace" },
  { number: 6, name: "removed", edits: [[0, all, ""]], expected: "" },
  {
    number: 6,
    name: "replaced in part",
    edits: [[0, 1, "partial.replace."]],
    expected: "partial.replace.ello",
  },
  { number: 6, name: "removed in part", edits: [[0, 1, ""]], expected: "ello" },
] as const;

for (const { number, name, edits, expected } of bodyCases) {
  for (const buffered of [false, true]) {
    test(`${number}: a body is ${name}${buffered ? ", buffered" : ""}, in both directions`, async () => {
      const w = new WatTexts();
      const edit = (type: number): string =>
        edits.map(([start, size, text]) => w.setBuffer(type, start, size, text)).join("") +
        w.logBuffer(type);
      const body = (callback: string, type: number): string =>
        buffered
          ? w.callback(
              callback,
              3,
              `(if (i32.eqz (local.get 2)) (then (return (i32.const 1)))) ${edit(type)}`,
            )
          : w.callback(callback, 3, edit(type));
      const { stream, said } = await run(w.module(body(requestBody, 0), body(responseBody, 1)));
      stream.request(false);
      if (buffered) stream.data("hel").data("lo", true);
      else stream.data("hello", true);
      stream.respond(false);
      if (buffered) stream.respondData("hel").respondData("lo", true);
      else stream.respondData("hello", true);
      assert.deepEqual(said(), [expected, expected]);
      assert.equal(stream.terminal.body, expected);
      assert.equal(stream.body, expected);
    });
  }
}

test("7: a buffering guest sees all of the body so far in each callback", async () => {
  const w = new WatTexts();
  const until = (callback: string, type: number): string =>
    w.callback(callback, 3, w.logBuffer(type), "(i32.eqz (local.get 2))");
  const { stream, said } = await run(w.module(until(requestBody, 0), until(responseBody, 1)));
  const wanted = ["hello", "hello again ", "hello again hello"];
  stream.request(false).data("hello").data(" again ").data("hello", true);
  assert.deepEqual(said(), wanted);
  stream.respond(false).respondData("hello").respondData(" again ").respondData("hello", true);
  assert.deepEqual(said(), wanted);
  assert.equal(stream.terminal.body, wanted[2]);
  assert.equal(stream.body, wanted[2]);
});

test("8: after Continue it sees single pieces again", async () => {
  const w = new WatTexts();
  const code = w.module(
    "(global $count (mut i32) (i32.const 0))",
    w.callback(
      requestBody,
      3,
      `(global.set $count (i32.add (global.get $count) (i32.const 1))) ${w.logBuffer(0)}`,
      "(i32.le_u (global.get $count) (i32.const 2))",
    ),
  );
  const { stream, said } = await run(code);
  stream.request(false);
  for (const piece of ["a", "b", "c", "d"]) stream.data(piece);
  stream.data("e", true);
  assert.deepEqual(said(), ["a", "ab", "abc", "d", "e"]);
  assert.equal(stream.terminal.body, "abcde");
});

test("9: beyond the buffer limit the guest is not called, the client gets 413", async () => {
  const w = new WatTexts();
  const code = w.module(w.callback(requestBody, 3, w.logBuffer(0), 1));
  const { stream, said } = await run(code, { bufferLimit: 8 });
  stream.request(false).data("hello");
  assert.deepEqual(said(), ["hello"]);
  stream.data("beyond");
  assert.deepEqual(said(), []);
  assert.equal(stream.status, "413");
});

test("10: on_log sees what there was of the stream", async () => {
  const logged = (w: WatTexts) =>
    w.module(
      w.procedure("proxy_on_context_create", 2, w.log("create")),
      w.procedure("proxy_on_log", 1, w.logHeader(0, ":path") + w.logHeader(2, ":status")),
      w.callback("proxy_on_done", 1, w.log("done"), 1),
    );
  const complete = await run(logged(new WatTexts()));
  complete.said();
  complete.stream.streamInfo.requestHeaders = requestHead();
  complete.stream.streamInfo.responseHeaders = headerMapOf([[":status", "200"]]);
  complete.stream.request(true).respond(true);
  assert.deepEqual(complete.said(), ["create", "/", "200", "done"]);
  const early = await run(logged(new WatTexts()));
  early.said();
  early.stream.streamInfo.requestHeaders = requestHead();
  early.stream.request(false).finish();
  assert.deepEqual(early.said(), ["create", "/", "done"]);
  const never = await run(logged(new WatTexts()));
  never.said();
  never.stream.streamInfo.requestHeaders = undefined;
  never.stream.finish();
  assert.deepEqual(never.said(), ["create", "done"]);
});

for (const callback of [
  requestHeaders,
  requestBody,
  requestTrailers,
  responseHeaders,
  responseBody,
  responseTrailers,
]) {
  test(`22: a trap in ${callback} is answered once: 503, or a reset after the head`, async () => {
    const w = new WatTexts();
    const params = callback.endsWith("trailers") ? 2 : 3;
    const { stream } = await run(w.module(w.callback(callback, params, "unreachable")));
    stream.request(false).data("x").requestTrailers();
    if (stream.status === "") stream.respond(false).respondData("x").respondTrailers();
    const replies = stream.journal.filter((entry) => entry.startsWith("localReply("));
    const afterHead = callback === responseBody || callback === responseTrailers;
    if (afterHead) assert.match(stream.reset, /./);
    else assert.deepEqual([stream.status, replies], ["503", ["localReply(503)"]]);
  });
}

test("23: of two local responses, and of one in each direction, the client sees one", async () => {
  const w = new WatTexts();
  const code = w.module(
    w.callback(
      requestHeaders,
      3,
      w.localResponse(403, "a", "one") + w.localResponse(404, "b", "two"),
    ),
    w.callback(responseHeaders, 3, w.localResponse(405, "c", "three")),
  );
  const { stream } = await run(code);
  stream.request(true);
  assert.deepEqual([stream.status, stream.body], ["403", "one"]);
  assert.equal(stream.journal.filter((entry) => entry.startsWith(">headers(")).length, 1);
});

test("24: a local response has the gRPC status that it was given, or the one of its code", async () => {
  const grpc = requestHead(["content-type", "application/grpc"]);
  const answered = async (status: number): Promise<string | undefined> => {
    const w = new WatTexts();
    const code = w.module(w.callback(requestHeaders, 3, w.localResponse(403, "d", "no", status)));
    const { stream } = await run(code, { requestHeaders: grpc });
    stream.request(true);
    return stream.responseHeaders!.get("grpc-status");
  };
  assert.equal(await answered(-1), "7", "of 403: PERMISSION_DENIED");
  assert.equal(await answered(5), "5");
});

for (const type of [0, 1]) {
  test(`25: close_stream(${type}) resets the stream, whatever the callback returns`, async () => {
    const w = new WatTexts();
    const close = `(drop (call $proxy_close_stream (i32.const ${type})))`;
    const { stream } = await run(w.module(w.callback(requestHeaders, 3, close)));
    stream.request(true);
    assert.notEqual(stream.reset, "");
    assert.ok(stream.journal.some((entry) => entry.includes("wasm_close_stream")));
  });
}

test("32: a guest without callbacks for its streams lets everything pass", async () => {
  const { stream } = await run(new WatTexts().module());
  stream.request(false).data("x").requestTrailers();
  stream.respond(false).respondData("y").respondTrailers();
  assert.equal(stream.terminal.body, "x");
  assert.deepEqual([stream.status, stream.body, stream.ended], ["200", "y", true]);
});
