import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HeaderMap } from "../../../../host/src/contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
} from "../../../../host/src/contracts/http/filter.ts";
import { bytes, FilterHarness, requestHead, textOf } from "../../../support/filter-harness.ts";

const headersStatuses = Object.entries(FilterHeadersStatus);
const dataStatuses = Object.entries(FilterDataStatus);
const trailersStatuses = Object.entries(FilterTrailersStatus);
/** Chunks of the body, and whether trailers follow. */
const shapes = [
  { name: "headers", chunks: [], trailers: false },
  { name: "one chunk", chunks: ["a"], trailers: false },
  { name: "two chunks", chunks: ["a", "b"], trailers: false },
  { name: "an empty last chunk", chunks: ["a", ""], trailers: false },
  { name: "chunks and trailers", chunks: ["a", "b"], trailers: true },
  { name: "trailers only", chunks: [], trailers: true },
];

/** What a filter was shown: `H` headers, body bytes, `T` trailers, `.` the end; `HH` would be a repetition. */
function seen(journal: readonly string[], filter: string): string {
  let text = "";
  for (const entry of journal) {
    const match = /^(\w+)\.(decode\w+|encode\w+)\((.*)\)$/.exec(entry);
    if (match === null || match[1] !== filter) continue;
    const call = match[2]!.replace(/^(decode|encode)/, "");
    const [data = "", end] = match[3] === "end" ? ["", "end"] : match[3]!.split(",");
    if (call === "Headers") text += "H";
    if (call === "Data") text += data;
    if (call === "Trailers") text += "T.";
    if (end === "end") text += ".";
  }
  return text;
}

/** Sends a request of this shape. */
function send(harness: FilterHarness, shape: (typeof shapes)[number]): void {
  const { chunks, trailers } = shape;
  harness.request(chunks.length === 0 && !trailers);
  chunks.forEach((chunk, i) => harness.data(chunk, !trailers && i === chunks.length - 1));
  if (trailers) harness.requestTrailers();
}

describe("decodeHeaders() iterates forwards", () => {
  test("decodeHeaders() shows each filter headers, data and trailers in configured order", () => {
    const harness = new FilterHarness();
    harness.request(false).data("x").requestTrailers();
    assert.deepEqual(
      harness.take().filter((entry) => !entry.includes("Complete")),
      [
        ...["A", "B", "C", "R"].map((name) => `${name}.decodeHeaders()`),
        ...["A", "B", "C", "R"].map((name) => `${name}.decodeData(x)`),
        ...["A", "B", "C", "R"].map((name) => `${name}.decodeTrailers()`),
      ],
    );
  });

  test("decodeComplete() follows the call that showed the end to the filter", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.request(true);
    assert.deepEqual(harness.take(), [
      "A.decodeHeaders(end)",
      "A.decodeComplete()",
      "R.decodeHeaders(end)",
      "R.decodeComplete()",
    ]);
    const second = new FilterHarness({ filters: ["A"] });
    second.request(false).data("x").data("", true);
    assert.deepEqual(second.take("Complete", "end"), [
      "A.decodeData(,end)",
      "A.decodeComplete()",
      "R.decodeData(,end)",
      "R.decodeComplete()",
    ]);
  });

  test("an encoder filter is not asked about the request", () => {
    const harness = new FilterHarness({ filters: ["A", "B"], encoderOnly: ["A"] });
    harness.request(true);
    assert.deepEqual(harness.take("decodeHeaders"), [
      "B.decodeHeaders(end)",
      "R.decodeHeaders(end)",
    ]);
  });
});

// Every status, in every position, for every shape of request: whatever a filter answers, and however long it takes
// to continue, the filters behind it see the same message, whole, once, in order.
describe("every status in every position", () => {
  for (const position of ["A", "B", "C"]) {
    for (const [statusName, headersStatus] of headersStatuses) {
      for (const shape of shapes) {
        test(`decodeHeaders() ${statusName} of ${position}: ${shape.name}`, () => {
          headersCase(position, headersStatus, shape);
        });
      }
    }
    for (const [statusName, dataStatus] of dataStatuses) {
      for (const shape of shapes.filter((each) => each.chunks.length > 0)) {
        test(`decodeData() ${statusName} of ${position}: ${shape.name}`, () => {
          dataCase(position, dataStatus, shape);
        });
      }
    }
    for (const [statusName, trailersStatus] of trailersStatuses) {
      for (const shape of shapes.filter((each) => each.trailers)) {
        test(`decodeTrailers() ${statusName} of ${position}: ${shape.name}`, () => {
          trailersCase(position, trailersStatus, shape);
        });
      }
    }
  }

  const whole = (shape: (typeof shapes)[number]): string =>
    `H${shape.chunks.join("")}${shape.trailers ? "T." : "."}`;

  function headersCase(
    position: string,
    status: FilterHeadersStatus,
    shape: (typeof shapes)[number],
  ): void {
    const harness = new FilterHarness();
    const filter = harness.filter(position);
    filter.onDecodeHeaders = () => status;
    // While stopped it keeps what comes; a filter that stopped all is not asked.
    const stopsOne = status === FilterHeadersStatus.StopIteration;
    if (stopsOne) {
      filter.onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
      filter.onDecodeTrailers = () => FilterTrailersStatus.StopIteration;
    }
    send(harness, shape);
    const behind = ["A", "B", "C", "R"].slice("ABC".indexOf(position) + 1);
    const continues =
      status === FilterHeadersStatus.Continue ||
      status === FilterHeadersStatus.ContinueAndDontEndStream;
    if (continues && status === FilterHeadersStatus.ContinueAndDontEndStream) {
      const bodyless = shape.chunks.length === 0 && !shape.trailers;
      if (bodyless) {
        for (const name of behind) assert.equal(seen(harness.journal, name), "H", name);
        filter.decoder.injectDecodedDataToFilterChain(bytes("new"), true);
        for (const name of behind) assert.equal(seen(harness.journal, name), "Hnew.", name);
        return;
      }
    }
    if (!continues) {
      for (const name of behind) assert.equal(seen(harness.journal, name), "", `${name} early`);
      const own = stopsOne ? whole(shape) : whole(shape).slice(0, shape.trailers ? 1 : undefined);
      if (stopsOne) assert.equal(seen(harness.journal, position), own);
      else
        assert.match(seen(harness.journal, position), /^H\.?$/, "not called while all is stopped");
      filter.decoder.continueDecoding();
    }
    for (const name of ["A", "B", "C", "R"]) {
      assert.equal(seen(harness.journal, name), whole(shape), name);
    }
  }

  function dataCase(
    position: string,
    status: FilterDataStatus,
    shape: (typeof shapes)[number],
  ): void {
    const harness = new FilterHarness();
    const filter = harness.filter(position);
    let answered = 0;
    filter.onDecodeData = () => {
      answered += 1;
      return answered === 1 ? status : FilterDataStatus.Continue;
    };
    send(harness, shape);
    const behind = ["A", "B", "C", "R"].slice("ABC".indexOf(position) + 1);
    const dropped = status === FilterDataStatus.StopIterationNoBuffer;
    const kept = dropped ? shape.chunks.slice(1) : shape.chunks;
    if (status !== FilterDataStatus.Continue && shape.chunks.length === 1 && !shape.trailers) {
      for (const name of behind) assert.equal(seen(harness.journal, name), "H", `${name} early`);
      filter.decoder.continueDecoding();
    }
    for (const name of behind) {
      assert.equal(seen(harness.journal, name), `H${kept.join("")}${shape.trailers ? "T." : "."}`);
    }
  }

  function trailersCase(
    position: string,
    status: FilterTrailersStatus,
    shape: (typeof shapes)[number],
  ): void {
    const harness = new FilterHarness();
    const filter = harness.filter(position);
    filter.onDecodeTrailers = () => status;
    send(harness, shape);
    const behind = ["A", "B", "C", "R"].slice("ABC".indexOf(position) + 1);
    if (status === FilterTrailersStatus.StopIteration) {
      for (const name of behind) {
        assert.equal(seen(harness.journal, name), `H${shape.chunks.join("")}`, `${name} early`);
      }
      filter.decoder.continueDecoding();
    }
    for (const name of ["A", "B", "C", "R"])
      assert.equal(seen(harness.journal, name), whole(shape));
  }
});

describe("two filters stop", () => {
  for (const [firstName, first] of headersStatuses) {
    for (const [secondName, second] of headersStatuses) {
      for (const shape of shapes.slice(1)) {
        test(`A answers ${firstName}, C answers ${secondName}: ${shape.name}`, () => {
          const harness = new FilterHarness();
          const stopped: string[] = [];
          for (const [name, status] of [
            ["A", first],
            ["C", second],
          ] as const) {
            const filter = harness.filter(name);
            filter.onDecodeHeaders = () => status;
            if (status === FilterHeadersStatus.StopIteration) {
              filter.onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
              filter.onDecodeTrailers = () => FilterTrailersStatus.StopIteration;
            }
            const goesOn =
              status === FilterHeadersStatus.Continue ||
              status === FilterHeadersStatus.ContinueAndDontEndStream;
            if (!goesOn) stopped.push(name);
          }
          send(harness, shape);
          for (const name of stopped) harness.filter(name).decoder.continueDecoding();
          // Data that A has passed on with the end reaches C as one call; C then needs no second continue.
          const expected = `H${shape.chunks.join("")}${shape.trailers ? "T." : "."}`;
          for (const name of ["A", "B", "C", "R"]) {
            assert.equal(seen(harness.journal, name), expected, name);
          }
        });
      }
    }
  }
});

test("a filter that resumes on data while an earlier one holds the trailers passes each part on once", () => {
  const harness = new FilterHarness();
  harness.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopAllIterationAndBuffer;
  harness.filter("B").onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
  harness.request(false).data("x").requestTrailers();
  harness.filter("A").decoder.continueDecoding();
  for (const name of ["B", "C", "R"]) assert.equal(seen(harness.journal, name), "HxT.", name);
});

describe("buffering", () => {
  test("continueDecoding() passes all that was buffered as one call, as the filter left it", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
    harness.request(false).data("one ").data("two", true);
    assert.equal(textOf(harness.filter("A").decoder.decodingBuffer()), "one two");
    harness.filter("A").decoder.modifyDecodingBuffer((buffer) => {
      buffer.drain(4);
      buffer.prepend(Buffer.from("1 "));
    });
    harness.take();
    harness.filter("A").decoder.continueDecoding();
    assert.deepEqual(harness.take("decodeData"), [
      "B.decodeData(1 two,end)",
      "R.decodeData(1 two,end)",
    ]);
  });

  test("decodeData() Continue after StopIterationAndBuffer passes the buffer and the new data together", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    let calls = 0;
    harness.filter("A").onDecodeData = () => {
      calls += 1;
      return calls < 3 ? FilterDataStatus.StopIterationAndBuffer : FilterDataStatus.Continue;
    };
    harness.request(false).data("a").data("b").data("c").data("d", true);
    assert.deepEqual(harness.take("B.decodeData"), ["B.decodeData(abc)", "B.decodeData(d,end)"]);
  });

  test("two filters that buffer share one buffer, and each sees all of it", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    for (const name of ["A", "B"]) {
      harness.filter(name).onDecodeData = (_data, end) =>
        end ? FilterDataStatus.Continue : FilterDataStatus.StopIterationAndBuffer;
    }
    harness.request(false).data("x").data("y").data("z", true);
    assert.deepEqual(harness.take("B.decodeData", "R.decodeData"), [
      "B.decodeData(xyz,end)",
      "R.decodeData(xyz,end)",
    ]);
  });

  test("decodeTrailers() Continue of a filter that had stopped passes headers, data and trailers on", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.filter("A").onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
    harness.request(false).data("x");
    assert.deepEqual(harness.take("B."), []);
    harness.requestTrailers();
    assert.deepEqual(harness.take("B."), [
      "B.decodeHeaders()",
      "B.decodeData(x)",
      "B.decodeTrailers()",
      "B.decodeComplete()",
    ]);
  });

  test("an empty chunk with the end, dropped, still ends the stream for later filters", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onDecodeData = () => FilterDataStatus.StopIterationNoBuffer;
    harness.request(false).data("", true);
    assert.deepEqual(harness.take("R."), ["R.decodeHeaders()"]);
    harness.filter("A").decoder.continueDecoding();
    assert.deepEqual(harness.take("R."), ["R.decodeData(,end)", "R.decodeComplete()"]);
  });

  test("the buffer limit is 413, counted, once", () => {
    const harness = new FilterHarness({ filters: ["A"], bufferLimit: 4 });
    harness.filter("A").onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
    harness.request(false).data("1234");
    assert.equal(harness.status, "", "at the limit nothing happens");
    harness.data("5");
    assert.equal(harness.status, "413");
    assert.equal(harness.body, "Payload Too Large");
    assert.equal(harness.streamInfo.responseCodeDetails, "request_payload_too_large");
    assert.equal(harness.take("requestDataTooLarge").length, 1);
    harness.data("6789");
    assert.deepEqual(harness.take(), [], "what still arrives is dropped");
  });

  test("the buffer limit holds for StopAllIterationAndBuffer", () => {
    const harness = new FilterHarness({ filters: ["A"], bufferLimit: 4 });
    harness.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopAllIterationAndBuffer;
    harness.request(false).data("12345");
    assert.equal(harness.status, "413");
  });

  test("a limit of 0 means none", () => {
    const harness = new FilterHarness({ filters: ["A"], bufferLimit: 0 });
    harness.filter("A").onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
    harness.request(false).data("x".repeat(10_000));
    assert.equal(harness.status, "");
    assert.equal(harness.paused, 0);
  });

  for (const [name, arrange] of [
    [
      "StopIterationAndWatermark",
      (harness: FilterHarness) => {
        harness.filter("A").onDecodeData = () => FilterDataStatus.StopIterationAndWatermark;
      },
    ],
    [
      "StopAllIterationAndWatermark",
      (harness: FilterHarness) => {
        harness.filter("A").onDecodeHeaders = () =>
          FilterHeadersStatus.StopAllIterationAndWatermark;
      },
    ],
  ] as const) {
    test(`${name} pauses reading above the limit and resumes at half of it`, () => {
      const harness = new FilterHarness({ filters: ["A"], bufferLimit: 4 });
      arrange(harness);
      harness.request(false).data("1234");
      assert.equal(harness.paused, 0);
      harness.data("5").data("6");
      assert.equal(harness.paused, 1, "reported once");
      harness.filter("A").decoder.modifyDecodingBuffer((buffer) => buffer.drain(3));
      assert.equal(harness.paused, 1, "three left");
      harness.filter("A").decoder.modifyDecodingBuffer((buffer) => buffer.drain(1));
      assert.equal(harness.paused, 0, "two left");
      harness.filter("A").decoder.continueDecoding();
      assert.equal(harness.terminal.body, "56");
    });
  }

  test("setDecoderBufferLimit() moves the limit of what is held already", () => {
    const harness = new FilterHarness({ filters: ["A"], bufferLimit: 100 });
    harness.filter("A").onDecodeData = () => FilterDataStatus.StopIterationAndWatermark;
    harness.request(false).data("1234567890");
    assert.equal(harness.filter("A").decoder.decoderBufferLimit, 100);
    harness.filter("A").decoder.setDecoderBufferLimit(4);
    assert.equal(harness.paused, 1);
    harness.filter("A").decoder.setDecoderBufferLimit(50);
    assert.equal(harness.paused, 0);
  });
});

describe("addDecodedData()", () => {
  test("from decodeHeaders of a request without body makes one", () => {
    const harness = new FilterHarness();
    harness.filter("B").onDecodeHeaders = () => {
      harness.filter("B").decoder.addDecodedData(bytes("body"), false);
      return FilterHeadersStatus.Continue;
    };
    harness.request(true);
    assert.deepEqual(harness.take("decodeHeaders", "decodeData"), [
      "A.decodeHeaders(end)",
      "B.decodeHeaders(end)",
      "C.decodeHeaders()",
      "R.decodeHeaders()",
      "C.decodeData(body,end)",
      "R.decodeData(body,end)",
    ]);
  });

  test("from decodeHeaders that stops, reaches later filters with continueDecoding()", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeHeaders = () => {
      harness.filter("A").decoder.addDecodedData(bytes("body"), false);
      return FilterHeadersStatus.StopIteration;
    };
    harness.request(true);
    assert.deepEqual(harness.take("B.", "R."), []);
    harness.filter("A").decoder.continueDecoding();
    assert.deepEqual(harness.take("decodeHeaders", "decodeData"), [
      "B.decodeHeaders()",
      "R.decodeHeaders()",
      "B.decodeData(body,end)",
      "R.decodeData(body,end)",
    ]);
  });

  test("by two filters in one pass gives both parts, in order, once", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    for (const name of ["A", "B"]) {
      harness.filter(name).onDecodeHeaders = () => {
        harness.filter(name).decoder.addDecodedData(bytes(name), false);
        return FilterHeadersStatus.Continue;
      };
    }
    harness.request(true);
    assert.deepEqual(harness.take("decodeData"), ["B.decodeData(AB,end)", "R.decodeData(AB,end)"]);
  });

  test("from decodeData adds to what is buffered", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeData = (_data, end) => {
      if (!end) return FilterDataStatus.StopIterationAndBuffer;
      harness.filter("A").decoder.addDecodedData(bytes("+"), false);
      return FilterDataStatus.Continue;
    };
    harness.request(false).data("x").data("y", true);
    assert.deepEqual(harness.take("B.decodeData"), ["B.decodeData(x+y,end)"]);
  });

  test("from decodeTrailers goes before the trailers", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeTrailers = () => {
      harness.filter("A").decoder.addDecodedData(bytes("late"), true);
      return FilterTrailersStatus.Continue;
    };
    harness.request(false).data("x").requestTrailers();
    assert.deepEqual(harness.take("B.decodeData", "B.decodeTrailers"), [
      "B.decodeData(x)",
      "B.decodeData(late)",
      "B.decodeTrailers()",
    ]);
  });

  test("from decodeTrailers of a filter that holds the body joins it", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
    harness.filter("A").onDecodeTrailers = () => {
      harness.filter("A").decoder.addDecodedData(bytes("late"), false);
      return FilterTrailersStatus.Continue;
    };
    harness.request(false).data("x").requestTrailers();
    assert.deepEqual(harness.take("B.decodeData", "B.decodeTrailers"), [
      "B.decodeData(xlate)",
      "B.decodeTrailers()",
    ]);
  });

  test("outside of callbacks buffers until the filter continues", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopAllIterationAndWatermark;
    harness.request(true);
    harness.filter("A").decoder.addDecodedData(bytes("made"), true);
    assert.deepEqual(harness.take("B."), []);
    harness.filter("A").decoder.continueDecoding();
    assert.equal(harness.terminal.body, "made");
  });

  test("honours its streaming argument at the limit", () => {
    const streaming = new FilterHarness({ filters: ["A"], bufferLimit: 4 });
    streaming.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
    streaming.request(true);
    streaming.filter("A").decoder.addDecodedData(bytes("12345"), true);
    assert.equal(streaming.paused, 1);
    const buffered = new FilterHarness({ filters: ["A"], bufferLimit: 4 });
    buffered.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
    buffered.request(true);
    buffered.filter("A").decoder.addDecodedData(bytes("12345"), false);
    assert.equal(buffered.status, "413");
  });

  test("from an encoder callback is a filter error: 502", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.request(true);
    harness.filter("A").onEncodeHeaders = () => {
      harness.filter("A").decoder.addDecodedData(bytes("x"), false);
      return FilterHeadersStatus.StopIteration;
    };
    // The response has ended, so nothing is to be done any more; with an open one the stream fails.
    harness.respond(false);
    assert.equal(harness.status, "502");
    assert.equal(harness.body, "Filter error");
    assert.equal(harness.streamInfo.responseCodeDetails, "filter_added_invalid_request_data");
  });
});

describe("injectDecodedDataToFilterChain()", () => {
  test("first passes the headers on, then each piece at once", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.filter("A").onDecodeData = () => FilterDataStatus.StopIterationNoBuffer;
    harness.request(false).data("dropped", true);
    const { decoder } = harness.filter("A");
    decoder.injectDecodedDataToFilterChain(bytes("one"), false);
    decoder.injectDecodedDataToFilterChain(bytes("two"), true);
    assert.deepEqual(harness.take("B.decode"), [
      "B.decodeHeaders()",
      "B.decodeData(one)",
      "B.decodeData(two,end)",
      "B.decodeComplete()",
    ]);
  });
});

describe("addDecodedTrailers()", () => {
  test("in decodeData with the end moves the end to the trailers", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeData = (_data, end) => {
      if (end) harness.filter("A").decoder.addDecodedTrailers().add("x", "1");
      return FilterDataStatus.Continue;
    };
    harness.request(false).data("x", true);
    assert.deepEqual(harness.take("decodeData", "decodeTrailers"), [
      "A.decodeData(x,end)",
      "B.decodeData(x)",
      "R.decodeData(x)",
      "B.decodeTrailers()",
      "R.decodeTrailers()",
    ]);
    assert.equal(harness.manager.requestTrailers?.get("x"), "1");
  });

  test("by a filter that then stops waits with the rest", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("A").onDecodeData = (_data, end) => {
      if (end) harness.filter("A").decoder.addDecodedTrailers().add("x", "1");
      return FilterDataStatus.StopIterationAndBuffer;
    };
    harness.request(false).data("x", true);
    harness.take();
    harness.filter("A").decoder.continueDecoding();
    assert.deepEqual(harness.take("B.decode"), [
      "B.decodeData(x)",
      "B.decodeTrailers()",
      "B.decodeComplete()",
    ]);
  });

  test("go on past a later filter that stops for data, and are held by one that stops all", () => {
    for (const stopAll of [false, true]) {
      const harness = new FilterHarness();
      harness.filter("A").onDecodeData = (_data, end) => {
        if (end) harness.filter("A").decoder.addDecodedTrailers().add("x", "1");
        return FilterDataStatus.Continue;
      };
      if (stopAll) {
        harness.filter("C").onDecodeHeaders = () => FilterHeadersStatus.StopAllIterationAndBuffer;
      } else {
        harness.filter("C").onDecodeData = () => FilterDataStatus.StopIterationAndBuffer;
        harness.filter("C").onDecodeTrailers = () => FilterTrailersStatus.StopIteration;
      }
      harness.request(false).data("x", true);
      assert.equal(seen(harness.journal, "B"), "HxT.");
      assert.equal(seen(harness.journal, "C"), stopAll ? "H" : "HxT.");
      harness.filter("C").decoder.continueDecoding();
      for (const name of ["C", "R"]) assert.equal(seen(harness.journal, name), "HxT.", name);
    }
  });

  test("reach a filter that resumes on the data they came with", () => {
    const harness = new FilterHarness();
    harness.filter("A").onDecodeData = (_data, end) => {
      if (end) harness.filter("A").decoder.addDecodedTrailers().add("x", "1");
      return FilterDataStatus.Continue;
    };
    harness.filter("C").onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.request(false).data("x", true);
    for (const name of ["B", "C", "R"]) assert.equal(seen(harness.journal, name), "HxT.", name);
  });

  test("by two filters are one map, shown to every filter behind the first", () => {
    const harness = new FilterHarness();
    for (const name of ["A", "B"]) {
      harness.filter(name).onDecodeData = () => {
        harness.filter(name).decoder.addDecodedTrailers().add(name.toLowerCase(), "1");
        return FilterDataStatus.Continue;
      };
    }
    harness.request(false).data("x", true);
    assert.equal(seen(harness.journal, "A"), "Hx.");
    for (const name of ["B", "C", "R"]) assert.equal(seen(harness.journal, name), "HxT.", name);
    assert.equal(harness.manager.requestTrailers?.size, 2);
  });

  test("anywhere else is a filter error: 502", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onDecodeData = () => {
      harness.filter("A").decoder.addDecodedTrailers();
      return FilterDataStatus.Continue;
    };
    harness.request(false).data("not the last");
    assert.equal(harness.status, "502");
    assert.equal(harness.streamInfo.responseCodeDetails, "filter_added_invalid_request_data");
  });
});

describe("continueDecoding()", () => {
  test("without a stop, and after the end of the stream, is ignored", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.request(true);
    harness.take();
    harness.filter("A").decoder.continueDecoding();
    assert.deepEqual(harness.take(), []);
    harness.respond(true);
    harness.take();
    harness.filter("A").decoder.continueDecoding();
    assert.deepEqual(harness.take(), []);
  });

  test("twice continues once", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopAllIterationAndBuffer;
    harness.request(false).data("x", true);
    harness.filter("A").decoder.continueDecoding();
    harness.filter("A").decoder.continueDecoding();
    assert.equal(harness.terminal.body, "x");
    assert.equal(harness.take("R.decodeHeaders").length, 1);
  });

  test("before the request is complete leaves later data to flow through", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopAllIterationAndBuffer;
    harness.request(false).data("a");
    harness.filter("A").decoder.continueDecoding();
    harness.data("b").data("c", true);
    assert.deepEqual(harness.take("R.decode"), [
      "R.decodeHeaders()",
      "R.decodeData(a)",
      "R.decodeData(b)",
      "R.decodeData(c,end)",
      "R.decodeComplete()",
    ]);
  });
});

describe("the request timeout", () => {
  test("is disarmed when the whole request has passed the chain", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.request(false).data("x");
    assert.equal(harness.requestTimeoutDisarmed.length, 0);
    harness.data("", true);
    assert.equal(harness.requestTimeoutDisarmed.length, 1);
  });

  test("stays armed while a filter holds the end back", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.request(true);
    assert.equal(harness.requestTimeoutDisarmed.length, 0);
    harness.filter("A").decoder.continueDecoding();
    assert.equal(harness.requestTimeoutDisarmed.length, 1);
  });
});

test("filters of either direction see all heads as they are now", () => {
  const harness = new FilterHarness({ filters: ["A"], requestHeaders: requestHead(["x", "1"]) });
  harness.request(false).data("b").requestTrailers();
  const { decoder, encoder } = harness.filter("A");
  const responseHeaders = (): HeaderMap | undefined => decoder.responseHeaders;
  assert.equal(encoder.requestHeaders?.get("x"), "1");
  assert.equal(encoder.requestTrailers?.get("t"), "1");
  assert.equal(responseHeaders(), undefined);
  harness.respond(false);
  assert.equal(responseHeaders()?.get(":status"), "200");
  harness.respondTrailers();
  assert.equal(decoder.responseTrailers?.get("t"), "1");
  assert.equal(decoder.streamId, 7);
});
