import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { describe, test } from "node:test";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import { ResponseFlag } from "../../host/src/contracts/stream-info.ts";
import { AnsweringFilters } from "../support/answering-filter.ts";
import { HcmServer, TestClient, type HcmServerOptions } from "../support/hcm-server.ts";
import {
  clientStart,
  defaultHttp2Settings,
  fields,
  frame,
  FrameClient,
  getHead,
} from "../support/http2.ts";

type Started = { server: HcmServer; answers: AnsweringFilters };

async function started(options: Partial<HcmServerOptions> = {}): Promise<Started> {
  const answers = new AnsweringFilters();
  const server = await HcmServer.start({
    filters: [{ name: "answer", instances: answers }],
    ...options,
  });
  return { server, answers };
}

function connect(server: HcmServer): http2.ClientHttp2Session & AsyncDisposable {
  const session = http2.connect(`http://127.0.0.1:${server.port}`);
  session.on("error", () => undefined);
  return Object.assign(session, {
    async [Symbol.asyncDispose](): Promise<void> {
      if (session.destroyed) return;
      session.destroy();
      await once(session, "close");
    },
  });
}

interface Response {
  readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
  readonly body: string;
  readonly trailers: http2.IncomingHttpHeaders;
}

async function responseOf(stream: http2.ClientHttp2Stream): Promise<Response> {
  let trailers: http2.IncomingHttpHeaders = {};
  stream.on("trailers", (received: http2.IncomingHttpHeaders) => (trailers = received));
  const [headers] = (await once(stream, "response")) as [Response["headers"]];
  let body = "";
  stream.setEncoding("latin1");
  for await (const piece of stream) body += piece;
  return { headers, body, trailers };
}

const holdHead = fields(
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "h"],
  [":path", "/hold"],
);
/** A field that goes into the table: the next one may refer to it as 0xbe. */
const indexed = Buffer.from([0x40, 3, 0x78, 0x2d, 0x61, 1, 0x62]);
const Rst = 3;
const GoAway = 7;

describe("HTTP/2 by prior knowledge", () => {
  test("many requests of node:http2 share a connection, with bodies and trailers", async () => {
    const { server } = await started();
    await using _ = server;
    await using session = connect(server);
    const responses = await Promise.all(
      Array.from({ length: 50 }, async (_each, i) => {
        const stream = session.request({ ":method": "POST", ":path": `/${i}`, "x-a": "b" });
        stream.end("x".repeat(i * 1000));
        return await responseOf(stream);
      }),
    );
    for (const [i, { headers, body }] of responses.entries()) {
      assert.equal(headers[":status"], 200);
      assert.match(body, new RegExp(`POST /${i} HTTP/1.1`));
      assert.ok(body.endsWith("x".repeat(i * 1000)));
      assert.equal(headers.connection, undefined);
    }
    assert.equal(server.stat("downstream_cx_http2_total"), 1);
    assert.equal(server.stat("downstream_rq_http2_total"), 50);
    assert.equal((await server.untilLogged(50)).protocol, "HTTP/2");
  });

  test("a preface in single bytes is waited for", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    for (const byte of Buffer.concat([clientStart, frame(1, 5, 1, getHead)])) {
      client.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await client.frame((each) => each.type === 1)).streamId, 1);
  });

  test("codec_type HTTP1 refuses it, HTTP2 refuses HTTP/1", async () => {
    const one = await started({ config: { codecType: "HTTP1" } });
    await using _one = one.server;
    await using client = await TestClient.connect(one.server.port);
    client.send(clientStart.toString("latin1"));
    assert.match(await client.response(), /^HTTP\/1.1 400/);
    const two = await started({ config: { codecType: "HTTP2" } });
    await using _two = two.server;
    await using frames = await FrameClient.connect(two.server.port);
    frames.send(Buffer.from("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    await frames.frame((each) => each.type === GoAway);
    assert.equal(two.server.stat("downstream_cx_protocol_error"), 1);
  });
});

describe("messages", () => {
  test("cookie crumbs are joined, and host stands in for :authority", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    const head = fields(
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      ["host", "there"],
      ["cookie", "a=1"],
      ["cookie", "b=2"],
    );
    client.send(clientStart, frame(1, 5, 1, head));
    const data = await client.frame((each) => each.type === 0);
    assert.match(data.payload.toString(), /host: there/i);
    assert.match(data.payload.toString(), /cookie: a=1; b=2/);
  });

  const malformed: [string, Buffer][] = [
    ["an upper-case name", fields(["X-A", "b"])],
    ["a connection field", fields(["connection", "close"])],
    ["transfer-encoding", fields(["transfer-encoding", "chunked"])],
    ["te with anything but trailers", fields(["te", "gzip"])],
    ["a pseudo header behind a field", fields(["x-a", "b"], [":path", "/b"])],
    ["a pseudo header twice", fields([":path", "/b"])],
    ["an unknown pseudo header", fields([":nothing", "b"])],
    ["a response's pseudo header", fields([":status", "200"])],
    ["a line end in a value", fields(["x-a", "b\r\nc: d"])],
    ["a blank at the end of a value", fields(["x-a", "b "])],
    ["a host that differs", fields(["host", "other"])],
    ["two lengths", fields(["content-length", "1"], ["content-length", "1"])],
    [":protocol, which was not offered", fields([":protocol", "websocket"])],
  ];
  for (const [what, bad] of malformed) {
    test(`${what} ends the connection, or only the stream when configured so`, async () => {
      const whole = await started();
      await using _whole = whole.server;
      await using client = await FrameClient.connect(whole.server.port);
      client.send(clientStart, frame(1, 4, 1, Buffer.concat([getHead, bad])));
      const goAway = await client.frame((each) => each.type === GoAway);
      assert.equal(goAway.payload.readUInt32BE(4), 1);
      const info = await whole.server.untilLogged(1);
      assert.ok((info.responseFlags & ResponseFlag.DownstreamProtocolError) !== 0);
      assert.match(info.responseCodeDetails, /^http2\./);

      const http2Settings = { ...defaultHttp2Settings, streamErrorOnInvalidHttpMessage: true };
      const single = await started({ config: { http2: http2Settings } });
      await using _single = single.server;
      await using other = await FrameClient.connect(single.server.port);
      other.send(clientStart, frame(1, 4, 1, Buffer.concat([getHead, bad])));
      assert.equal((await other.frame((each) => each.type === Rst)).payload.readUInt32BE(0), 1);
      other.send(frame(1, 5, 3, getHead));
      assert.equal((await other.frame((each) => each.type === 1)).streamId, 3);
    });
  }

  test("a body that is not as long as promised resets its stream", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    const head = Buffer.concat([getHead, fields(["content-length", "3"])]);
    client.send(clientStart, frame(1, 4, 1, head), frame(0, 1, 1, Buffer.from("ab")));
    assert.equal((await client.frame((each) => each.type === Rst)).payload.readUInt32BE(0), 1);
    client.send(frame(1, 5, 3, getHead));
    assert.equal((await client.frame((each) => each.type === 1)).streamId, 3);
  });

  const many = fields(...Array.from({ length: 101 }, (_each, i) => [`x-${i}`, "v"] as const));
  const low = fields(["x_a", "v"]);
  for (const [what, refused, details] of [
    ["too many fields", many, "http2.too_many_headers"],
    ["underscores in names", low, "http2.unexpected_underscore"],
  ] as const) {
    test(`${what} reset their stream with INTERNAL_ERROR and a detail, in trailers too`, async () => {
      const { server } = await started({
        config: { http2: { ...defaultHttp2Settings, underscoresInHeaders: "reject" } },
      });
      await using _ = server;
      await using client = await FrameClient.connect(server.port);
      client.send(clientStart, frame(1, 5, 1, Buffer.concat([getHead, refused])));
      client.send(frame(1, 4, 3, getHead), frame(1, 5, 3, refused));
      for (const id of [1, 3]) {
        const reset = await client.frame(({ type, streamId }) => type === Rst && streamId === id);
        assert.equal(reset.payload.readUInt32BE(0), 2);
        const info = await server.untilLogged((id + 1) / 2);
        assert.equal(info.responseCodeDetails, details);
        assert.equal(info.responseFlags, ResponseFlag.DownstreamRemoteReset);
      }
      client.send(frame(1, 5, 5, getHead));
      await client.frame(({ streamId, flags }) => streamId === 5 && (flags & 1) !== 0);
      assert.equal(
        server.stats.counter("http2.header_overflow").value,
        what === "too many fields" ? 2 : 0,
      );
    });
  }

  test("a large head in CONTINUATION frames is put together", async () => {
    const { server } = await started();
    await using _ = server;
    await using session = connect(server);
    const stream = session.request({ ":path": "/", "x-large": "y".repeat(40_000) });
    assert.match((await responseOf(stream)).body, /y{40000}/);
  });

  test("a head whose rest does not come is answered 408, and the connection goes on", async () => {
    const { server } = await started({ config: { requestHeadersTimeoutMs: 50 } });
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    const head = Buffer.concat([getHead, indexed]);
    const cut = head.length - 2;
    client.send(clientStart, frame(1, 1, 1, head.subarray(0, cut)));
    const info = await server.untilLogged(1);
    assert.equal(info.responseCode, 408);
    assert.equal(info.responseCodeDetails, "request_header_timeout");
    assert.equal(server.stat("downstream_rq_header_timeout"), 1);
    assert.equal((await client.frame((each) => each.type === Rst)).payload.readUInt32BE(0), 0);
    // The rest still changes the tables that the next head refers to.
    client.send(frame(9, 4, 1, head.subarray(cut)));
    client.send(frame(1, 5, 3, Buffer.concat([getHead, Buffer.from([0xbe])])));
    await client.frame((each) => each.streamId === 3 && (each.flags & 1) !== 0);
    assert.equal((await server.untilLogged(2)).responseCode, 200);
  });

  test("a head in pieces that makes no sense is refused when it is whole", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    const head = Buffer.concat([getHead, fields(["X-A", "b"])]);
    client.send(clientStart, frame(1, 1, 1, head.subarray(0, 5)), frame(9, 4, 1, head.subarray(5)));
    assert.equal((await client.frame((each) => each.type === GoAway)).payload.readUInt32BE(4), 1);
    assert.equal((await server.untilLogged(1)).responseCodeDetails, "http2.invalid.header.field");
  });

  test("trailers and 1xx responses reach the client", async () => {
    const { server, answers } = await started({ config: { proxy100Continue: true } });
    await using _ = server;
    await using session = connect(server);
    const stream = session.request({ ":path": "/hold" });
    const informed = once(stream, "headers");
    const response = responseOf(stream);
    const { callbacks } = await answers.until(1);
    callbacks.encode1xxHeaders(
      headerMapOf([
        [":status", "103"],
        ["link", "</a>"],
      ]),
    );
    assert.equal(((await informed)[0] as http2.IncomingHttpHeaders)["link"], "</a>");
    callbacks.encodeHeaders(headerMapOf([[":status", "200"]]), false, "via_upstream");
    callbacks.encodeData(OwnedBuffer.latin1("body"), false);
    callbacks.encodeTrailers(headerMapOf([["grpc-status", "0"]]));
    assert.deepEqual({ ...(await response), headers: {} }.body, "body");
    assert.equal((await response).trailers["grpc-status"], "0");
  });
});

describe("flow control", () => {
  test("a large response waits for the client's windows, and its source is told to stop", async () => {
    const { server, answers } = await started();
    await using _ = server;
    await using session = connect(server);
    const stream = session.request({ ":path": "/hold" });
    const { callbacks } = await answers.until(1);
    let above = 0;
    const eased = Promise.withResolvers<void>();
    callbacks.addDownstreamWatermarkCallbacks({
      onAboveWriteBufferHighWatermark: () => (above += 1),
      onBelowWriteBufferLowWatermark: () => eased.resolve(),
    });
    callbacks.encodeHeaders(headerMapOf([[":status", "200"]]), false, "via_upstream");
    for (let i = 0; i < 10; i += 1) {
      callbacks.encodeData(OwnedBuffer.of(Buffer.alloc(100_000, 48 + i)), false);
    }
    const response = responseOf(stream);
    await eased.promise;
    callbacks.encodeData(new OwnedBuffer(), true);
    const { body } = await response;
    assert.equal(body.length, 1_000_000);
    assert.equal(body[999_999], "9");
    assert.equal(server.stats.gauge("http2.pending_send_bytes").value, 0);
  });

  test("a request that nobody reads stops at the stream's window", async () => {
    const http2Settings = { ...defaultHttp2Settings, initialStreamWindowSize: 65_535 };
    const { server } = await started({ config: { http2: http2Settings } });
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    const data = frame(0, 0, 1, Buffer.alloc(16_000));
    client.send(clientStart, frame(1, 4, 1, getHead), data, data, data);
    // AnsweringFilter consumes: the window is told anew, and nothing is refused.
    await client.frame((each) => each.type === 8 && each.streamId === 1);
    client.send(data, data, data, frame(0, 1, 1));
    assert.equal((await client.frame((each) => each.type === 1)).streamId, 1);
  });
});

describe("resets", () => {
  test("a client's RST_STREAM ends its stream alone, with flag DR", async () => {
    const { server, answers } = await started();
    await using _ = server;
    await using session = connect(server);
    const held = session.request({ ":path": "/hold" });
    held.on("error", () => undefined);
    const filter = await answers.until(1);
    held.close(http2.constants.NGHTTP2_CANCEL);
    const info = await server.untilLogged(1);
    assert.ok((info.responseFlags & ResponseFlag.DownstreamRemoteReset) !== 0);
    assert.equal(info.responseCodeDetails, "http2.remote_reset");
    assert.ok(filter.destroyed);
    assert.equal((await responseOf(session.request({ ":path": "/" }))).headers[":status"], 200);
  });

  test("an answer before the end of the request is complete, then RST_STREAM says NO_ERROR", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    const head = fields(
      [":method", "POST"],
      [":scheme", "http"],
      [":authority", "h"],
      [":path", "/direct/413"],
    );
    client.send(clientStart, frame(1, 4, 1, head));
    const reset = await client.frame((each) => each.type === Rst);
    assert.equal(reset.payload.readUInt32BE(0), 0);
    assert.ok(client.frames.some((each) => each.type === 0 && (each.flags & 1) !== 0));
    // What was on its way is ignored.
    client.send(frame(0, 1, 1, Buffer.alloc(100)), frame(1, 5, 3, getHead));
    await client.frame((each) => each.type === 1 && each.streamId === 3);
  });

  test("streams beyond max_concurrent_streams are refused", async () => {
    const http2Settings = { ...defaultHttp2Settings, maxConcurrentStreams: 1 };
    const { server, answers } = await started({ config: { http2: http2Settings } });
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    client.send(clientStart, frame(1, 5, 1, holdHead), frame(1, 5, 3, getHead));
    const reset = await client.frame((each) => each.type === Rst);
    assert.equal(reset.streamId, 3);
    assert.equal(reset.payload.readUInt32BE(0), 7);
    (await answers.until(1)).answer("ok");
    await client.frame((each) => each.type === 0 && each.streamId === 1);
  });
});

describe("the end of a connection", () => {
  test("a draining server sends two GOAWAYs, finishes what it has, and closes", async () => {
    const { server, answers } = await started({ config: { delayedCloseTimeoutMs: 0 } });
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    client.send(clientStart, frame(1, 5, 1, holdHead));
    const filter = await answers.until(1);
    server.drain();
    const notice = await client.frame((each) => each.type === GoAway);
    assert.equal(notice.payload.readUInt32BE(0), 2 ** 31 - 1);
    const ping = await client.frame((each) => each.type === 6);
    client.send(frame(1, 5, 3, getHead), frame(6, 1, 0, ping.payload));
    await client.frame((each) => each.type === GoAway && each.payload.readUInt32BE(0) === 3);
    filter.answer("done");
    await client.until(() => client.closed);
    const ended = client.frames.filter((each) => each.type === 0 && (each.flags & 1) !== 0);
    assert.deepEqual(new Set(ended.map((each) => each.streamId)), new Set([1, 3]));
  });

  test("max_requests_per_connection drains it", async () => {
    const { server } = await started({
      config: { maxRequestsPerConnection: 2, drainTimeoutMs: 10, delayedCloseTimeoutMs: 0 },
    });
    await using _ = server;
    await using session = connect(server);
    const goAway = once(session, "goaway");
    const closed = once(session, "close");
    await responseOf(session.request({ ":path": "/" }));
    await responseOf(session.request({ ":path": "/" }));
    await goAway;
    await closed;
    assert.equal(server.stat("downstream_cx_max_requests_reached"), 1);
  });

  test("keepalive closes a connection whose peer does not answer PING", async () => {
    const keepalive = { ...defaultHttp2Settings.keepalive, intervalMs: 20, timeoutMs: 20 };
    const { server } = await started({ config: { http2: { ...defaultHttp2Settings, keepalive } } });
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    client.send(clientStart);
    await client.until(() => client.closed);
    assert.ok(client.frames.some((each) => each.type === 6));
    assert.equal(server.stats.counter("http2.keepalive_timeout").value, 1);
  });
});

describe("floods", () => {
  const count = 20_000;
  const repeat = (make: (i: number) => Buffer): Buffer[] =>
    Array.from({ length: count }, (_each, i) => make(i));
  const open = frame(1, 4, 1, getHead);
  const floods: [what: string, frames: Buffer[], counter: string | undefined][] = [
    ["SETTINGS", repeat(() => frame(4, 0, 0)), "outbound_control_flood"],
    ["PING", repeat(() => frame(6, 0, 0, Buffer.alloc(8))), "outbound_control_flood"],
    [
      "PRIORITY",
      repeat((i) => frame(2, 0, 3 + 2 * (i % 99), Buffer.from([0, 0, 0, 0, 9]))),
      "inbound_priority_frames_flood",
    ],
    [
      "WINDOW_UPDATE",
      repeat(() => frame(8, 0, 0, Buffer.from([0, 0, 0, 1]))),
      "inbound_window_update_frames_flood",
    ],
    ["empty DATA", [open, ...repeat(() => frame(0, 0, 1))], "inbound_empty_frames_flood"],
    [
      "empty CONTINUATION",
      [frame(1, 1, 1, getHead), ...repeat(() => frame(9, 0, 1))],
      "inbound_empty_frames_flood",
    ],
    [
      "CONTINUATION",
      [frame(1, 1, 1, getHead), ...repeat(() => frame(9, 0, 1, fields(["x-a", "b".repeat(200)])))],
      undefined,
    ],
    [
      "rapid reset",
      repeat((i) =>
        Buffer.concat([
          frame(1, 5, 2 * i + 1, holdHead),
          frame(3, 0, 2 * i + 1, Buffer.from([0, 0, 0, 8])),
        ]),
      ),
      undefined,
    ],
  ];
  for (const [what, frames, counter] of floods) {
    test(`of ${what} ends the connection, while others are served`, async () => {
      const { server, answers } = await started({ config: { delayedCloseTimeoutMs: 0 } });
      await using _ = server;
      await using session = connect(server);
      await using client = await FrameClient.connect(server.port);
      await client.sendAll([clientStart, ...frames]);
      await client.until(() => client.closed);
      assert.ok(client.closed);
      if (counter !== undefined) assert.equal(server.stats.counter(`http2.${counter}`).value, 1);
      if (what === "rapid reset") {
        assert.equal(server.stat("downstream_rq_too_many_premature_resets"), 1);
        assert.ok(answers.made.length < 600, `${answers.made.length} streams`);
      }
      assert.equal((await responseOf(session.request({ ":path": "/" }))).headers[":status"], 200);
    });
  }

  test("references to one large field are counted, not copied", async () => {
    const { server } = await started();
    await using _ = server;
    await using client = await FrameClient.connect(server.port);
    const large = Buffer.concat([
      Buffer.from([0x40]),
      fields(["x-a", "b".repeat(3900)]).subarray(1),
    ]);
    client.send(
      clientStart,
      frame(1, 5, 1, Buffer.concat([getHead, large])),
      frame(1, 5, 3, Buffer.concat([getHead, Buffer.alloc(16_000, 0xbe)])),
    );
    assert.equal((await client.frame((each) => each.type === Rst)).streamId, 3);
  });
});
