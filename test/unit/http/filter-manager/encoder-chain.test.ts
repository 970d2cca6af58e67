import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Filter1xxHeadersStatus,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
} from "../../../../host/src/contracts/http/filter.ts";
import { headerMapOf } from "../../../../host/src/common/headers/header-map.ts";
import { bytes, FilterHarness } from "../../../support/filter-harness.ts";

const headersStatuses = Object.entries(FilterHeadersStatus);
const dataStatuses = Object.entries(FilterDataStatus);
const trailersStatuses = Object.entries(FilterTrailersStatus);
const shapes = [
  { name: "headers", chunks: [], trailers: false },
  { name: "one chunk", chunks: ["a"], trailers: false },
  { name: "two chunks", chunks: ["a", "b"], trailers: false },
  { name: "an empty last chunk", chunks: ["a", ""], trailers: false },
  { name: "chunks and trailers", chunks: ["a", "b"], trailers: true },
  { name: "trailers only", chunks: [], trailers: true },
];
type Shape = (typeof shapes)[number];

/** What a filter, or the codec (`>`), got: `H` headers, body bytes, `T` trailers, `.` the end. */
function seen(journal: readonly string[], filter: string): string {
  let text = "";
  for (const entry of journal) {
    const match = /^(?:(\w+)\.encode|(>))(\w+)\((.*)\)$/i.exec(entry);
    if (match === null || (match[1] ?? match[2]) !== filter) continue;
    const call = match[3]!.toLowerCase();
    const args = match[4]!.split(",");
    if (call === "headers") text += "H";
    if (call === "data") text += args[0] === "end" ? "" : args[0];
    if (call === "trailers") text += "T.";
    if (args.includes("end")) text += ".";
  }
  return text;
}

function answer(harness: FilterHarness, shape: Shape): void {
  const { chunks, trailers } = shape;
  harness.respond(chunks.length === 0 && !trailers);
  chunks.forEach((chunk, i) => harness.respondData(chunk, !trailers && i === chunks.length - 1));
  if (trailers) harness.respondTrailers();
}

const whole = (shape: Shape): string => `H${shape.chunks.join("")}${shape.trailers ? "T." : "."}`;

/** Encoder filters run from the last configured to the first, then comes the codec. */
const order = ["C", "B", "A", ">"];
const behind = (position: string): string[] => order.slice(order.indexOf(position) + 1);
const answered = (): FilterHarness => new FilterHarness().request(true);

test("encodeHeaders() shows each filter headers, data and trailers in reverse configured order", () => {
  const harness = answered();
  harness.take();
  harness.respond(false).respondData("x").respondTrailers();
  assert.deepEqual(harness.take("encodeHeaders", "encodeData", "encodeTrailers", ">"), [
    ...["C", "B", "A"].map((name) => `${name}.encodeHeaders()`),
    ">headers(200)",
    ...["C", "B", "A"].map((name) => `${name}.encodeData(x)`),
    ">data(x)",
    ...["C", "B", "A"].map((name) => `${name}.encodeTrailers()`),
    ">trailers()",
    ">end",
  ]);
});

test("encodeComplete() follows the call that showed the end to the filter", () => {
  const harness = new FilterHarness({ filters: ["A"] }).request(true);
  harness.take();
  harness.respond(true);
  assert.deepEqual(harness.take("A.encode", ">"), [
    "A.encodeHeaders(end)",
    "A.encodeComplete()",
    ">headers(200,end)",
    ">end",
  ]);
});

test("a decoder filter is not asked about the response", () => {
  const harness = new FilterHarness({ filters: ["A", "B"], decoderOnly: ["A"] }).request(true);
  harness.respond(true);
  assert.deepEqual(harness.take("encodeHeaders"), ["B.encodeHeaders(end)"]);
});

// Every status, in every position, for every shape of response: the filters behind and the client get the same
// message, whole, once, in order.
describe("every status in every position", () => {
  for (const position of ["A", "B", "C"]) {
    for (const [name, status] of headersStatuses) {
      for (const shape of shapes) {
        test(`encodeHeaders() ${name} of ${position}: ${shape.name}`, () => {
          headersCase(position, status, shape);
        });
      }
    }
    for (const [name, status] of dataStatuses) {
      for (const shape of shapes.filter((each) => each.chunks.length > 0)) {
        test(`encodeData() ${name} of ${position}: ${shape.name}`, () => {
          dataCase(position, status, shape);
        });
      }
    }
    for (const [name, status] of trailersStatuses) {
      for (const shape of shapes.filter((each) => each.trailers)) {
        test(`encodeTrailers() ${name} of ${position}: ${shape.name}`, () => {
          trailersCase(position, status, shape);
        });
      }
    }
  }

  function headersCase(position: string, status: FilterHeadersStatus, shape: Shape): void {
    const harness = answered();
    const filter = harness.filter(position);
    filter.onEncodeHeaders = () => status;
    if (status === FilterHeadersStatus.StopIteration) {
      filter.onEncodeData = () => FilterDataStatus.StopIterationAndBuffer;
      filter.onEncodeTrailers = () => FilterTrailersStatus.StopIteration;
    }
    answer(harness, shape);
    const bodyless = shape.chunks.length === 0 && !shape.trailers;
    if (status === FilterHeadersStatus.ContinueAndDontEndStream && bodyless) {
      for (const name of behind(position)) assert.equal(seen(harness.journal, name), "H", name);
      filter.encoder.injectEncodedDataToFilterChain(bytes("new"), true);
      for (const name of behind(position)) assert.equal(seen(harness.journal, name), "Hnew.", name);
      return;
    }
    const stops =
      status !== FilterHeadersStatus.Continue &&
      status !== FilterHeadersStatus.ContinueAndDontEndStream;
    if (stops) {
      for (const name of behind(position)) assert.equal(seen(harness.journal, name), "", name);
      if (status !== FilterHeadersStatus.StopIteration) {
        assert.match(seen(harness.journal, position), /^H\.?$/, "not called while all is stopped");
      }
      filter.encoder.continueEncoding();
    }
    for (const name of order) assert.equal(seen(harness.journal, name), whole(shape), name);
    assert.equal(harness.ended, true);
  }

  function dataCase(position: string, status: FilterDataStatus, shape: Shape): void {
    const harness = answered();
    const filter = harness.filter(position);
    let calls = 0;
    filter.onEncodeData = () => {
      calls += 1;
      return calls === 1 ? status : FilterDataStatus.Continue;
    };
    answer(harness, shape);
    const dropped = status === FilterDataStatus.StopIterationNoBuffer;
    const kept = dropped ? shape.chunks.slice(1) : shape.chunks;
    if (status !== FilterDataStatus.Continue && shape.chunks.length === 1 && !shape.trailers) {
      for (const name of behind(position)) assert.equal(seen(harness.journal, name), "H", name);
      filter.encoder.continueEncoding();
    }
    for (const name of behind(position)) {
      assert.equal(seen(harness.journal, name), `H${kept.join("")}${shape.trailers ? "T." : "."}`);
    }
    assert.equal(harness.ended, true);
  }

  function trailersCase(position: string, status: FilterTrailersStatus, shape: Shape): void {
    const harness = answered();
    const filter = harness.filter(position);
    filter.onEncodeTrailers = () => status;
    answer(harness, shape);
    if (status === FilterTrailersStatus.StopIteration) {
      for (const name of behind(position)) {
        assert.equal(seen(harness.journal, name), `H${shape.chunks.join("")}`, `${name} early`);
      }
      filter.encoder.continueEncoding();
    }
    for (const name of order) assert.equal(seen(harness.journal, name), whole(shape), name);
    assert.equal(harness.ended, true);
  }
});

describe("two filters stop", () => {
  for (const [firstName, first] of headersStatuses) {
    for (const [secondName, second] of headersStatuses) {
      for (const shape of shapes.slice(1)) {
        test(`C answers ${firstName}, A answers ${secondName}: ${shape.name}`, () => {
          const harness = answered();
          for (const [name, status] of [
            ["C", first],
            ["A", second],
          ] as const) {
            const filter = harness.filter(name);
            filter.onEncodeHeaders = () => status;
            if (status === FilterHeadersStatus.StopIteration) {
              filter.onEncodeData = () => FilterDataStatus.StopIterationAndBuffer;
              filter.onEncodeTrailers = () => FilterTrailersStatus.StopIteration;
            }
          }
          answer(harness, shape);
          for (const name of ["C", "A"]) harness.filter(name).encoder.continueEncoding();
          for (const name of order) assert.equal(seen(harness.journal, name), whole(shape), name);
        });
      }
    }
  }
});

describe("buffering", () => {
  test("the buffer limit before the headers went out is 500, past the filters", () => {
    const harness = new FilterHarness({ filters: ["A", "B"], bufferLimit: 4 }).request(true);
    harness.filter("A").onEncodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.filter("A").onEncodeData = () => FilterDataStatus.StopIterationAndBuffer;
    harness.respond(false).respondData("1234");
    assert.equal(harness.status, "");
    harness.take();
    harness.respondData("5");
    assert.equal(harness.status, "500");
    assert.equal(harness.body, "Internal Server Error");
    assert.equal(harness.streamInfo.responseCodeDetails, "response_payload_too_large");
    assert.deepEqual(harness.take("encode", "TooLarge").slice(2), ["responseDataTooLarge"]);
    assert.equal(harness.ended, true);
  });

  test("the buffer limit after the headers went out resets the stream", () => {
    const harness = new FilterHarness({ filters: ["A"], bufferLimit: 4 }).request(true);
    harness.filter("A").onEncodeData = () => FilterDataStatus.StopIterationAndBuffer;
    harness.respond(false).respondData("12345");
    assert.equal(harness.status, "200");
    assert.equal(harness.reset, "local reset");
    assert.equal(harness.streamInfo.responseCodeDetails, "response_payload_too_large");
  });

  test("StopAllIterationAndWatermark tells the terminal filter to pause and to go on", () => {
    const harness = new FilterHarness({ filters: ["A"], bufferLimit: 4 }).request(true);
    const told: string[] = [];
    harness.terminal.decoder.addDownstreamWatermarkCallbacks({
      onAboveWriteBufferHighWatermark: () => told.push("above"),
      onBelowWriteBufferLowWatermark: () => told.push("below"),
    });
    harness.filter("A").onEncodeHeaders = () => FilterHeadersStatus.StopAllIterationAndWatermark;
    harness.respond(false).respondData("12345").respondData("6");
    assert.deepEqual(told, ["above"]);
    harness.filter("A").encoder.continueEncoding();
    assert.deepEqual(told, ["above", "below"]);
    assert.equal(harness.body, "123456");
  });

  test("modifyEncodingBuffer() changes what continues", () => {
    const harness = new FilterHarness({ filters: ["A"] }).request(true);
    harness.filter("A").onEncodeData = () => FilterDataStatus.StopIterationAndBuffer;
    harness.respond(false).respondData("old", true);
    harness.filter("A").encoder.modifyEncodingBuffer((buffer) => {
      buffer.drain(buffer.length);
      buffer.append(Buffer.from("new"));
    });
    assert.equal(harness.filter("A").encoder.encodingBuffer()?.length, 3);
    harness.filter("A").encoder.continueEncoding();
    assert.equal(harness.body, "new");
  });
});

describe("addEncodedData()", () => {
  test("from encodeHeaders of a response without body makes one", () => {
    const harness = answered();
    harness.filter("B").onEncodeHeaders = () => {
      harness.filter("B").encoder.addEncodedData(bytes("body"), false);
      return FilterHeadersStatus.Continue;
    };
    harness.take();
    harness.respond(true);
    assert.deepEqual(harness.take("encodeHeaders", "encodeData", ">"), [
      "C.encodeHeaders(end)",
      "B.encodeHeaders(end)",
      "A.encodeHeaders()",
      ">headers(200)",
      "A.encodeData(body,end)",
      ">data(body,end)",
      ">end",
    ]);
  });

  test("from encodeTrailers goes before the trailers", () => {
    const harness = answered();
    harness.filter("B").onEncodeTrailers = () => {
      harness.filter("B").encoder.addEncodedData(bytes("late"), true);
      return FilterTrailersStatus.Continue;
    };
    harness.respond(false).respondData("x").respondTrailers();
    assert.equal(seen(harness.journal, ">"), "HxlateT.");
  });

  test("from a decoder callback is a filter error: 502", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onDecodeTrailers = () => {
      harness.filter("A").encoder.addEncodedData(bytes("x"), false);
      return FilterTrailersStatus.StopIteration;
    };
    harness.request(false).requestTrailers();
    assert.equal(harness.status, "502");
    assert.equal(harness.streamInfo.responseCodeDetails, "filter_added_invalid_response_data");
  });
});

describe("addEncodedTrailers()", () => {
  test("in encodeData with the end moves the end to the trailers", () => {
    const harness = answered();
    harness.filter("B").onEncodeData = (_data, end) => {
      if (end) harness.filter("B").encoder.addEncodedTrailers().add("x", "1");
      return FilterDataStatus.Continue;
    };
    harness.respond(false).respondData("x", true);
    assert.equal(seen(harness.journal, "C"), "Hx.");
    for (const name of ["A", ">"]) assert.equal(seen(harness.journal, name), "HxT.", name);
    assert.equal(harness.trailers?.get("x"), "1");
    assert.equal(harness.streamInfo.responseTrailers?.get("x"), "1");
  });

  test("go on past a later filter that stops for data", () => {
    for (const stopAll of [false, true]) {
      const harness = answered();
      harness.filter("C").onEncodeData = (_data, end) => {
        if (end) harness.filter("C").encoder.addEncodedTrailers().add("x", "1");
        return FilterDataStatus.Continue;
      };
      if (stopAll) {
        harness.filter("A").onEncodeHeaders = () => FilterHeadersStatus.StopAllIterationAndBuffer;
      } else {
        harness.filter("A").onEncodeData = () => FilterDataStatus.StopIterationAndBuffer;
        harness.filter("A").onEncodeTrailers = () => FilterTrailersStatus.StopIteration;
      }
      harness.respond(false).respondData("x", true);
      assert.equal(seen(harness.journal, "B"), "HxT.");
      harness.filter("A").encoder.continueEncoding();
      for (const name of ["A", ">"]) assert.equal(seen(harness.journal, name), "HxT.", name);
    }
  });

  test("by a filter that then stops wait with the data", () => {
    const harness = answered();
    harness.filter("B").onEncodeData = () => {
      harness.filter("B").encoder.addEncodedTrailers().add("x", "1");
      return FilterDataStatus.StopIterationAndBuffer;
    };
    harness.respond(false).respondData("x", true);
    assert.equal(seen(harness.journal, "A"), "H");
    harness.filter("B").encoder.continueEncoding();
    for (const name of ["A", ">"]) assert.equal(seen(harness.journal, name), "HxT.", name);
  });

  test("anywhere else fail the stream", () => {
    const harness = new FilterHarness({ filters: ["A"] }).request(true);
    harness.filter("A").onEncodeHeaders = () => {
      harness.filter("A").encoder.addEncodedTrailers();
      return FilterHeadersStatus.Continue;
    };
    harness.respond(false);
    assert.equal(harness.status, "502");
    assert.equal(harness.streamInfo.responseCodeDetails, "filter_added_invalid_response_data");
  });
});

describe("injectEncodedDataToFilterChain()", () => {
  test("passes held headers on first, then each piece at once", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] }).request(true);
    harness.filter("B").onEncodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.filter("B").onEncodeData = () => FilterDataStatus.StopIterationNoBuffer;
    harness.respond(false).respondData("dropped", true);
    const { encoder } = harness.filter("B");
    encoder.injectEncodedDataToFilterChain(bytes("1"), false);
    encoder.injectEncodedDataToFilterChain(bytes("2"), true);
    for (const name of ["A", ">"]) assert.equal(seen(harness.journal, name), "H12.", name);
    encoder.injectEncodedDataToFilterChain(bytes("3"), true);
    assert.equal(seen(harness.journal, ">"), "H12.", "nothing after the end");
  });
});

describe("required response headers", () => {
  for (const [name, spoil] of [
    ["removed", (remove: (name: string) => number) => remove(":status")],
    ["invalid", undefined],
  ] as const) {
    test(`a :status that is ${name} after the filters is 502`, () => {
      const harness = new FilterHarness({ filters: ["A"] }).request(true);
      harness.filter("A").onEncodeHeaders = (headers) => {
        if (spoil === undefined) headers.set(":status", "2x0");
        else spoil((header) => headers.remove(header));
        return FilterHeadersStatus.Continue;
      };
      harness.respond(false);
      assert.equal(harness.status, "502");
      assert.equal(harness.body, "missing required header: :status");
      assert.equal(
        harness.streamInfo.responseCodeDetails,
        "filter_removed_required_response_headers{missing_required_header:_:status}",
      );
      assert.equal(harness.ended, true);
    });
  }
});

describe("1xx responses", () => {
  const interim = (status: string) => headerMapOf([[":status", status]]);

  test("are dropped unless they are configured to pass", () => {
    const harness = answered();
    harness.terminal.decoder.encode1xxHeaders(interim("103"));
    assert.deepEqual(harness.take("1xx"), []);
  });

  test("pass the encoder filters; one of them, and none after the final response has begun", () => {
    const harness = new FilterHarness({ filters: ["A", "B"], proxy100Continue: true }).request(
      true,
    );
    harness.terminal.decoder.encode1xxHeaders(interim("103"));
    harness.terminal.decoder.encode1xxHeaders(interim("102"));
    harness.respond(true);
    assert.deepEqual(harness.take("encode1xx", ">"), [
      "B.encode1xxHeaders(103)",
      "A.encode1xxHeaders(103)",
      ">1xx(103)",
      ">headers(200,end)",
      ">end",
    ]);
    const late = new FilterHarness({ filters: ["A"], proxy100Continue: true }).request(true);
    late.respond(false);
    late.terminal.decoder.encode1xxHeaders(interim("103"));
    assert.deepEqual(late.take("1xx"), []);
  });

  test("wait with a filter that stops them", () => {
    const harness = new FilterHarness({ filters: ["A", "B"], proxy100Continue: true }).request(
      true,
    );
    harness.filter("B").onEncode1xx = () => Filter1xxHeadersStatus.StopIteration;
    harness.terminal.decoder.encode1xxHeaders(interim("100"));
    assert.deepEqual(harness.take("A.encode1xx", ">"), []);
    harness.filter("B").encoder.continueEncoding();
    assert.deepEqual(harness.take("A.encode1xx", ">"), ["A.encode1xxHeaders(100)", ">1xx(100)"]);
    harness.respond(true);
    assert.equal(harness.ended, true);
  });

  test("that a filter holds go out before the response when it continues with both", () => {
    const harness = new FilterHarness({ filters: ["A"], proxy100Continue: true }).request(true);
    harness.filter("A").onEncode1xx = () => Filter1xxHeadersStatus.StopIteration;
    harness.filter("A").onEncodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.terminal.decoder.encode1xxHeaders(interim("100"));
    harness.respond(true);
    assert.deepEqual(harness.take(">"), []);
    harness.filter("A").encoder.continueEncoding();
    assert.deepEqual(harness.take(">"), [">1xx(100)", ">headers(200,end)", ">end"]);
  });
});

test("a second response of the terminal filter is ignored", () => {
  const harness = new FilterHarness({ filters: ["A"] }).request(true);
  harness.filter("A").onEncodeHeaders = () => FilterHeadersStatus.StopIteration;
  harness.respond(true, "200");
  harness.respond(true, "500");
  harness.respondData("x", true);
  harness.filter("A").encoder.continueEncoding();
  assert.equal(harness.status, "200");
  assert.equal(harness.body, "");
  harness.respond(true, "500");
  assert.equal(harness.status, "200");
});
