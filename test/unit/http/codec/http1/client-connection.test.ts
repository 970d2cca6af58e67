import assert from "node:assert/strict";
import { test } from "node:test";
import { headerMapOf } from "../../../../../host/src/common/headers/header-map.ts";
import {
  StreamResetReason,
  type Http1Settings,
  type RequestEncoder,
} from "../../../../../host/src/contracts/http/codec.ts";
import { ConnectionCloseType } from "../../../../../host/src/contracts/network/connection.ts";
import { Http1ClientConnection } from "../../../../../host/src/http/codec/http1/client-connection.ts";
import {
  bytes,
  codecStats,
  defaultSettings,
  entriesOf,
  RecordedResponse,
} from "../../../../support/http1.ts";
import { MemoryConnection } from "../../../../support/memory-connection.ts";

function setUp(settings: Partial<Http1Settings> = {}) {
  const connection = new MemoryConnection();
  const idle: boolean[] = [];
  const codec: Http1ClientConnection = new Http1ClientConnection(
    connection,
    { ...defaultSettings, ...settings },
    codecStats(),
    { onIdle: () => idle.push(codec.closing) },
  );
  const send = (method = "GET", entries: readonly [string, string][] = [], endStream = true) => {
    const response = new RecordedResponse();
    const encoder: RequestEncoder = codec.newStream(response);
    encoder.stream.addCallbacks(response);
    const problem = encoder.encodeHeaders(
      headerMapOf([[":authority", "a"], [":path", "/"], [":method", method], ...entries]),
      endStream,
    );
    return { encoder, response, problem };
  };
  return { connection, codec, idle, send };
}

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

test("encodeHeaders() writes the request line, Host and the fields in order", () => {
  const { connection, send } = setUp();
  send("GET", [
    [":scheme", "http"],
    ["x-b", "1"],
    ["accept", "*/*"],
    ["x-b", "2"],
    ["transfer-encoding", "chunked"],
  ]);
  assert.equal(
    connection.takeWritten(),
    "GET / HTTP/1.1\r\nhost: a\r\nx-b: 1\r\naccept: */*\r\nx-b: 2\r\n\r\n",
  );
});

test("encodeHeaders() says content-length: 0 for methods that expect a body", () => {
  for (const [method, says] of [
    ["GET", false],
    ["HEAD", false],
    ["DELETE", false],
    ["TRACE", false],
    ["POST", true],
    ["PUT", true],
    ["PATCH", true],
    ["OPTIONS", true],
    ["PROPFIND", true],
  ] as const) {
    const { connection, send } = setUp();
    send(method);
    assert.equal(connection.takeWritten().includes("content-length: 0"), says, method);
  }
});

test("encodeData() frames by length or by chunks", () => {
  const byLength = setUp();
  const first = byLength.send("POST", [["content-length", "4"]], false);
  first.encoder.encodeData(bytes("ab"), false);
  first.encoder.encodeData(bytes("cd"), true);
  assert.equal(
    byLength.connection.takeWritten(),
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nabcd",
  );
  const byChunks = setUp({ enableTrailers: true });
  const second = byChunks.send("GET", [["content-length", "nonsense"]], false);
  second.encoder.encodeData(bytes("ab"), false);
  second.encoder.encodeTrailers(headerMapOf([["x-t", "1"]]));
  assert.equal(
    byChunks.connection.takeWritten(),
    "GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx-t: 1\r\n\r\n",
  );
});

test("encodeHeaders() refuses what cannot stand on the wire, and writes nothing", () => {
  const cases: readonly (readonly [readonly [string, string][], RegExp])[] = [
    [[[":path", "/"]], /:method/],
    [[[":method", "GET"]], /:path/],
    [
      [
        [":method", "GET"],
        [":path", "/a b"],
      ],
      /:path/,
    ],
    [
      [
        [":method", "GET /"],
        [":path", "/"],
      ],
      /:method/,
    ],
    [
      [
        [":method", "GE\r\nT"],
        [":path", "/"],
      ],
      /:method/,
    ],
    [
      [
        [":method", "GET"],
        [":path", "/"],
        ["x", "a\r\nb"],
      ],
      /value of x/,
    ],
    [
      [
        [":method", "GET"],
        [":path", "/"],
        ["x y", "a"],
      ],
      /field name "x y"/,
    ],
    [
      [
        [":method", "CONNECT"],
        [":path", "/"],
      ],
      /:authority/,
    ],
  ];
  for (const [entries, message] of cases) {
    const { codec, connection } = setUp();
    const problem = codec
      .newStream(new RecordedResponse())
      .encodeHeaders(headerMapOf(entries), true);
    assert.match(problem ?? "", message, JSON.stringify(entries));
    assert.equal(connection.takeWritten(), "");
  }
});

test("dispatch() gives head and body of a response, then says that it is idle", () => {
  const { codec, idle, send } = setUp();
  const { response } = send();
  assert.equal(codec.activeStreams, 1);
  assert.equal(codec.dispatch(bytes(ok)), undefined);
  assert.deepEqual(entriesOf(response.headers!), [
    [":status", "200"],
    ["content-length", "2"],
  ]);
  assert.equal(response.body, "ok");
  assert.equal(response.complete, true);
  assert.deepEqual(idle, [false]);
  assert.equal(codec.activeStreams, 0);
  const again = send();
  codec.dispatch(bytes(ok));
  assert.equal(again.response.complete, true);
});

test("onIdle() may begin the next request", () => {
  const connection = new MemoryConnection();
  const responses: RecordedResponse[] = [];
  const codec: Http1ClientConnection = new Http1ClientConnection(
    connection,
    defaultSettings,
    codecStats(),
    {
      onIdle() {
        if (responses.length < 3) begin();
      },
    },
  );
  function begin(): void {
    const response = new RecordedResponse();
    responses.push(response);
    codec.newStream(response).encodeHeaders(
      headerMapOf([
        [":authority", "a"],
        [":path", "/"],
        [":method", "GET"],
      ]),
      true,
    );
  }
  begin();
  for (let i = 0; i < 3; i += 1) assert.equal(codec.dispatch(bytes(ok)), undefined);
  assert.deepEqual(
    responses.map((response) => response.body),
    ["ok", "ok", "ok"],
  );
});

test("a response without length ends with the connection", () => {
  const { codec, idle, send } = setUp();
  const { response } = send();
  codec.dispatch(bytes("HTTP/1.1 200 OK\r\n\r\nab"));
  codec.dispatch(bytes("cd"));
  assert.equal(response.complete, false);
  assert.equal(codec.onEndOfInput(), undefined);
  assert.equal(response.body, "abcd");
  assert.equal(response.complete, true);
  assert.deepEqual(idle, [true]);
});

test("onEndOfInput() tells a cut response from none at all", () => {
  const cases: readonly [string, boolean][] = [
    ["", false],
    ["HTTP/1.1 200 OK\r\ncontent-le", true],
    ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok", true],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok", true],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", true],
    ["HTTP/1.1 100 Continue\r\n\r\n", false],
  ];
  for (const [text, isError] of cases) {
    const { codec, send } = setUp();
    const { response } = send();
    if (text !== "") codec.dispatch(bytes(text));
    assert.equal(codec.onEndOfInput() !== undefined, isError, JSON.stringify(text));
    codec.onConnectionClosed(StreamResetReason.ProtocolError, "");
    assert.deepEqual(response.reset, { reason: "protocol error", details: "" });
    assert.equal(response.complete, false);
  }
});

test("responses to HEAD, and 204 and 304, have no body whatever they say", () => {
  const cases: readonly [string, string][] = [
    ["HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"],
    ["HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"],
    ["HEAD", "HTTP/1.1 200 OK\r\n\r\n"],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["GET", "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n"],
  ];
  for (const [method, text] of cases) {
    const { codec, idle, send } = setUp();
    const { response } = send(method);
    assert.equal(codec.dispatch(bytes(text)), undefined);
    assert.equal(response.complete, true, text);
    assert.deepEqual(idle, [false]);
  }
});

test("the connection is not used again after a response that says so", () => {
  for (const text of [
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
    "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
  ]) {
    const { codec, idle, send } = setUp();
    send();
    codec.dispatch(bytes(text));
    assert.deepEqual(idle, [true]);
    assert.throws(() => codec.newStream(new RecordedResponse()), /one request at a time/);
  }
  const { codec, idle, send } = setUp();
  send();
  codec.dispatch(bytes("HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok"));
  assert.deepEqual(idle, [false]);
});

test("nor when the response came before the request was sent", () => {
  const { codec, connection, idle, send } = setUp();
  const { encoder, response } = send("POST", [["content-length", "5"]], false);
  connection.takeWritten();
  codec.dispatch(bytes(ok));
  assert.equal(response.complete, true);
  assert.deepEqual(idle, [true]);
  const late = bytes("hello");
  encoder.encodeData(late, true);
  assert.equal(late.length, 0);
  assert.equal(connection.takeWritten(), "");
});

test("nor when bytes come behind the response", () => {
  const { codec, idle, send } = setUp();
  const { response } = send();
  const error = codec.dispatch(bytes(`${ok}${ok}`));
  assert.equal(response.body, "ok");
  assert.deepEqual(idle, [true]);
  assert.equal(error?.code, 400);
});

test("bytes that no request has asked for are an error", () => {
  const idle = setUp();
  assert.notEqual(idle.codec.dispatch(bytes("H")), undefined);
  const early = setUp();
  early.codec.newStream(new RecordedResponse());
  assert.notEqual(early.codec.dispatch(bytes(ok)), undefined);
});

test("1xx are handed on and never end the exchange", () => {
  const { codec, send } = setUp();
  const { response } = send();
  codec.dispatch(
    bytes(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 104 X\r\n\r\n${ok}`,
    ),
  );
  assert.deepEqual(
    response.interim.map((headers) => headers.get(":status")),
    ["100", "103", "104"],
  );
  assert.equal(response.body, "ok");
});

test("an endless stream of 1xx is an error", () => {
  const { codec, send } = setUp();
  const { response } = send();
  const error = codec.dispatch(bytes("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(200)));
  assert.notEqual(error, undefined);
  assert.equal(response.interim.length, 128);
});

test("dispatch() refuses responses whose framing can be read in two ways", () => {
  const head = "HTTP/1.1 200 OK\r\n";
  for (const text of [
    `${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${head}content-length: 2\r\ncontent-length: 2\r\n\r\nok`,
    `${head}content-length: +2\r\n\r\nok`,
    `${head}content-length: \r\n\r\nok`,
    `${head}content-length: 99999999999999999999\r\n\r\nok`,
    `${head}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    `${head}transfer-encoding: identity\r\n\r\nok`,
    `${head}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello",
    "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 100 Continue\r\ncontent-length: 5\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "HTTP/1.1 600 X\r\n\r\n",
    "HTTP/1.1 099 X\r\n\r\n",
    "HTTP/1.1 20 X\r\n\r\n",
    "HTTP/1.1 2000 X\r\n\r\n",
    "HTTP/1.2 200 OK\r\n\r\n",
    "HTTP/2.0 200 OK\r\n\r\n",
    "ICY 200 OK\r\n\r\n",
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 200 O\x01K\r\n\r\n",
    "HTTP/1.1 200 OK\nx: y\n\n",
    `${head}x: a\r\n b\r\n\r\n`,
    `${head}x : a\r\n\r\n`,
    `${head}:status: 500\r\n\r\n`,
    `${head}x: a\rb\r\n\r\n`,
    `${head}x: a\0b\r\n\r\n`,
    `${head}${"a: b\r\n".repeat(101)}\r\n`,
    `${head}a: ${"b".repeat(61 * 1024)}\r\n\r\n`,
    `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    `${head}transfer-encoding: chunked\r\n\r\n2\r\nokX0\r\n\r\n`,
    `${head}transfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 1\r\n\r\n`,
  ]) {
    const { codec, send } = setUp();
    const { response } = send();
    assert.notEqual(codec.dispatch(bytes(text)), undefined, JSON.stringify(text.slice(0, 80)));
    assert.equal(codec.closing, true);
    assert.equal(response.complete, false);
  }
});

test("a reason phrase may be missing, or say anything", () => {
  for (const line of ["HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1 200 \tGr\xfc\xdfe (!)"]) {
    const { codec, send } = setUp();
    const { response } = send();
    assert.equal(codec.dispatch(bytes(`${line}\r\ncontent-length: 0\r\n\r\n`)), undefined);
    assert.equal(response.headers!.get(":status"), "200");
  }
});

test("allow_chunked_length lets the chunks win over the length", () => {
  const { codec, send } = setUp({ allowChunkedLength: true });
  const { response } = send();
  codec.dispatch(
    bytes(
      "HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ),
  );
  assert.equal(response.body, "ok");
  assert.equal(response.headers!.has("content-length"), false);
});

test("resetStream() closes the connection without waiting for what is pending", () => {
  const { codec, connection, idle, send } = setUp();
  const { encoder, response } = send();
  encoder.stream.resetStream(StreamResetReason.LocalReset);
  assert.deepEqual(response.reset, { reason: "local reset", details: "" });
  assert.equal(connection.closeType, ConnectionCloseType.NoFlush);
  assert.equal(codec.activeStreams, 0);
  assert.equal(codec.closing, true);
  assert.deepEqual(idle, []);
});

test("encodeData() resets the stream when the body and its length do not agree", () => {
  for (const body of ["a", "abc"]) {
    const { connection, send } = setUp();
    const { encoder, response } = send("POST", [["content-length", "2"]], false);
    connection.takeWritten();
    encoder.encodeData(bytes(body), true);
    assert.equal(connection.takeWritten(), "");
    assert.equal(response.reset?.details, "http1.content_length_mismatch");
    assert.equal(connection.closeType, ConnectionCloseType.NoFlush);
  }
});

test("readDisable() holds the response back", () => {
  const { codec, connection, send } = setUp();
  const { encoder, response } = send();
  encoder.stream.readDisable(true);
  const data = bytes(ok);
  codec.dispatch(data);
  assert.equal(response.headers, undefined);
  assert.equal(connection.readDisableCount, 1);
  encoder.stream.readDisable(false);
  codec.dispatch(data);
  assert.equal(response.body, "ok");
});

test("an error in the middle of a body keeps what was delivered and completes nothing", () => {
  const { codec, send } = setUp();
  const { encoder, response } = send();
  codec.dispatch(bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n"));
  const error = codec.dispatch(bytes("2\r\nnoZ"));
  assert.equal(error?.details, "http1.codec_error");
  assert.equal(encoder.stream.responseDetails, "http1.codec_error");
  assert.equal(response.body, "ok");
  codec.onConnectionClosed(StreamResetReason.ProtocolError, "");
  assert.equal(response.reset?.reason, "protocol error");
});
