import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterMetadataStatus,
} from "../../../../host/src/contracts/http/filter.ts";
import { FilterHarness } from "../../../support/filter-harness.ts";

const { Continue, ContinueAll, StopIterationForLocalReply } = FilterMetadataStatus;

/** What happens, without what is the same every time. */
function taken(stream: FilterHarness): string[] {
  return stream.take("Headers(", "Data(", "Metadata(", "Trailers(", ">");
}

test("decodeMetadata() passes the filters in order, which may change it", () => {
  const stream = new FilterHarness({ filters: ["A", "B"] });
  stream.filter("A").onDecodeMetadata = (metadata) => {
    metadata.set("more", "1");
    return Continue;
  };
  stream.request(false);
  stream.take();
  stream.metadata("a", "b");
  assert.deepEqual(taken(stream), [
    "A.decodeMetadata(a=b)",
    "B.decodeMetadata(a=b|more=1)",
    "R.decodeMetadata(a=b|more=1)",
  ]);
});

test("decodeMetadata() is saved for a filter that has not seen the headers, and comes right behind them", () => {
  const stream = new FilterHarness({ filters: ["A", "B"] });
  stream.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
  stream.filter("A").onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
  stream.request(false).metadata("a", "1").data("x").metadata("a", "2");
  assert.deepEqual(taken(stream), [
    "A.decodeHeaders()",
    "A.decodeMetadata(a=1)",
    "A.decodeData(x)",
    "A.decodeMetadata(a=2)",
  ]);
  stream.filter("A").decoder.continueDecoding();
  assert.deepEqual(taken(stream), [
    "B.decodeHeaders()",
    "B.decodeMetadata(a=1)",
    "B.decodeMetadata(a=2)",
    "R.decodeHeaders()",
    "R.decodeMetadata(a=1)",
    "R.decodeMetadata(a=2)",
    "B.decodeData(x)",
    "R.decodeData(x)",
  ]);
});

test("decodeMetadata() waits at a filter that has stopped all, between its headers and its data", () => {
  const stream = new FilterHarness({ filters: ["A", "B"] });
  stream.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopAllIterationAndWatermark;
  stream.request(false).data("x").metadata("a", "1").data("y", true);
  assert.deepEqual(taken(stream), ["A.decodeHeaders()"]);
  stream.filter("A").decoder.continueDecoding();
  assert.deepEqual(taken(stream), [
    "B.decodeHeaders()",
    "R.decodeHeaders()",
    "A.decodeMetadata(a=1)",
    "B.decodeMetadata(a=1)",
    "R.decodeMetadata(a=1)",
    "A.decodeData(xy,end)",
    "B.decodeData(xy,end)",
    "R.decodeData(xy,end)",
  ]);
});

test("ContinueAll lets the headers that the filter has stopped go on before the metadata", () => {
  const stream = new FilterHarness({ filters: ["A", "B"] });
  stream.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
  stream.filter("A").onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
  stream.filter("A").onDecodeMetadata = () => ContinueAll;
  stream.request(false).data("x").metadata("a", "1").metadata("a", "2");
  assert.deepEqual(taken(stream), [
    "A.decodeHeaders()",
    "A.decodeData(x)",
    "A.decodeMetadata(a=1)",
    "B.decodeHeaders()",
    "R.decodeHeaders()",
    "B.decodeMetadata(a=1)",
    "R.decodeMetadata(a=1)",
    "B.decodeData(x)",
    "R.decodeData(x)",
    "A.decodeMetadata(a=2)",
    "B.decodeMetadata(a=2)",
    "R.decodeMetadata(a=2)",
  ]);
});

test("a filter may answer in decodeMetadata(), which goes no further", () => {
  const stream = new FilterHarness({ filters: ["A", "B"] });
  stream.filter("A").onDecodeMetadata = () => {
    stream.filter("A").decoder.sendLocalReply({ code: 418, body: "", details: "tea" });
    return StopIterationForLocalReply;
  };
  stream.request(false);
  stream.take();
  stream.metadata("a", "1").metadata("a", "2");
  assert.deepEqual(stream.take("Metadata(", "encodeHeaders", ">"), [
    "A.decodeMetadata(a=1)",
    "B.encodeHeaders(end)",
    "A.encodeHeaders(end)",
    ">headers(418,end)",
    ">end",
  ]);
});

test("a filter that saved metadata is answered for by the next one, and hears no more", () => {
  const stream = new FilterHarness({ filters: ["A", "B"] });
  stream.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopAllIterationAndBuffer;
  stream.filter("B").onDecodeMetadata = () => {
    stream.filter("B").decoder.sendLocalReply({ code: 418, body: "", details: "tea" });
    return StopIterationForLocalReply;
  };
  stream.request(false).metadata("a", "1").metadata("a", "2").data("x");
  stream.take();
  stream.filter("A").decoder.continueDecoding();
  assert.deepEqual(stream.take("Metadata(", "Data(", ">"), [
    "A.decodeMetadata(a=1)",
    "B.decodeMetadata(a=1)",
    ">headers(418,end)",
    ">end",
  ]);
});

test("addDecodedMetadata() in a callback passes all filters once that has returned", () => {
  const stream = new FilterHarness({ filters: ["A", "B"] });
  stream.filter("B").onDecodeData = () => {
    stream.filter("B").decoder.addDecodedMetadata(new Map([["made", "1"]]));
    return FilterDataStatus.Continue;
  };
  stream.request(false);
  stream.take();
  stream.data("x");
  assert.deepEqual(taken(stream), [
    "A.decodeData(x)",
    "B.decodeData(x)",
    "A.decodeMetadata(made=1)",
    "B.decodeMetadata(made=1)",
    "R.decodeMetadata(made=1)",
    "R.decodeData(x)",
  ]);
});

test("addDecodedMetadata() to a request without a body puts the end behind it", () => {
  const stream = new FilterHarness({ filters: ["A", "B"] });
  stream.filter("A").onDecodeHeaders = () => {
    stream.filter("A").decoder.addDecodedMetadata(new Map([["made", "1"]]));
    return FilterHeadersStatus.Continue;
  };
  stream.request(true);
  assert.deepEqual(taken(stream), [
    "A.decodeHeaders(end)",
    "A.decodeMetadata(made=1)",
    "B.decodeHeaders()",
    "B.decodeMetadata(made=1)",
    "R.decodeHeaders()",
    "R.decodeMetadata(made=1)",
    "B.decodeData(,end)",
    "R.decodeData(,end)",
  ]);
});

test("addDecodedMetadata() with trailers, and outside of a callback, goes out at once", () => {
  const stream = new FilterHarness({ filters: ["A"] });
  const add = (): void => stream.filter("A").decoder.addDecodedMetadata(new Map([["made", "1"]]));
  const decode = stream.filter("A").onDecodeTrailers;
  stream.filter("A").onDecodeTrailers = (trailers) => {
    add();
    return decode(trailers);
  };
  stream.request(false);
  stream.take();
  add();
  stream.requestTrailers();
  assert.deepEqual(taken(stream), [
    "A.decodeMetadata(made=1)",
    "R.decodeMetadata(made=1)",
    "A.decodeTrailers()",
    "A.decodeMetadata(made=1)",
    "R.decodeMetadata(made=1)",
    "R.decodeTrailers()",
  ]);
});

test("encodeMetadata() passes the filters backwards, then the codec; before the headers it waits for them", () => {
  const stream = new FilterHarness({ filters: ["A", "B"] });
  stream.request(true);
  stream.take();
  stream.respondMetadata("a", "1").respond(false).respondMetadata("a", "2").respondData("x", true);
  assert.deepEqual(taken(stream), [
    "B.encodeHeaders()",
    "B.encodeMetadata(a=1)",
    "A.encodeHeaders()",
    "A.encodeMetadata(a=1)",
    ">metadata(a=1)",
    ">headers(200)",
    "B.encodeMetadata(a=2)",
    "A.encodeMetadata(a=2)",
    ">metadata(a=2)",
    "B.encodeData(x,end)",
    "A.encodeData(x,end)",
    ">data(x,end)",
    ">end",
  ]);
});

test("encodeMetadata() waits at a filter that has stopped all", () => {
  const stream = new FilterHarness({ filters: ["A"] });
  stream.filter("A").onEncodeHeaders = () => FilterHeadersStatus.StopAllIterationAndBuffer;
  stream.request(true).respond(false).respondMetadata("a", "1").respondData("x", true);
  stream.take();
  stream.filter("A").encoder.continueEncoding();
  assert.deepEqual(taken(stream), [
    ">headers(200)",
    "A.encodeMetadata(a=1)",
    ">metadata(a=1)",
    "A.encodeData(x,end)",
    ">data(x,end)",
    ">end",
  ]);
});

test("addEncodedMetadata() passes the filters that come after", () => {
  const stream = new FilterHarness({ filters: ["A", "B"] });
  stream.filter("B").onEncodeData = () => {
    stream.filter("B").encoder.addEncodedMetadata(new Map([["made", "1"]]));
    return FilterDataStatus.Continue;
  };
  stream.request(true).respond(false);
  stream.take();
  stream.respondData("x");
  assert.deepEqual(taken(stream), [
    "B.encodeData(x)",
    "A.encodeMetadata(made=1)",
    ">metadata(made=1)",
    "A.encodeData(x)",
    ">data(x)",
  ]);
});

test("a local reply in encodeMetadata() replaces a response that has not left, and cuts off one that has", () => {
  for (const stops of [true, false]) {
    const stream = new FilterHarness({ filters: ["A", "B"] });
    if (stops) stream.filter("A").onEncodeHeaders = () => FilterHeadersStatus.StopIteration;
    stream.filter("B").onEncodeMetadata = () => {
      stream.filter("B").encoder.sendLocalReply({ code: 418, body: "", details: "tea" });
      return StopIterationForLocalReply;
    };
    stream.request(true).respond(false);
    stream.take();
    stream.respondMetadata("a", "1").respondMetadata("a", "2");
    const expected = stops ? [">headers(418,end)", ">end"] : [">reset(local reset, tea)"];
    assert.deepEqual(stream.take(">"), expected);
  }
});

test("metadata without entries that filters have emptied does not reach the codec", () => {
  const stream = new FilterHarness({ filters: ["A"] });
  stream.filter("A").onEncodeMetadata = (metadata) => {
    metadata.clear();
    return Continue;
  };
  stream.request(true).respond(false);
  stream.take();
  stream.respondMetadata("a", "1");
  assert.deepEqual(stream.take(">"), []);
});

test("metadata behind the end of the response goes nowhere", () => {
  const stream = new FilterHarness({ filters: ["A"] });
  stream.request(false).respond(true);
  stream.take();
  stream.metadata("a", "1").respondMetadata("a", "2");
  assert.deepEqual(stream.take(), []);
});
