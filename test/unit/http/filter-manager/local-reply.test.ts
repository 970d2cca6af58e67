import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { headerMapOf } from "../../../../host/src/common/headers/header-map.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  LocalErrorStatus,
  type LocalReply,
} from "../../../../host/src/contracts/http/filter.ts";
import { prepareLocalReply } from "../../../../host/src/http/filter-manager/local-reply.ts";
import { FilterHarness, linesOf, requestHead, routeWith } from "../../../support/filter-harness.ts";

const denied: LocalReply = { code: 403, body: "no", details: "denied" };

describe("sendLocalReply() from a decoder callback", () => {
  for (const phase of ["headers", "data", "trailers"] as const) {
    test(`in ${phase} answers through all encoder filters, after the callback has returned`, () => {
      const harness = new FilterHarness();
      const filter = harness.filter("B");
      const reply = (): void => {
        filter.decoder.sendLocalReply(denied);
        harness.journal.push("B returns");
      };
      if (phase === "headers") {
        filter.onDecodeHeaders = () => {
          reply();
          return FilterHeadersStatus.StopIteration;
        };
      } else if (phase === "data") {
        filter.onDecodeData = () => {
          reply();
          return FilterDataStatus.StopIterationNoBuffer;
        };
      } else {
        filter.onDecodeTrailers = () => {
          reply();
          return FilterTrailersStatus.StopIteration;
        };
      }
      harness.request(false).data("x").requestTrailers();
      const journal = harness.take();
      const at = journal.indexOf("B returns");
      assert.deepEqual(journal.slice(at - 5, at), [
        "localReply(403)",
        "A.onLocalReply(403)",
        "B.onLocalReply(403)",
        "C.onLocalReply(403)",
        "R.onLocalReply(403)",
      ]);
      const after = journal.slice(at + 1).filter((entry) => /encode(Headers|Data)|>/.test(entry));
      assert.deepEqual(after, [
        "C.encodeHeaders()",
        "B.encodeHeaders()",
        "A.encodeHeaders()",
        ">headers(403)",
        "C.encodeData(no,end)",
        "B.encodeData(no,end)",
        "A.encodeData(no,end)",
        ">data(no,end)",
        ">end",
      ]);
      assert.equal(
        journal.filter((entry) => entry.startsWith(`C.decode`)).length,
        phaseCalls(phase),
      );
      assert.equal(harness.streamInfo.responseCodeDetails, "denied");
    });
  }

  /** How often C was called before B answered in this phase. */
  function phaseCalls(phase: string): number {
    return ["headers", "data", "trailers"].indexOf(phase);
  }

  test("ends decoding whatever status the filter returns", () => {
    for (const status of Object.values(FilterHeadersStatus)) {
      const harness = new FilterHarness({ filters: ["A", "B"] });
      harness.filter("A").onDecodeHeaders = () => {
        harness.filter("A").decoder.sendLocalReply(denied);
        return status;
      };
      harness.request(true);
      assert.deepEqual(harness.take("B.decode", "R.decode"), []);
      assert.equal(harness.status, "403");
    }
  });

  test("twice answers once, with the first", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onDecodeHeaders = () => {
      harness.filter("A").decoder.sendLocalReply(denied);
      harness.filter("A").decoder.sendLocalReply({ code: 500, body: "", details: "second" });
      return FilterHeadersStatus.StopIteration;
    };
    harness.request(true);
    assert.equal(harness.status, "403");
    assert.equal(harness.take(">headers").length, 1);
    assert.equal(harness.streamInfo.responseCodeDetails, "denied");
  });

  test("and then a late answer of the terminal filter is ignored", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onEncodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.filter("A").onDecodeData = () => {
      harness.filter("A").decoder.sendLocalReply(denied);
      return FilterDataStatus.StopIterationNoBuffer;
    };
    harness.request(false).data("x");
    harness.respond(true);
    harness.filter("A").encoder.continueEncoding();
    assert.equal(harness.status, "403");
    assert.equal(harness.body, "no");
  });
});

describe("sendLocalReply() outside of callbacks", () => {
  test("answers at once through all encoder filters", () => {
    const harness = new FilterHarness();
    harness.filter("A").onDecodeHeaders = () => FilterHeadersStatus.StopAllIterationAndBuffer;
    harness.request(false).data("x");
    harness.take();
    harness.filter("A").decoder.sendLocalReply(denied);
    assert.deepEqual(harness.take("encodeHeaders", ">"), [
      "C.encodeHeaders()",
      "B.encodeHeaders()",
      "A.encodeHeaders()",
      ">headers(403)",
      ">data(no,end)",
      ">end",
    ]);
    harness.filter("A").decoder.continueDecoding();
    harness.data("y", true);
    assert.deepEqual(harness.take("decode"), []);
  });

  test("may be answered late by an encoder filter that stops it", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onEncodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.filter("A").onEncodeData = () => FilterDataStatus.StopIterationAndBuffer;
    harness.request(true);
    harness.terminal.decoder.sendLocalReply(denied);
    assert.equal(harness.status, "");
    harness.filter("A").encoder.continueEncoding();
    assert.equal(harness.status, "403");
    assert.equal(harness.body, "no");
    assert.equal(harness.ended, true);
  });
});

describe("sendLocalReply() from an encoder filter", () => {
  test("in encodeHeaders goes straight to the codec, past the other filters", () => {
    const harness = new FilterHarness().request(true);
    harness.filter("B").onEncodeHeaders = () => {
      harness.filter("B").encoder.sendLocalReply(denied);
      return FilterHeadersStatus.Continue;
    };
    harness.take();
    harness.respond(true);
    assert.deepEqual(harness.take("encodeHeaders", ">"), [
      "C.encodeHeaders(end)",
      "B.encodeHeaders(end)",
      ">headers(403)",
      ">data(no,end)",
      ">end",
    ]);
    assert.equal(harness.streamInfo.responseCodeDetails, "denied");
  });

  test("in encodeData with the headers held back replaces the response", () => {
    const harness = new FilterHarness({ filters: ["A"] }).request(true);
    harness.filter("A").onEncodeHeaders = () => FilterHeadersStatus.StopIteration;
    harness.filter("A").onEncodeData = () => {
      harness.filter("A").encoder.sendLocalReply(denied);
      return FilterDataStatus.StopIterationNoBuffer;
    };
    harness.respond(false).respondData("secret");
    assert.equal(harness.status, "403");
    assert.equal(harness.body, "no");
    assert.equal(harness.ended, true);
  });

  test("after the headers went out resets the stream", () => {
    const harness = new FilterHarness({ filters: ["A"] }).request(true);
    harness.filter("A").onEncodeTrailers = () => {
      harness.filter("A").encoder.sendLocalReply(denied);
      return FilterTrailersStatus.StopIteration;
    };
    harness.respond(false).respondData("x").respondTrailers();
    assert.equal(harness.status, "200");
    assert.equal(harness.reset, "local reset");
    assert.deepEqual(harness.take(">trailers"), []);
    assert.equal(harness.streamInfo.responseCodeDetails, "denied");
  });

  test("in encode1xxHeaders goes straight to the codec", () => {
    const harness = new FilterHarness({ filters: ["A"], proxy100Continue: true }).request(true);
    harness.filter("A").onEncode1xx = () => {
      harness.filter("A").encoder.sendLocalReply(denied);
      return 0;
    };
    harness.terminal.decoder.encode1xxHeaders(headerMapOf([[":status", "103"]]));
    assert.deepEqual(harness.take(">"), [">headers(403)", ">data(no,end)", ">end"]);
  });

  test("to a local reply of its own does not loop", () => {
    const harness = new FilterHarness({ filters: ["A"] });
    harness.filter("A").onEncodeHeaders = () => {
      harness.filter("A").encoder.sendLocalReply({ code: 500, body: "", details: "again" });
      return FilterHeadersStatus.StopIteration;
    };
    harness.request(true);
    harness.terminal.decoder.sendLocalReply(denied);
    assert.equal(harness.status, "500");
    assert.equal(harness.take("A.encodeHeaders").length, 1);
  });
});

describe("onLocalReply()", () => {
  test("ContinueAndResetStream of one filter resets instead; later filters are told so", () => {
    const harness = new FilterHarness();
    harness.filter("B").localErrorStatus = LocalErrorStatus.ContinueAndResetStream;
    harness.request(true);
    harness.take();
    harness.terminal.decoder.sendLocalReply(denied);
    assert.deepEqual(harness.take("onLocalReply", ">", "encodeHeaders"), [
      "A.onLocalReply(403)",
      "B.onLocalReply(403)",
      "C.onLocalReply(403,reset)",
      "R.onLocalReply(403,reset)",
      ">reset(local reset, denied)",
    ]);
  });

  test("also from inside a decoder callback", () => {
    const harness = new FilterHarness({ filters: ["A", "B"] });
    harness.filter("B").localErrorStatus = LocalErrorStatus.ContinueAndResetStream;
    harness.filter("A").onDecodeHeaders = () => {
      harness.filter("A").decoder.sendLocalReply(denied);
      return FilterHeadersStatus.StopIteration;
    };
    harness.request(true);
    assert.equal(harness.reset, "local reset");
    assert.deepEqual(harness.take("B.decodeHeaders", ">headers"), []);
  });
});

describe("the head of a local reply", () => {
  const none = { isHead: false, isGrpc: false };

  test("has length and type of its body", () => {
    const { headers, body } = prepareLocalReply(denied, none, undefined);
    assert.equal(linesOf(headers), ":status: 403|content-length: 2|content-type: text/plain");
    assert.equal(body, "no");
  });

  test("without body has neither, whoever set them", () => {
    const reply: LocalReply = {
      code: 404,
      body: "",
      details: "",
      modifyHeaders: (headers) => {
        headers.set("content-type", "text/html");
        headers.set("content-length", "9");
        headers.set("x", "1");
      },
    };
    assert.equal(linesOf(prepareLocalReply(reply, none, undefined).headers), ":status: 404|x: 1");
  });

  test("keeps the content type that modifyHeaders sets, and its own changes over the route's", () => {
    const reply: LocalReply = {
      ...denied,
      modifyHeaders: (headers) => {
        headers.set("content-type", "application/json");
        headers.set("x", "filter");
      },
    };
    const { headers } = prepareLocalReply(reply, none, (each) => each.set("x", "route"));
    assert.equal(
      linesOf(headers),
      ":status: 403|x: filter|content-type: application/json|content-length: 2",
    );
  });

  test("for HEAD says what a GET would get, without the body", () => {
    const { headers, body } = prepareLocalReply(denied, { isHead: true, isGrpc: false }, undefined);
    assert.equal(headers.get("content-length"), "2");
    assert.equal(body, "");
  });

  test("for gRPC is trailers-only with a mapped status and an escaped message", () => {
    const grpc = { isHead: false, isGrpc: true };
    const of = (code: number, more: Partial<LocalReply> = {}): string =>
      linesOf(prepareLocalReply({ code, body: "", details: "", ...more }, grpc, undefined).headers);
    const head = ":status: 200|content-type: application/grpc|grpc-status: ";
    for (const [code, status] of [
      [200, 2],
      [204, 2],
      [301, 2],
      [400, 13],
      [401, 16],
      [403, 7],
      [404, 12],
      [408, 2],
      [413, 2],
      [429, 14],
      [500, 2],
      [502, 14],
      [503, 14],
      [504, 14],
    ] as const) {
      assert.equal(of(code), `${head}${status}`, String(code));
    }
    assert.equal(of(503, { grpcStatus: 4 }), `${head}4`);
    assert.equal(of(503, { body: "a b%~\n\xe9" }), `${head}14|grpc-message: a b%25%7E%0A%E9`);
    const redirect = of(301, { modifyHeaders: (headers) => headers.set("location", "/x") });
    assert.equal(
      redirect,
      `:status: 200|location: /x|content-type: application/grpc|grpc-status: 2`,
    );
  });

  test("is gRPC only for application/grpc and application/grpc+…", () => {
    for (const [type, isGrpc] of [
      ["application/grpc", true],
      ["application/grpc+proto", true],
      ["application/grpc;charset=utf8", false],
      ["application/grpcx", false],
      ["application/grpc-web", false],
      ["text/plain", false],
    ] as const) {
      const harness = new FilterHarness({
        filters: [],
        requestHeaders: requestHead(["content-type", type]),
      });
      harness.request(true);
      harness.terminal.decoder.sendLocalReply(denied);
      assert.equal(harness.status, isGrpc ? "200" : "403", type);
    }
  });

  test("gets the route's response headers", () => {
    const route = routeWith({
      routeEntry: {} as never,
      finalizeResponseHeaders: (headers) => headers.add("x-route", "1"),
    });
    const harness = new FilterHarness({ filters: [], route });
    harness.request(true);
    harness.terminal.decoder.sendLocalReply(denied);
    assert.equal(harness.responseHeaders?.get("x-route"), "1");
  });
});
