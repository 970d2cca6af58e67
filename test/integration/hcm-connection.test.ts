import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { ResponseFlag } from "../../host/src/contracts/stream-info.ts";
import { AnsweringFilters } from "../support/answering-filter.ts";
import { routeWith } from "../support/filter-harness.ts";
import { HcmServer, TestClient, type HcmServerOptions } from "../support/hcm-server.ts";

const get = (path: string, ...headers: string[]): string =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`;
const statusOf = (response: string): string => response.slice(9, 12);

async function started(
  options: Partial<HcmServerOptions> = {},
): Promise<{ server: HcmServer; answers: AnsweringFilters }> {
  const answers = new AnsweringFilters();
  const server = await HcmServer.start({
    filters: [{ name: "answer", instances: answers }],
    ...options,
  });
  return { server, answers };
}

describe("keep-alive and pipelining", () => {
  test("requests one after the other share the connection", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    for (let i = 0; i < 3; i += 1) {
      client.send(get(`/${i}`));
      assert.match(await client.response(), new RegExp(`GET /${i} HTTP/1.1`));
    }
    assert.equal(server.stat("downstream_cx_total"), 1);
    assert.equal(server.stat("downstream_rq_total"), 3);
    assert.equal(server.stat("downstream_rq_2xx"), 3);
    assert.equal(server.gauge("downstream_rq_active"), 0);
  });

  test("pipelined requests are answered in order, also when the first answers last", async () => {
    const { server, answers } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(get("/hold") + get("/direct/404") + get("/third"));
    const first = await answers.until(1);
    await server.untilLogged(0);
    assert.equal(answers.made.length, 1, "the second request waits for the first");
    first.answer("late");
    const responses = await client.responses(3);
    assert.deepEqual(responses.map(statusOf), ["200", "404", "200"]);
    assert.ok(responses[0]!.endsWith("late"));
    assert.match(responses[2]!, /GET \/third/);
  });

  test("a hundred pipelined requests in one packet", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(Array.from({ length: 100 }, (_each, i) => get(`/direct/200?${i}`)).join(""));
    const responses = await client.responses(100);
    assert.equal(new Set(responses.map(statusOf)).size, 1);
  });

  test("one byte at a time", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    const body =
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (const byte of body) {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok((await client.response()).endsWith("abc"));
  });
});

describe("the end of a connection", () => {
  test("connection: close of the client is answered and obeyed", async () => {
    const { server } = await started({ config: { delayedCloseTimeoutMs: 0 } });
    await using _ = server;
    for (const header of ["Connection: close", "Proxy-Connection: close"]) {
      await using client = await TestClient.connect(server.port);
      client.send(get("/direct/200", header) + get("/direct/200"));
      const text = await client.untilClosed();
      assert.equal(text.match(/HTTP\/1.1/g)?.length, 1);
      assert.match(text, /\r\nconnection: close\r\n/);
    }
    assert.equal(server.stat("downstream_cx_destroy_local"), 2);
  });

  test("an answer before the end of the request closes", async () => {
    const { server } = await started({ config: { delayedCloseTimeoutMs: 0 } });
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send("POST /direct/200 HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    const text = await client.untilClosed();
    assert.match(text, /^HTTP\/1.1 200 OK\r\n/);
    assert.match(text, /\r\nconnection: close\r\n/);
    assert.equal(server.stat("downstream_rq_response_before_rq_complete"), 1);
    assert.equal(server.stat("downstream_rq_rx_reset"), 1);
    const info = await server.untilLogged(1);
    assert.equal(info.responseFlags, 0);
    assert.equal(info.responseCodeDetails, "direct_response");
  });

  test("a 400 of a filter closes, unless messages errors are for the stream only", async () => {
    const { server } = await started({ config: { delayedCloseTimeoutMs: 0 } });
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(get("/direct/400"));
    assert.match(await client.untilClosed(), /\r\nconnection: close\r\n/);
  });

  test("a client that goes away while it is served: DC", async () => {
    const { server, answers } = await started();
    await using _ = server;
    const client = await TestClient.connect(server.port);
    client.send(get("/hold"));
    const filter = await answers.until(1);
    client.socket.destroy();
    const info = await server.untilLogged(1);
    assert.equal(info.responseFlags, ResponseFlag.DownstreamConnectionTermination);
    assert.equal(info.responseCodeDetails, "downstream_remote_disconnect");
    assert.equal(info.responseCode, 0);
    assert.equal(filter.destroyed, true);
    assert.equal(server.stat("downstream_cx_destroy_remote_active_rq"), 1);
    assert.equal(server.stat("downstream_cx_destroy_active_rq"), 1);
    assert.equal(server.stat("downstream_rq_rx_reset"), 1);
    assert.equal(server.gauge("downstream_cx_active"), 0);
    assert.equal(server.gauge("downstream_cx_http1_active"), 0);
    assert.equal(server.gauge("downstream_rq_active"), 0);
  });

  test("a client that half-closes inside a request: DC", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.socket.end("GET / HTTP/1.1\r\nHost");
    const info = await server.untilLogged(1);
    assert.equal(info.responseFlags, ResponseFlag.DownstreamConnectionTermination);
    assert.equal(info.responseCodeDetails, "downstream_remote_disconnect");
  });

  test("the connection closed by someone else here: DC and who", async () => {
    const { server, answers } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(get("/hold"));
    await answers.until(1);
    for (const connection of server.connections) connection.close(1, "because");
    const info = await server.untilLogged(1);
    assert.equal(info.responseFlags, ResponseFlag.DownstreamConnectionTermination);
    assert.equal(info.responseCodeDetails, "downstream_local_disconnect(because)");
    assert.equal(server.stat("downstream_cx_destroy_local_active_rq"), 1);
  });

  test("max_requests_per_connection", async () => {
    const { server } = await started({
      config: { maxRequestsPerConnection: 2, delayedCloseTimeoutMs: 0 },
    });
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(get("/direct/200").repeat(3));
    const text = await client.untilClosed();
    assert.equal(text.match(/HTTP\/1.1 200/g)?.length, 2);
    assert.equal(text.match(/connection: close/g)?.length, 1);
    assert.equal(server.stat("downstream_cx_max_requests_reached"), 1);
  });

  test("reset by a filter after the response began closes without an end", async () => {
    const { server, answers } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(get("/hold"));
    const { callbacks } = await answers.until(1);
    const headers = callbacks.requestHeaders!.clone();
    headers.clear();
    headers.add(":status", "200");
    headers.add("content-length", "10");
    callbacks.encodeHeaders(headers, false, "via_upstream");
    await client.until((text) => text.includes("\r\n\r\n"));
    callbacks.resetStream();
    assert.match(await client.untilClosed(), /\r\n\r\n$/);
    assert.equal(server.stat("downstream_rq_tx_reset"), 1);
    assert.equal((await server.untilLogged(1)).responseCode, 200);
  });
});

describe("requests that are refused", () => {
  const cases: readonly [string, string, string, string, string][] = [
    ["malformed", "GET / HTTP/1.1\r\nHost h\r\n\r\n", "400", "Bad Request", "http1.codec_error"],
    ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "426", "Upgrade Required", "low_version"],
    [
      "transfer coding",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
      "501",
      "Not Implemented",
      "http1.invalid_transfer_encoding",
    ],
    [
      "too large",
      `GET / HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(70_000)}\r\n\r\n`,
      "431",
      "Request Header Fields Too Large",
      "http1.headers_too_large",
    ],
  ];
  for (const [name, request, status, body, details] of cases) {
    test(`by the codec: ${name}`, async () => {
      const { server } = await started({ config: { delayedCloseTimeoutMs: 0 } });
      await using _ = server;
      await using client = await TestClient.connect(server.port);
      client.send(request);
      const text = await client.untilClosed();
      assert.equal(statusOf(text), status);
      assert.ok(text.endsWith(`\r\n\r\n${body}`), text);
      assert.match(text, /\r\nconnection: close\r\n/);
      const info = await server.untilLogged(1);
      assert.equal(info.responseFlags, ResponseFlag.DownstreamProtocolError);
      assert.equal(info.responseCodeDetails, details);
      assert.equal(info.responseCode, Number(status));
      assert.equal(server.stat("downstream_cx_protocol_error"), 1);
    });
  }

  test("a broken chunk after an answer has begun ends the connection, with DPE", async () => {
    const { server, answers } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    const { callbacks } = await answers.until(1);
    const headers = callbacks.requestHeaders!.clone();
    headers.clear();
    headers.add(":status", "200");
    callbacks.encodeHeaders(headers, false, "via_upstream");
    await client.until((text) => text.includes("\r\n\r\n"));
    client.send("zz\r\n");
    await client.untilClosed();
    const info = await server.untilLogged(1);
    assert.equal(info.responseFlags, ResponseFlag.DownstreamProtocolError);
    assert.equal(info.responseCodeDetails, "http1.codec_error");
  });

  test("an upgrade is 403, and nothing behind it is read", async () => {
    const { server } = await started({ config: { delayedCloseTimeoutMs: 0 } });
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(get("/", "Connection: upgrade", "Upgrade: websocket") + get("/direct/200"));
    const text = await client.untilClosed();
    assert.equal(statusOf(text), "403");
    assert.equal(text.match(/HTTP\/1.1/g)?.length, 1);
    assert.equal(server.stat("downstream_rq_ws_on_non_ws_route"), 1);
    assert.equal((await server.untilLogged(1)).responseCodeDetails, "upgrade_failed");
  });

  test("an upgrade that no route matches is 404 and closes", async () => {
    const { server } = await started({
      config: { delayedCloseTimeoutMs: 0 },
      route: () => undefined,
    });
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(get("/", "Connection: upgrade", "Upgrade: websocket"));
    assert.equal(statusOf(await client.untilClosed()), "404");
    assert.equal((await server.untilLogged(1)).responseFlags, ResponseFlag.NoRouteFound);
  });
});

describe("Expect and 1xx", () => {
  const post = "POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";

  test("Expect: 100-continue is answered at once and not passed on", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(post);
    assert.equal(await client.response(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    const response = await client.response();
    assert.ok(response.endsWith("abc"));
    assert.doesNotMatch(response, /expect/i);
    assert.equal(server.stat("downstream_rq_1xx"), 1);
    assert.equal(server.stat("downstream_rq_completed"), 2);
  });

  test("with proxy_100_continue it is for the upstream to answer", async () => {
    const { server, answers } = await started({ config: { proxy100Continue: true } });
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(post);
    const { callbacks } = await answers.until(1);
    assert.equal(callbacks.requestHeaders?.get("expect"), "100-continue");
    const interim = callbacks.requestHeaders!.clone();
    interim.clear();
    interim.add(":status", "100");
    interim.add("connection", "x");
    callbacks.encode1xxHeaders(interim);
    assert.equal(await client.response(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    assert.equal(statusOf(await client.response()), "200");
    assert.equal(server.stat("downstream_rq_1xx"), 1);
  });
});

describe("the record of a stream", () => {
  test("has sizes, times, names and codes when it is logged", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nX-Request-Id: me\r\nContent-Length: 3\r\n\r\nabc");
    const response = await client.response();
    const info = await server.untilLogged(1);
    assert.equal(info.protocol, "HTTP/1.1");
    assert.equal(info.bytesReceived, 3);
    assert.equal(info.bytesSent, response.length - response.indexOf("\r\n\r\n") - 4);
    assert.equal(info.responseCode, 200);
    assert.equal(info.responseCodeDetails, "via_upstream");
    assert.equal(info.streamId, "me");
    assert.equal(info.requestHeaders?.get(":path"), "/x");
    assert.equal(info.responseHeaders?.get(":status"), "200");
    const order = [
      info.startTimeMs,
      info.lastRxByteMs,
      info.firstTxByteMs,
      info.lastTxByteMs,
      info.endTimeMs,
    ];
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
  });

  test("counts by class, for the connection manager and for the listener", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    for (const code of [200, 301, 404, 503]) {
      client.send(get(`/direct/${code}`));
      await client.response();
    }
    for (const prefix of ["http.p.", "listener.l.http.p."]) {
      const value = (name: string): number =>
        server.stats.counter(`${prefix}downstream_rq_${name}`).value;
      const classes = ["1xx", "2xx", "3xx", "4xx", "5xx", "completed"].map(value);
      assert.deepEqual(classes, [0, 1, 1, 1, 1, 4], prefix);
    }
  });
});

describe("draining", () => {
  test("closes idle connections and lets the others end their exchange", async () => {
    const { server, answers } = await started({ config: { delayedCloseTimeoutMs: 0 } });
    await using _ = server;
    await using idle = await TestClient.connect(server.port);
    idle.send(get("/direct/200"));
    await idle.response();
    await using busy = await TestClient.connect(server.port);
    busy.send(get("/hold"));
    const filter = await answers.until(2);
    server.drain();
    assert.equal(await idle.untilClosed(), "");
    filter.answer("done");
    const text = await busy.untilClosed();
    assert.match(text, /\r\nconnection: close\r\n/);
    assert.ok(text.endsWith("done"));
    assert.equal(server.stat("downstream_cx_drain_close"), 2);
  });
});

describe("flow control", () => {
  test("a client that does not read stops the producer, and reading resumes it", async () => {
    const { server, answers } = await started({ bufferLimit: 16_384 });
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.socket.pause();
    client.send(get("/hold"));
    const { callbacks } = await answers.until(1);
    const told: string[] = [];
    let resumed = Promise.withResolvers<void>();
    callbacks.addDownstreamWatermarkCallbacks({
      onAboveWriteBufferHighWatermark: () => told.push("above"),
      onBelowWriteBufferLowWatermark: () => {
        told.push("below");
        resumed.resolve();
      },
    });
    const headers = callbacks.requestHeaders!.clone();
    headers.clear();
    headers.add(":status", "200");
    callbacks.encodeHeaders(headers, false, "via_upstream");
    // The kernel takes a good deal for a client that does not read; then the level stays.
    let steady = 0;
    while (steady < 10) {
      if (told.at(-1) === "above") steady += 1;
      else callbacks.encodeData(OwnedBuffer.of(Buffer.alloc(65_536)), false);
      await new Promise((resolve) => setImmediate(resolve));
      if (told.at(-1) !== "above") steady = 0;
    }
    const belowBefore = told.length;
    resumed = Promise.withResolvers<void>();
    client.socket.resume();
    await resumed.promise;
    assert.equal(told[belowBefore], "below");
  });

  test("a terminal filter that is full stops the client, and the rest arrives when it resumes", async () => {
    const { server, answers } = await started({ bufferLimit: 16_384 });
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    const size = 8_000_000;
    client.send(`POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`);
    const filter = await answers.until(1);
    filter.callbacks.onDecoderFilterAboveWriteBufferHighWatermark();
    client.socket.write(Buffer.alloc(size, "x"));
    // Whatever the kernel holds, the filter gets nothing.
    for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(filter.body.length, 0);
    filter.callbacks.onDecoderFilterBelowWriteBufferLowWatermark();
    const response = await client.response();
    assert.equal(filter.body.length, size);
    assert.equal(statusOf(response), "200");
    assert.equal(server.stat("downstream_flow_control_paused_reading_total"), 1);
    assert.equal(server.stat("downstream_flow_control_resumed_reading_total"), 1);
  });
});

describe("the route", () => {
  test("is not looked for when a request is refused at once", async () => {
    const asked: string[] = [];
    const { server } = await started({
      config: { path: { normalize: false, mergeSlashes: false, escapedSlashes: "reject" } },
      route: (path) => {
        asked.push(path);
        return routeWith({ name: "found", virtualHostName: "host" });
      },
    });
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(get("/direct/200"));
    await client.response();
    client.send(get("/a%2fb"));
    await client.response();
    assert.deepEqual(asked, ["/direct/200"], "once per request");
    assert.equal((await server.untilLogged(1)).routeName, "found");
    assert.equal((await server.untilLogged(1)).virtualHostName, "host");
    assert.equal((await server.untilLogged(2)).routeName, "");
  });

  test("is matched again after clearRouteCache(), with the same random value", async () => {
    const randoms: number[] = [];
    const { server, answers } = await started({
      route: (_path, random) => {
        randoms.push(random);
        return routeWith({ name: String(randoms.length) });
      },
    });
    await using _ = server;
    await using client = await TestClient.connect(server.port);
    client.send(get("/hold"));
    const { callbacks } = await answers.until(1);
    assert.equal(callbacks.route()?.name, "1");
    callbacks.clearRouteCache();
    assert.equal(callbacks.route()?.name, "2");
    assert.equal(callbacks.streamInfo.routeName, "2");
    assert.equal(randoms[0], randoms[1]);
  });
});
