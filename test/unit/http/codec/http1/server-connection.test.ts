import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnedBuffer } from "../../../../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../../../../host/src/common/headers/header-map.ts";
import {
  StreamResetReason,
  type Http1Settings,
} from "../../../../../host/src/contracts/http/codec.ts";
import { ConnectionCloseType } from "../../../../../host/src/contracts/network/connection.ts";
import { Http1ServerConnection } from "../../../../../host/src/http/codec/http1/server-connection.ts";
import {
  bytes,
  codecStats,
  defaultSettings,
  entriesOf,
  RecordedRequest,
} from "../../../../support/http1.ts";
import { MemoryConnection } from "../../../../support/memory-connection.ts";

function setUp(settings: Partial<Http1Settings> = {}) {
  const connection = new MemoryConnection();
  const requests: RecordedRequest[] = [];
  const stats = codecStats();
  let onRequest: ((request: RecordedRequest) => void) | undefined;
  const codec = new Http1ServerConnection(
    connection,
    {
      newStream(encoder) {
        const request = new RecordedRequest(encoder);
        onRequest?.(request);
        requests.push(request);
        return request;
      },
    },
    { ...defaultSettings, ...settings },
    stats,
  );
  return {
    connection,
    codec,
    requests,
    stats,
    onRequest: (callback: (request: RecordedRequest) => void) => {
      onRequest = callback;
    },
  };
}

function respond(request: RecordedRequest, body = "ok"): void {
  const headers = headerMapOf([
    [":status", "200"],
    ["content-length", String(body.length)],
  ]);
  request.encoder.encodeHeaders(headers, body === "");
  if (body !== "") request.encoder.encodeData(bytes(body), true);
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("dispatch() gives the head of a request with pseudo headers first", () => {
  const { codec, requests } = setUp();
  const error = codec.dispatch(
    bytes("GET /p?q HTTP/1.1\r\nHost: example.com:80\r\nX-A:  v \t\r\nx-a: w\r\nEmpty:\r\n\r\n"),
  );
  assert.equal(error, undefined);
  assert.deepEqual(entriesOf(requests[0]!.headers!), [
    [":authority", "example.com:80"],
    [":path", "/p?q"],
    [":method", "GET"],
    ["x-a", "v"],
    ["x-a", "w"],
    ["empty", ""],
  ]);
  assert.equal(requests[0]!.complete, true);
});

test("dispatch() passes obs-text unchanged", () => {
  const { codec, requests } = setUp();
  codec.dispatch(bytes("GET / HTTP/1.1\r\nHost: a\r\nX: caf\xc3\xa9\xff\r\n\r\n"));
  assert.equal(requests[0]!.headers!.get("x"), "caf\xc3\xa9\xff");
});

test("dispatch() takes authority, scheme and path from an absolute target", () => {
  const { codec, requests } = setUp();
  codec.dispatch(bytes("GET HTTP://other.test?q=1 HTTP/1.1\r\nHost: a\r\n\r\n"));
  assert.deepEqual(entriesOf(requests[0]!.headers!), [
    [":authority", "other.test"],
    [":path", "/?q=1"],
    [":method", "GET"],
    [":scheme", "http"],
  ]);
});

test("dispatch() leaves an absolute target alone without allow_absolute_url", () => {
  const { codec, requests } = setUp({ allowAbsoluteUrl: false });
  codec.dispatch(bytes("GET http://other.test/x HTTP/1.1\r\nHost: a\r\n\r\n"));
  assert.equal(requests[0]!.headers!.get(":path"), "http://other.test/x");
  assert.equal(requests[0]!.headers!.get(":authority"), "a");
});

test("dispatch() has no :authority when there is no Host", () => {
  const { codec, requests } = setUp();
  codec.dispatch(bytes("GET / HTTP/1.1\r\n\r\n"));
  assert.equal(requests[0]!.headers!.has(":authority"), false);
});

test("dispatch() gives CONNECT its target as authority, no path, and no end", () => {
  const { codec, requests } = setUp();
  codec.dispatch(bytes("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\nearly"));
  assert.deepEqual(entriesOf(requests[0]!.headers!), [
    [":authority", "a.test:443"],
    [":method", "CONNECT"],
  ]);
  assert.equal(requests[0]!.complete, false);
  assert.equal(requests[0]!.body, "");
});

test("dispatch() delivers a body by its length, in whatever pieces it comes", () => {
  const { codec, requests } = setUp();
  codec.dispatch(bytes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nab"));
  codec.dispatch(bytes("cd"));
  assert.equal(requests[0]!.complete, false);
  codec.dispatch(bytes("ef"));
  assert.equal(requests[0]!.body, "abcdef");
  assert.equal(requests[0]!.complete, true);
});

test("dispatch() joins the chunks of one call and ends with the last of them", () => {
  const { codec, requests } = setUp();
  const data = bytes(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;ext=1\r\nab\r\n00001\r\nc\r\n0\r\n\r\n",
  );
  codec.dispatch(data);
  const request = requests[0]!;
  assert.equal(request.body, "abc");
  assert.deepEqual(request.log.events.slice(1), ['data "abc"', "end"]);
});

test("dispatch() drops trailers unless enable_trailers is set", () => {
  const text =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n";
  const without = setUp();
  without.codec.dispatch(bytes(text));
  assert.deepEqual(without.requests[0]!.log.events.slice(1), ['data "a"', "end"]);
  const enabled = setUp({ enableTrailers: true });
  enabled.codec.dispatch(bytes(text));
  assert.deepEqual(enabled.requests[0]!.log.events.slice(1), [
    'data "a"',
    'trailers [["x-t","1"]] end',
  ]);
});

test("dispatch() serves pipelined requests one after the other", () => {
  const { codec, connection, requests } = setUp();
  const data = bytes(get.repeat(3));
  codec.dispatch(data);
  assert.equal(requests.length, 1, "the second waits for the first response");
  assert.equal(data.length, 2 * get.length);
  assert.equal(connection.readDisableCount, 1, "and nothing more is read meanwhile");
  respond(requests[0]!);
  assert.equal(connection.readDisableCount, 0);
  codec.dispatch(data);
  assert.equal(requests.length, 2);
  respond(requests[1]!);
  codec.dispatch(data);
  respond(requests[2]!);
  assert.equal(data.length, 0);
  assert.equal(connection.takeWritten().match(/HTTP\/1.1 200 OK/g)!.length, 3);
});

test("dispatch() goes on with the next request when the response was written at once", () => {
  const { codec, connection, requests, onRequest } = setUp();
  onRequest((request) => {
    request.onComplete = respond;
  });
  codec.dispatch(bytes(get.repeat(5)));
  assert.equal(requests.length, 5);
  assert.equal(connection.readDisableCount, 0);
});

test("dispatch() begins no request while the client does not read its responses", () => {
  const { codec, connection, requests, onRequest } = setUp();
  onRequest((request) => {
    request.onComplete = respond;
  });
  codec.onUnderlyingConnectionAboveWriteBufferHighWatermark();
  const data = bytes(get);
  codec.dispatch(data);
  assert.equal(requests.length, 0);
  assert.equal(connection.readDisableCount, 1);
  codec.onUnderlyingConnectionBelowWriteBufferLowWatermark();
  assert.equal(connection.readDisableCount, 0);
  codec.dispatch(data);
  assert.equal(requests.length, 1);
});

test("readDisable() nests and stops the delivery of data that is there", () => {
  const { codec, connection, requests, onRequest } = setUp();
  onRequest((request) => {
    request.onHeaders = ({ encoder }) => {
      encoder.stream.readDisable(true);
      encoder.stream.readDisable(true);
    };
  });
  const data = bytes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
  codec.dispatch(data);
  const request = requests[0]!;
  assert.equal(request.body, "");
  assert.equal(data.length, 2);
  assert.equal(connection.readDisableCount, 2);
  request.encoder.stream.readDisable(false);
  codec.dispatch(data);
  assert.equal(request.body, "");
  request.encoder.stream.readDisable(false);
  codec.dispatch(data);
  assert.equal(request.body, "ab");
});

test("a stream that ends gives back the reads it had disabled", () => {
  const { codec, connection, requests } = setUp();
  codec.dispatch(bytes(get));
  requests[0]!.encoder.stream.readDisable(true);
  respond(requests[0]!);
  assert.equal(connection.readDisableCount, 0);
});

test("an early response says connection: close, and what still comes is dropped", () => {
  const { codec, connection, requests } = setUp();
  codec.dispatch(bytes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"));
  respond(requests[0]!);
  assert.match(connection.takeWritten(), /\r\nconnection: close\r\n/);
  assert.equal(codec.closing, true);
  const rest = bytes(`${"x".repeat(97)}${get}`);
  assert.equal(codec.dispatch(rest), undefined);
  assert.equal(rest.length, 0);
  assert.equal(requests.length, 1, "the bytes behind the response are no request");
});

test("closing follows the client's wish, and the response repeats it", () => {
  const { codec, connection, requests } = setUp();
  codec.dispatch(bytes("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n"));
  assert.equal(codec.closing, true);
  respond(requests[0]!);
  assert.match(connection.takeWritten(), /\r\nconnection: close\r\n/);
});

test("goAway() puts connection: close on the next response", () => {
  const { codec, connection, requests } = setUp();
  codec.goAway();
  codec.dispatch(bytes(get));
  assert.equal(codec.closing, false);
  respond(requests[0]!);
  assert.match(connection.takeWritten(), /\r\nconnection: close\r\n/);
  assert.equal(codec.closing, true);
});

test("connection: close in a response map closes, and is written once", () => {
  const { codec, connection, requests } = setUp();
  codec.dispatch(bytes(get));
  const headers = headerMapOf([
    [":status", "200"],
    ["connection", "close"],
  ]);
  requests[0]!.encoder.encodeHeaders(headers, true);
  assert.equal(
    connection.takeWritten(),
    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
  );
  assert.equal(codec.closing, true);
});

test("HTTP/1.0 is answered 426 by default", () => {
  const { codec, requests } = setUp();
  const error = codec.dispatch(bytes("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
  assert.equal(error?.code, 426);
  assert.deepEqual(requests[0]!.localReply, {
    code: 426,
    body: "Upgrade Required",
    details: "low_version",
  });
});

test("HTTP/1.0 closes after the response unless it asks for keep-alive", () => {
  const { codec, connection, requests } = setUp({
    acceptHttp10: true,
    defaultHostForHttp10: "dflt",
  });
  codec.dispatch(bytes("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  assert.equal(codec.protocol, "HTTP/1.0");
  assert.equal(requests[0]!.headers!.get(":authority"), "dflt");
  respond(requests[0]!);
  assert.equal(
    connection.takeWritten(),
    "HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok",
  );
  codec.dispatch(bytes("GET / HTTP/1.0\r\n\r\n"));
  respond(requests[1]!);
  assert.match(connection.takeWritten(), /^HTTP\/1.0 200 OK\r\n.*\r\nconnection: close\r\n/s);
  assert.equal(codec.closing, true);
});

test("a body of unknown length ends with the connection in HTTP/1.0", () => {
  const { codec, connection, requests } = setUp({ acceptHttp10: true });
  codec.dispatch(bytes("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"));
  const { encoder } = requests[0]!;
  encoder.encodeHeaders(headerMapOf([[":status", "200"]]), false);
  encoder.encodeData(bytes("ab"), false);
  encoder.encodeData(bytes("cd"), true);
  assert.equal(connection.takeWritten(), "HTTP/1.0 200 OK\r\nconnection: close\r\n\r\nabcd");
  assert.equal(codec.closing, true);
});

test("resetStream() in such a body resets the connection, so that it does not look whole", () => {
  const { codec, connection, requests } = setUp({ acceptHttp10: true });
  codec.dispatch(bytes("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
  requests[0]!.encoder.encodeHeaders(headerMapOf([[":status", "200"]]), false);
  requests[0]!.encoder.stream.resetStream(StreamResetReason.LocalReset);
  assert.equal(connection.closeType, ConnectionCloseType.AbortReset);
});

test("encodeHeaders() frames by chunks when the length is unknown", () => {
  const { codec, connection, requests } = setUp();
  codec.dispatch(bytes(get));
  const { encoder } = requests[0]!;
  encoder.encodeHeaders(headerMapOf([[":status", "200"]]), false);
  encoder.encodeData(bytes("0123456789abcdef"), false);
  encoder.encodeData(new OwnedBuffer(), false);
  encoder.encodeData(bytes("x"), true);
  assert.equal(
    connection.takeWritten(),
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\n\r\n",
  );
});

test("encodeTrailers() writes them when enabled, else only the end", () => {
  for (const enableTrailers of [true, false]) {
    const { codec, connection, requests } = setUp({ enableTrailers });
    codec.dispatch(bytes(get));
    const { encoder } = requests[0]!;
    encoder.encodeHeaders(headerMapOf([[":status", "200"]]), false);
    encoder.encodeTrailers(headerMapOf([["grpc-status", "0"]]));
    const text = connection.takeWritten();
    assert.ok(
      text.endsWith(enableTrailers ? "\r\n\r\n0\r\ngrpc-status: 0\r\n\r\n" : "\r\n\r\n0\r\n\r\n"),
    );
  }
});

test("encodeHeaders() never gives a body to HEAD, 204 and 304", () => {
  for (const [method, status, head] of [
    ["HEAD", "200", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"],
    ["GET", "204", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["GET", "304", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"],
  ] as const) {
    const { codec, connection, requests } = setUp();
    codec.dispatch(bytes(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`));
    const { encoder } = requests[0]!;
    const headers = headerMapOf([
      [":status", status],
      ["content-length", "5"],
      ["transfer-encoding", "chunked"],
    ]);
    encoder.encodeHeaders(headers, false);
    encoder.encodeData(bytes("hello"), true);
    assert.equal(connection.takeWritten(), head);
    assert.equal(codec.closing, false);
  }
});

test("encodeHeaders() mends the length of a response that has no body", () => {
  const { codec, connection, requests } = setUp();
  codec.dispatch(bytes(get));
  const headers = headerMapOf([
    [":status", "200"],
    ["content-length", "5"],
    ["content-length", "6"],
    ["x", "y"],
  ]);
  requests[0]!.encoder.encodeHeaders(headers, true);
  assert.equal(connection.takeWritten(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: y\r\n\r\n");
});

test("encodeData() ends the connection when the body and its length do not agree", () => {
  for (const body of ["a", "abc"]) {
    const { codec, connection, requests } = setUp();
    codec.dispatch(bytes(get));
    const request = requests[0]!;
    const headers = headerMapOf([
      [":status", "200"],
      ["content-length", "2"],
    ]);
    request.encoder.encodeHeaders(headers, false);
    request.encoder.encodeData(bytes(body), true);
    assert.deepEqual(request.reset, {
      reason: StreamResetReason.LocalReset,
      details: "http1.content_length_mismatch",
    });
    assert.equal(connection.closeType, ConnectionCloseType.FlushWrite);
  }
});

test("encodeHeaders() lets nothing that a filter has put in break the message", () => {
  const { codec, connection, requests } = setUp();
  codec.dispatch(bytes(get));
  const headers = headerMapOf([
    [":status", "200"],
    ["x", "a\r\nset-cookie: evil\0\u0141"],
    ["bad name", "v"],
    ["good", "v"],
  ]);
  requests[0]!.encoder.encodeHeaders(headers, true);
  assert.equal(
    connection.takeWritten(),
    "HTTP/1.1 200 OK\r\nx: a  set-cookie: evil  \r\ngood: v\r\ncontent-length: 0\r\n\r\n",
  );
});

test("encode1xxHeaders() writes an interim head and leaves the response to come", () => {
  const { codec, connection, requests } = setUp();
  codec.dispatch(
    bytes("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
  );
  const { encoder } = requests[0]!;
  encoder.encode1xxHeaders(headerMapOf([[":status", "100"]]));
  assert.equal(connection.takeWritten(), "HTTP/1.1 100 Continue\r\n\r\n");
  codec.dispatch(bytes("x"));
  respond(requests[0]!);
  assert.equal(connection.takeWritten(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  assert.equal(codec.closing, false);
});

test("proper-case writes every name with capitals", () => {
  const { codec, connection, requests } = setUp({ headerKeyFormat: "proper-case" });
  codec.dispatch(bytes("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  const headers = headerMapOf([
    [":status", "200"],
    ["x-envoy-upstream-service-time", "1"],
    ["etag", "x"],
    ["x1-b2", "y"],
  ]);
  requests[0]!.encoder.encodeHeaders(headers, false);
  requests[0]!.encoder.encodeData(bytes("a"), true);
  assert.equal(
    connection.takeWritten(),
    "HTTP/1.1 200 OK\r\nX-Envoy-Upstream-Service-Time: 1\r\nEtag: x\r\nX1-B2: y\r\n" +
      "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
  );
});

test("underscores in names are allowed, dropped or rejected, and counted", () => {
  const text = "GET / HTTP/1.1\r\nHost: a\r\nx_y: 1\r\nz: 2\r\n\r\n";
  const allowing = setUp();
  allowing.codec.dispatch(bytes(text));
  assert.equal(allowing.requests[0]!.headers!.get("x_y"), "1");
  const dropping = setUp({ underscoresInHeaders: "drop" });
  dropping.codec.dispatch(bytes(text));
  assert.equal(dropping.requests[0]!.headers!.has("x_y"), false);
  assert.equal(dropping.requests[0]!.headers!.get("z"), "2");
  assert.equal(dropping.stats.droppedHeadersWithUnderscores.value, 1);
  const rejecting = setUp({ underscoresInHeaders: "reject" });
  const error = rejecting.codec.dispatch(bytes(text));
  assert.equal(error?.details, "http1.unexpected_underscore");
  assert.equal(rejecting.stats.requestsRejectedWithUnderscoresInHeaders.value, 1);
});

test("limits hold at the limit and one past it", () => {
  const settings = { maxHeadersBytes: 1024, maxHeadersCount: 3 };
  const head = (size: number): string => {
    const start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    // The line ends and colons of fields are not counted; those of the request line are.
    return `${start}${"v".repeat(size - 16 - 5 - 1)}\r\n\r\n`;
  };
  assert.equal(setUp(settings).codec.dispatch(bytes(head(1024))), undefined);
  assert.deepEqual(pick(setUp(settings).codec.dispatch(bytes(head(1025)))), [
    431,
    "http1.headers_too_large",
  ]);
  const fields = (count: number): string =>
    `GET / HTTP/1.1\r\nHost: a\r\n${"a: b\r\n".repeat(count - 1)}\r\n`;
  assert.equal(setUp(settings).codec.dispatch(bytes(fields(3))), undefined);
  assert.deepEqual(pick(setUp(settings).codec.dispatch(bytes(fields(4)))), [
    431,
    "http1.too_many_headers",
  ]);
});

function pick(error: { code: number; details: string } | undefined): unknown {
  return error && [error.code, error.details];
}

test("trailers count as headers do", () => {
  const settings = { maxHeadersBytes: 200, maxHeadersCount: 3 };
  const start = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  const many = setUp(settings).codec.dispatch(bytes(`${start}${"a: b\r\n".repeat(4)}\r\n`));
  assert.deepEqual(pick(many), [431, "http1.too_many_headers"]);
  const large = setUp(settings).codec.dispatch(bytes(`${start}a: ${"b".repeat(300)}\r\n\r\n`));
  assert.deepEqual(pick(large), [431, "http1.headers_too_large"]);
});

test("dispatch() refuses nonsense before the head is complete", () => {
  for (const text of ["\x16\x03\x01\x02\x00", "GET /\0", "GET / HTTP/3", "get\t", "G".repeat(20)]) {
    const { codec, requests } = setUp();
    assert.equal(codec.dispatch(bytes(text))?.code, 400, JSON.stringify(text));
    assert.equal(requests[0]!.localReply!.code, 400);
  }
});

test("dispatch() answers nothing more once the response has begun", () => {
  const { codec, requests } = setUp();
  codec.dispatch(bytes("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
  requests[0]!.encoder.encodeHeaders(headerMapOf([[":status", "200"]]), false);
  const error = codec.dispatch(bytes("zz\r\n"));
  assert.equal(error?.code, 400);
  assert.equal(requests[0]!.localReply, undefined);
  assert.equal(requests[0]!.encoder.stream.responseDetails, "http1.codec_error");
});

test("dispatch() repeats its error and drops what still comes", () => {
  const { codec, requests } = setUp();
  const error = codec.dispatch(bytes("BAD\r\n\r\n"));
  const more = bytes(get);
  assert.equal(codec.dispatch(more), error);
  assert.equal(more.length, 0);
  assert.equal(requests.length, 1);
});

test("onConnectionClosed() resets the open stream, and nothing follows", () => {
  const { codec, requests } = setUp();
  codec.dispatch(bytes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"));
  codec.onConnectionClosed(StreamResetReason.ConnectionTermination, "why");
  const request = requests[0]!;
  assert.deepEqual(request.reset, { reason: "connection termination", details: "why" });
  codec.dispatch(bytes("defghi"));
  assert.equal(request.body, "abc");
  respond(request);
});

test("onEndOfInput() is an error inside a request only", () => {
  const idle = setUp();
  assert.equal(idle.codec.onEndOfInput(), undefined);
  const inside = setUp();
  inside.codec.dispatch(bytes("GET / HTTP/1.1\r\nHo"));
  assert.equal(inside.codec.onEndOfInput()?.code, 400);
});

test("a stream added above the high watermark learns of it", () => {
  const { codec, connection, requests } = setUp();
  codec.dispatch(bytes(get));
  connection.aboveHighWatermark = true;
  const seen: string[] = [];
  requests[0]!.encoder.stream.addCallbacks({
    onResetStream: () => seen.push("reset"),
    onAboveWriteBufferHighWatermark: () => seen.push("above"),
    onBelowWriteBufferLowWatermark: () => seen.push("below"),
  });
  codec.onUnderlyingConnectionBelowWriteBufferLowWatermark();
  assert.deepEqual(seen, ["above", "below"]);
  assert.equal(requests[0]!.belowLowWatermark, 1);
});

test("bytesMeter counts heads and whole messages", () => {
  const { codec, connection, requests } = setUp();
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
  codec.dispatch(bytes(`${head}abc`));
  respond(requests[0]!);
  const meter = requests[0]!.encoder.stream.bytesMeter;
  const written = connection.takeWritten();
  assert.deepEqual(meter, {
    headerBytesReceived: head.length,
    wireBytesReceived: head.length + 3,
    headerBytesSent: written.length - 2,
    wireBytesSent: written.length,
  });
});

test("an h2c upgrade is served as HTTP/1.1, other upgrades keep their fields", () => {
  const { codec, requests } = setUp();
  codec.dispatch(
    bytes(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
    ),
  );
  assert.equal(requests[0]!.headers!.has("upgrade"), false);
  assert.equal(requests[0]!.headers!.has("http2-settings"), false);
  respond(requests[0]!);
  codec.dispatch(
    bytes("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
  );
  assert.equal(requests[1]!.headers!.get("upgrade"), "websocket");
  assert.equal(requests[1]!.complete, true);
});

test("Connection strips what it lists and may not list what must stay", () => {
  const { codec, requests } = setUp();
  codec.dispatch(
    bytes("GET / HTTP/1.1\r\nHost: a\r\nX-B: 1\r\nConnection: x-b, X-C\r\nx-c: 2\r\n\r\n"),
  );
  assert.equal(requests[0]!.headers!.has("x-b"), false);
  assert.equal(requests[0]!.headers!.has("x-c"), false);
  for (const option of ["host", "Content-Length", "x-forwarded-for", "a,b,c,d,e,f,g,h,i,j,k"]) {
    const error = setUp().codec.dispatch(
      bytes(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: ${option}\r\n\r\n`),
    );
    assert.equal(error?.details, "http1.connection_header_rejected", option);
  }
});

test("many tiny chunks come out as few pieces", () => {
  let pieces = 0;
  let body = "";
  const counting = new Http1ServerConnection(
    new MemoryConnection(),
    {
      newStream: () => ({
        decodeHeaders: () => undefined,
        decodeData(data) {
          pieces += data.chunks.length;
          body += data.toBuffer().toString("latin1");
        },
        decodeTrailers: () => undefined,
        sendLocalReply: () => undefined,
      }),
    },
    defaultSettings,
    codecStats(),
  );
  const count = 10_000;
  let text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  let expected = "";
  for (let i = 0; i < count; i += 1) {
    const letter = String.fromCharCode(97 + (i % 26));
    text += `1\r\n${letter}\r\n`;
    expected += letter;
  }
  counting.dispatch(bytes(`${text}${"400"}\r\n${"L".repeat(1024)}\r\n1\r\nz\r\n0\r\n\r\n`));
  assert.equal(body, `${expected}${"L".repeat(1024)}z`);
  assert.ok(pieces < 10, `${pieces} pieces for ${count} chunks`);
});
