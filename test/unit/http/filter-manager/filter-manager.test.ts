import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  type HttpFilterInstances,
} from "../../../../host/src/contracts/http/filter.ts";
import type { FilterGeneration, GenerationUser } from "../../../../host/src/contracts/runtime.ts";
import { ResponseFlag } from "../../../../host/src/contracts/stream-info.ts";
import {
  bytes,
  FilterHarness,
  routeWith,
  ScriptedFilter,
} from "../../../support/filter-harness.ts";

describe("the chain of a stream", () => {
  const decoders = (harness: FilterHarness): string[] =>
    harness
      .request(true)
      .take("decodeHeaders")
      .map((entry) => entry.slice(0, 1));

  test("leaves out what the route disables, and filters that are off by default", () => {
    const off = new FilterHarness({ disabledByDefault: ["B"] });
    assert.deepEqual(decoders(off), ["A", "C", "R"]);
    const route = routeWith({ filterDisabled: (name) => (name === "A" ? true : undefined) });
    assert.deepEqual(decoders(new FilterHarness({ route })), ["B", "C", "R"]);
  });

  test("holds a filter that is off by default and that the route turns on", () => {
    const route = routeWith({ filterDisabled: (name) => (name === "B" ? false : undefined) });
    assert.deepEqual(decoders(new FilterHarness({ disabledByDefault: ["B"], route })), [
      "A",
      "B",
      "C",
      "R",
    ]);
  });

  test("always holds the terminal filter", () => {
    const route = routeWith({ filterDisabled: () => true });
    assert.deepEqual(decoders(new FilterHarness({ route })), ["R"]);
  });

  test("is decided once: a later route does not change it", () => {
    const harness = new FilterHarness();
    harness.manager.createFilterChain();
    assert.deepEqual(decoders(harness), ["A", "B", "C", "R"]);
  });

  test("mostSpecificPerFilterConfig() asks the route for the filter's own name", () => {
    const route = routeWith({
      perFilterConfig: (name) => `config of ${name}`,
      perFilterConfigs: (name) => [`outer ${name}`, `inner ${name}`],
    });
    const harness = new FilterHarness({ route });
    assert.equal(harness.filter("B").decoder.mostSpecificPerFilterConfig(), "config of B");
    assert.deepEqual(harness.filter("B").encoder.perFilterConfigs(), ["outer B", "inner B"]);
    const bare = new FilterHarness();
    assert.equal(bare.filter("B").decoder.mostSpecificPerFilterConfig(), undefined);
    assert.deepEqual(bare.filter("B").decoder.perFilterConfigs(), []);
  });
});

describe("discovered filters", () => {
  const generation = (instances: HttpFilterInstances, log: string[]): FilterGeneration => ({
    version: "1",
    instances,
    acquire: () => log.push("acquire"),
    release: () => log.push("release"),
  });

  test("a generation is held from the making of the chain to the end of the stream", () => {
    const log: string[] = [];
    const instances: HttpFilterInstances = {
      createFilters: (callbacks) => callbacks.addStreamFilter(new ScriptedFilter("G", log)),
    };
    const harness = new FilterHarness({
      filters: ["G"],
      providers: { G: { current: () => generation(instances, log), close: () => undefined } },
    });
    assert.deepEqual(log, ["acquire"]);
    harness.request(true).respond(true);
    assert.deepEqual(log.slice(-2), ["G.onDestroy()", "release"]);
    harness.manager.destroyFilters();
    assert.equal(log.filter((entry) => entry === "release").length, 1);
  });

  test("a generation that runs out of time resets its streams", () => {
    let held: GenerationUser | undefined;
    const harness = new FilterHarness({
      filters: ["G"],
      providers: {
        G: {
          current: () => ({
            version: "1",
            instances: { createFilters: () => undefined },
            acquire: (stream) => {
              held = stream;
              return 0;
            },
            release: () => undefined,
          }),
          close: () => undefined,
        },
      },
    });
    harness.request(true);
    held!.resetForGenerationEnd();
    assert.equal(harness.reset, "local reset");
    held!.resetForGenerationEnd();
    assert.equal(harness.take(">reset").length, 1);
  });

  test("one whose configuration is missing answers 500 NFCF where it stands", () => {
    const missing = { current: () => undefined, close: () => undefined };
    const harness = new FilterHarness({
      filters: ["A", "X", "Y"],
      providers: { X: missing, Y: missing },
    });
    harness.request(true);
    assert.equal(harness.status, "500");
    assert.equal(harness.body, "");
    assert.equal(harness.streamInfo.responseCodeDetails, "");
    assert.equal(harness.streamInfo.responseFlags, ResponseFlag.NoFilterConfigFound);
    const journal = harness.take("decodeHeaders", "encodeHeaders");
    assert.deepEqual(journal, ["A.decodeHeaders(end)", "A.encodeHeaders(end)"]);
  });

  test("one that is missing and disabled is not missed", () => {
    const missing = { current: () => undefined, close: () => undefined };
    const route = routeWith({ filterDisabled: (name) => (name === "X" ? true : undefined) });
    const harness = new FilterHarness({ filters: ["A", "X"], providers: { X: missing }, route });
    assert.deepEqual(harness.request(true).take("decodeHeaders"), [
      "A.decodeHeaders(end)",
      "R.decodeHeaders(end)",
    ]);
  });
});

describe("the end of a stream", () => {
  test("calls onStreamComplete of all filters, the access log handlers, then onDestroy of all, once", () => {
    const harness = new FilterHarness({ filters: ["A", "B"], encoderOnly: ["B"] });
    harness.manager.addAccessLogHandler((info) => {
      harness.journal.push(`log(${info === harness.streamInfo})`);
    });
    harness.request(true);
    harness.take();
    harness.respond(true);
    const journal = harness.take("onStreamComplete", "log", "onDestroy");
    assert.deepEqual(journal, [
      "A.onStreamComplete()",
      "B.onStreamComplete()",
      "R.onStreamComplete()",
      "log(true)",
      "A.onDestroy()",
      "B.onDestroy()",
      "R.onDestroy()",
    ]);
    harness.manager.destroyFilters();
    assert.equal(harness.filter("A").destroyed, 1);
  });

  test("begins with onStreamComplete(): from there on nothing that a filter asks for has an effect", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    const filter = harness.filter("A");
    filter.onStreamComplete = () => {
      filter.decoder.sendLocalReply({ code: 500, body: "late", details: "late" });
      filter.decoder.resetStream();
      filter.decoder.continueDecoding();
    };
    filter.onDecodeHeaders = () => FilterHeadersStatus.StopAllIterationAndBuffer;
    harness.request(true);
    harness.take();
    harness.manager.resetStream("remote reset", "");
    assert.deepEqual(harness.take(), [
      ">reset(remote reset)",
      "R.onStreamComplete()",
      "A.onDestroy()",
      "R.onDestroy()",
    ]);
  });

  test("makes every callback of a filter a no-op", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.request(false).respond(true);
    harness.take();
    const { decoder, encoder } = harness.filter("A");
    decoder.continueDecoding();
    decoder.addDecodedData(bytes("x"), false);
    decoder.injectDecodedDataToFilterChain(bytes("x"), true);
    decoder.sendLocalReply({ code: 500, body: "", details: "" });
    decoder.resetStream();
    decoder.onDecoderFilterAboveWriteBufferHighWatermark();
    decoder.onDecoderFilterBelowWriteBufferLowWatermark();
    encoder.continueEncoding();
    encoder.addEncodedData(bytes("x"), false);
    encoder.injectEncodedDataToFilterChain(bytes("x"), true);
    encoder.sendLocalReply({ code: 500, body: "", details: "" });
    encoder.onEncoderFilterAboveWriteBufferHighWatermark();
    harness.terminal.decoder.encodeHeaders(harness.manager.requestHeaders!, true, "");
    harness.terminal.decoder.encodeData(bytes("x"), true);
    harness.data("late", true);
    assert.deepEqual(harness.take(), []);
  });

  test("inside a decoder callback stops the iteration there", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeData = () => {
      harness.filter("A").decoder.resetStream();
      return FilterDataStatus.Continue;
    };
    harness.request(false).data("x");
    assert.deepEqual(harness.take("B.decodeData", ">reset"), [">reset(local reset)"]);
    assert.equal(harness.filter("B").destroyed, 1);
  });

  test("inside an encoder callback stops the iteration there", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] }).request(true);
    harness.filter("B").onEncodeData = () => {
      harness.filter("B").encoder.resetStream(undefined, "why");
      return FilterDataStatus.Continue;
    };
    harness.respond(false).respondData("x");
    assert.deepEqual(harness.take("A.encodeData", ">data", ">reset"), [">reset(local reset, why)"]);
  });

  test("by a response that comes while a filter holds the request drops the request", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.filter("A").onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
    harness.request(false).data("x");
    harness.respond(true);
    harness.filter("A").decoder.continueDecoding();
    assert.deepEqual(harness.take("R.decode"), []);
  });
});

describe("flow control", () => {
  const recorder = (told: string[]) => ({
    onAboveWriteBufferHighWatermark: () => told.push("above"),
    onBelowWriteBufferLowWatermark: () => told.push("below"),
  });

  test("the client's slowness reaches the terminal filter, each level once", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    const told: string[] = [];
    const callbacks = recorder(told);
    harness.terminal.decoder.addDownstreamWatermarkCallbacks(callbacks);
    harness.manager.callHighWatermarkCallbacks();
    harness.filter("A").encoder.onEncoderFilterAboveWriteBufferHighWatermark();
    harness.filter("A").encoder.onEncoderFilterBelowWriteBufferLowWatermark();
    harness.manager.callLowWatermarkCallbacks();
    assert.deepEqual(told, ["above", "above", "below", "below"]);
    harness.terminal.decoder.removeDownstreamWatermarkCallbacks(callbacks);
    harness.manager.callHighWatermarkCallbacks();
    assert.equal(told.length, 4);
  });

  test("callbacks that are added late learn what happened before", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.manager.callHighWatermarkCallbacks();
    harness.manager.callHighWatermarkCallbacks();
    const told: string[] = [];
    harness.terminal.decoder.addDownstreamWatermarkCallbacks(recorder(told));
    assert.deepEqual(told, ["above", "above"]);
  });

  test("the terminal filter's slowness pauses the client", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.terminal.decoder.onDecoderFilterAboveWriteBufferHighWatermark();
    assert.equal(harness.paused, 1);
    harness.terminal.decoder.onDecoderFilterBelowWriteBufferLowWatermark();
    assert.equal(harness.paused, 0);
  });
});
