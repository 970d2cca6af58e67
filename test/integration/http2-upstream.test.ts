import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import net, { type AddressInfo } from "node:net";
import { describe, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { ResponseFlag } from "../../host/src/contracts/stream-info.ts";
import { TestClient } from "../support/hcm-server.ts";
import { fields, frame } from "../support/http2.ts";
import { clusterOf, RouterServer } from "../support/router-server.ts";

type Handler = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

interface Upstream extends AsyncDisposable {
  readonly port: number;
  readonly sessions: http2.ServerHttp2Session[];
}

async function upstream(handler: Handler, settings: http2.Settings = {}): Promise<Upstream> {
  const sessions: http2.ServerHttp2Session[] = [];
  const server = http2.createServer({ settings });
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on("error", () => undefined);
    handler(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A server that sends these frames when the head of a request has come. */
async function frameUpstream(
  answer: (streamId: number) => readonly Buffer[],
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.write(frame(4, 0, 0));
    const preface = 24;
    let bytes = Buffer.alloc(0);
    let at = preface;
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (;;) {
        if (bytes.length < at + 9 || bytes.length < at + 9 + bytes.readUIntBE(at, 3)) return;
        if (bytes[at + 3] === 1) socket.write(Buffer.concat(answer(bytes.readUInt32BE(at + 5))));
        at += 9 + bytes.readUIntBE(at, 3);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function http2Cluster(port: number, more: JsonObject = {}): ReturnType<typeof clusterOf> {
  return clusterOf("c", [port], { http2_protocol_options: {}, ...more });
}

const routes = [{ match: { prefix: "/" }, route: { cluster: "c" } }];

async function proxy(port: number, more: JsonObject = {}): Promise<RouterServer> {
  return await RouterServer.start({ routes, clusters: [http2Cluster(port, more)] });
}

function statOf(front: RouterServer, name: string): number {
  return front.clusters.values("cluster.c.").get(name) ?? 0;
}

interface Response {
  readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
  readonly body: string;
  readonly trailers: http2.IncomingHttpHeaders;
}

function connect(port: number): http2.ClientHttp2Session & AsyncDisposable {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  return Object.assign(session, {
    async [Symbol.asyncDispose](): Promise<void> {
      if (session.destroyed) return;
      session.destroy();
      await once(session, "close");
    },
  });
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

const echo: Handler = (stream, headers) => {
  stream.respond({ ":status": 200, "x-path": headers[":path"], "x-got": headers["x-sent"] });
  stream.pipe(stream);
};

describe("HTTP/2 upstream", () => {
  test("many requests share one connection, with bodies, both sides HTTP/2", async () => {
    await using server = await upstream(echo);
    await using front = await proxy(server.port);
    await using session = connect(front.server.port);
    const responses = await Promise.all(
      Array.from({ length: 40 }, async (_each, i) => {
        const stream = session.request({ ":method": "POST", ":path": `/${i}`, "x-sent": `${i}` });
        stream.end("y".repeat(i * 2000));
        return await responseOf(stream);
      }),
    );
    for (const [i, { headers, body }] of responses.entries()) {
      assert.equal(headers[":status"], 200);
      assert.equal(headers["x-path"], `/${i}`);
      assert.equal(headers["x-got"], `${i}`);
      assert.equal(body.length, i * 2000);
    }
    const values = front.clusters.values("cluster.c.");
    assert.equal(values.get("upstream_cx_http2_total"), 1);
    assert.equal(values.get("upstream_rq_total"), 40);
    assert.equal(values.get("upstream_rq_active"), 0);
    assert.equal(values.get("http2.streams_active"), 0);
  });

  test("HTTP/1.1 in front is bridged: request, body, trailers dropped, response", async () => {
    await using server = await upstream((stream) => {
      stream.respond({ ":status": 200, "x-a": "b" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-trailer": "t" }));
      stream.end("answer");
    });
    await using front = await proxy(server.port);
    await using client = await TestClient.connect(front.server.port);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const response = await client.response();
    assert.match(response, /^HTTP\/1.1 200 OK/);
    assert.match(response, /x-a: b/);
    assert.match(response, /answer/);
  });

  test("trailers pass both ways, and a response without a body does", async () => {
    const received = Promise.withResolvers<http2.IncomingHttpHeaders>();
    await using server = await upstream((stream) => {
      stream.on("trailers", (trailers: http2.IncomingHttpHeaders) => received.resolve(trailers));
      stream.resume();
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "3" }));
      stream.end();
    });
    await using front = await proxy(server.port);
    await using session = connect(front.server.port);
    const stream = session.request({ ":method": "POST", ":path": "/" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-sent": "yes" }));
    stream.end("x");
    const { trailers } = await responseOf(stream);
    assert.equal(trailers["grpc-status"], "3");
    assert.equal((await received.promise)["x-sent"], "yes");
  });

  test("a reset before the response is a 503 with flag UR; REFUSED_STREAM says so", async () => {
    await using server = await upstream((stream, headers) => {
      const code = headers[":path"] === "/refused" ? 7 : 8;
      stream.close(code);
    });
    await using front = await proxy(server.port);
    await using session = connect(front.server.port);
    const { headers, body } = await responseOf(session.request({ ":path": "/" }));
    assert.equal(headers[":status"], 503);
    assert.match(body, /reset reason: remote reset$/);
    const info = await front.server.untilLogged(1);
    assert.equal(info.responseFlags, ResponseFlag.UpstreamRemoteReset);
    const refused = await responseOf(session.request({ ":path": "/refused" }));
    assert.match(refused.body, /reset reason: remote refused stream reset$/);
  });

  test("a reset behind the head resets the client's stream, never ends it cleanly", async () => {
    await using server = await upstream((stream) => {
      stream.respond({ ":status": 200 });
      stream.write("half", () => stream.destroy(new Error("fails")));
    });
    await using front = await proxy(server.port);
    await using session = connect(front.server.port);
    const stream = session.request({ ":path": "/" });
    await assert.rejects(responseOf(stream));
    assert.equal(stream.rstCode, 2);
  });

  const head = fields([":status", "200"]);
  const noContent = fields([":status", "204"]);
  const many = fields(...Array.from({ length: 101 }, (_each, i) => [`x-${i}`, "v"] as const));
  const length = fields(["content-length", "1"]);
  const data = (text: string): Buffer => frame(0, 1, 1, Buffer.from(text));
  for (const [what, answer, reason, counted] of [
    ["too many fields", [frame(1, 5, 1, Buffer.concat([head, many]))], "UR", "rq_rx_reset"],
    ["too many trailers", [frame(1, 4, 1, head), frame(1, 5, 1, many)], "UR", "rq_rx_reset"],
    ["content of a 204", [frame(1, 4, 1, noContent), data("x")], "UPE", "rq_tx_reset"],
    [
      "more than was promised",
      [frame(1, 4, 1, Buffer.concat([head, length])), data("xy")],
      "UPE",
      "rq_tx_reset",
    ],
  ] as const) {
    test(`an answer with ${what} ends its stream only, with flag ${reason}`, async () => {
      await using server = await frameUpstream((id) =>
        id === 1 ? answer : [frame(1, 5, id, head)],
      );
      await using front = await proxy(server.port);
      await using session = connect(front.server.port);
      const first = session.request({ ":path": "/" });
      first.on("error", () => undefined).resume();
      const info = await front.server.untilLogged(1);
      const flag =
        reason === "UR" ? ResponseFlag.UpstreamRemoteReset : ResponseFlag.UpstreamProtocolError;
      assert.equal(info.responseFlags, flag);
      assert.equal((await responseOf(session.request({ ":path": "/" }))).headers[":status"], 200);
      assert.equal(statOf(front, `upstream_${counted}`), 1);
      assert.equal(statOf(front, "upstream_cx_total"), 1);
    });
  }

  test("an answer that breaks the protocol ends its requests, then the connection", async () => {
    await using server = await frameUpstream(() => [frame(1, 4, 1, fields(["X-A", "b"]))]);
    await using front = await proxy(server.port);
    await using session = connect(front.server.port);
    const { headers } = await responseOf(session.request({ ":path": "/" }));
    assert.equal(headers[":status"], 502);
    assert.equal(statOf(front, "upstream_cx_protocol_error"), 1);
    assert.equal(statOf(front, "upstream_rq_tx_reset"), 1);
    assert.equal(statOf(front, "upstream_cx_destroy_with_active_rq"), 0);
  });

  test("a client that goes away resets the upstream stream, and the connection stays", async () => {
    const reset = Promise.withResolvers<number>();
    await using server = await upstream((stream, headers) => {
      if (headers[":path"] !== "/hold") echo(stream, headers);
      else stream.on("close", () => reset.resolve(stream.rstCode));
    });
    await using front = await proxy(server.port);
    await using session = connect(front.server.port);
    const held = session.request({ ":path": "/hold" });
    held.on("error", () => undefined);
    await once(session, "remoteSettings");
    while (server.sessions.length === 0) await new Promise((resolve) => setImmediate(resolve));
    held.close(8);
    assert.equal(await reset.promise, 8);
    await responseOf(session.request({ ":path": "/" }));
    assert.equal(server.sessions.length, 1);
  });

  test("max_concurrent_streams of the server makes another connection", async () => {
    const waiting: http2.ServerHttp2Stream[] = [];
    const all = Promise.withResolvers<void>();
    const handler: Handler = (stream, headers) => {
      if (headers[":path"] === "/first") {
        stream.respond({ ":status": 200 }, { endStream: true });
        return;
      }
      waiting.push(stream);
      if (waiting.length === 4) all.resolve();
    };
    await using server = await upstream(handler, { maxConcurrentStreams: 2 });
    await using front = await proxy(server.port);
    await using session = connect(front.server.port);
    await responseOf(session.request({ ":path": "/first" }));
    const responses = Array.from(
      { length: 4 },
      async () => await responseOf(session.request({ ":path": "/" })),
    );
    await all.promise;
    for (const stream of waiting) stream.respond({ ":status": 204 }, { endStream: true });
    for (const each of responses) assert.equal((await each).headers[":status"], 204);
    assert.equal(server.sessions.length, 2);
  });

  test("GOAWAY: what is in flight finishes, the next request gets a new connection", async () => {
    const held: http2.ServerHttp2Stream[] = [];
    await using server = await upstream((stream, headers) => {
      if (headers[":path"] === "/hold") held.push(stream);
      else echo(stream, headers);
    });
    await using front = await proxy(server.port);
    await using session = connect(front.server.port);
    const first = responseOf(session.request({ ":path": "/hold" }));
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    server.sessions[0]!.goaway(0, held[0]!.id);
    const closeNotify = (): number =>
      front.clusters.values("cluster.c.").get("upstream_cx_close_notify")!;
    while (closeNotify() === 0) await new Promise((resolve) => setImmediate(resolve));
    await responseOf(session.request({ ":path": "/" }));
    held[0]!.respond({ ":status": 201 }, { endStream: true });
    assert.equal((await first).headers[":status"], 201);
    assert.equal(server.sessions.length, 2);
  });

  test("use_downstream_protocol_config speaks what the client speaks", async () => {
    await using server = await upstream(echo);
    const options = {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      use_downstream_protocol_config: { http2_protocol_options: {} },
    };
    const key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    const cluster = clusterOf("c", [server.port], {
      typed_extension_protocol_options: { [key]: options },
    });
    await using front = await RouterServer.start({ routes, clusters: [cluster] });
    await using session = connect(front.server.port);
    assert.equal((await responseOf(session.request({ ":path": "/" }))).headers[":status"], 200);
    await using client = await TestClient.connect(front.server.port);
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    // The server does not speak HTTP/1.1.
    assert.match(await client.response(), /^HTTP\/1.1 50[23]/);
  });

  test("a client that does not read stops the upstream, and nothing is lost", async () => {
    const size = 5_000_000;
    await using server = await upstream((stream) => {
      stream.respond({ ":status": 200 });
      stream.end(Buffer.alloc(size, "z"));
    });
    await using front = await proxy(server.port);
    await using session = connect(front.server.port);
    const stream = session.request({ ":path": "/" });
    await once(stream, "response");
    const paused = (): number =>
      front.clusters.values("cluster.c.").get("upstream_flow_control_paused_reading_total")!;
    while (paused() === 0) await new Promise((resolve) => setImmediate(resolve));
    let received = 0;
    for await (const piece of stream) received += (piece as Buffer).length;
    assert.equal(received, size);
  });
});
