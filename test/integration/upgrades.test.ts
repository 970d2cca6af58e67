import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import net, { type AddressInfo } from "node:net";
import { describe, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { defaultHcmConfig, TestClient } from "../support/hcm-server.ts";
import { defaultHttp2Settings } from "../support/http2.ts";
import { clusterOf, RouterServer } from "../support/router-server.ts";

interface Upstream extends AsyncDisposable {
  readonly port: number;
  /** Heads as they were received. */
  readonly heads: string[];
}

/** Answers a request with `answer`; after a 101 it sends back what it gets, in upper case. */
async function http1Upstream(answer: string): Promise<Upstream> {
  const heads: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    let head = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      const text = chunk.toString("latin1");
      if (heads.length > 0 && head === "") {
        socket.write(text.toUpperCase());
        return;
      }
      head += text;
      if (!head.includes("\r\n\r\n")) return;
      heads.push(head);
      head = "";
      socket.write(answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    heads,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Takes extended CONNECT, and answers in upper case on the stream. */
async function http2Upstream(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on("error", () => undefined);
    assert.equal(headers[":method"], "CONNECT");
    assert.equal(headers[":protocol"], "websocket");
    stream.respond({ ":status": 200 });
    stream.on("data", (chunk: Buffer) => stream.write(chunk.toString().toUpperCase()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const switching =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nX-A: b\r\n\r\n";
const upgradeRequest =
  "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n";
const routes = [{ match: { prefix: "/" }, route: { cluster: "c" } }];

async function proxy(port: number, cluster: JsonObject = {}): Promise<RouterServer> {
  return await RouterServer.start({
    routes,
    clusters: [clusterOf("c", [port], cluster)],
    hcm: {
      delayedCloseTimeoutMs: 0,
      upgrades: [{ type: "websocket", enabled: true }],
      http1: { ...defaultHcmConfig.http1, upgrades: true },
      http2: { ...defaultHttp2Settings, allowConnect: true },
    },
  });
}

async function connect(port: number): Promise<http2.ClientHttp2Session & AsyncDisposable> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  await once(session, "remoteSettings");
  return Object.assign(session, {
    async [Symbol.asyncDispose](): Promise<void> {
      if (session.destroyed) return;
      session.destroy();
      await once(session, "close");
    },
  });
}

describe("WebSocket", () => {
  test("from HTTP/1.1 to HTTP/1.1: the head, then bytes both ways", async () => {
    await using upstream = await http1Upstream(switching);
    await using front = await proxy(upstream.port);
    await using client = await TestClient.connect(front.server.port);
    // What follows the head before the answer waits for it.
    client.send(`${upgradeRequest}early `);
    await client.until(() => client.text.includes("EARLY "));
    assert.match(client.text, /^HTTP\/1.1 101 Switching Protocols\r\n/);
    assert.match(client.text, /upgrade: websocket\r\n/i);
    assert.match(client.text, /connection: upgrade\r\n/i);
    assert.match(upstream.heads[0]!, /upgrade: websocket\r\n/i);
    assert.doesNotMatch(upstream.heads[0]!, /transfer-encoding|content-length/i);
    client.send("hello");
    await client.until(() => client.text.endsWith("HELLO"));
    assert.equal(front.server.gauge("downstream_cx_upgrades_active"), 1);
    client.socket.destroy();
    await front.server.untilLogged(1);
    assert.equal(front.server.gauge("downstream_cx_upgrades_active"), 0);
    assert.equal(front.server.stat("downstream_cx_upgrades_total"), 1);
  });

  test("from HTTP/2 to HTTP/1.1: extended CONNECT becomes an upgrade", async () => {
    await using upstream = await http1Upstream(switching);
    await using front = await proxy(upstream.port);
    await using session = await connect(front.server.port);
    const stream = session.request({
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":path": "/chat",
      ":authority": "h",
    });
    stream.write("early ");
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    assert.equal(headers[":status"] as unknown as number, 200);
    assert.equal(headers["upgrade"], undefined);
    let text = "";
    stream.setEncoding("latin1").on("data", (piece: string) => (text += piece));
    stream.write("hello");
    while (!text.endsWith("HELLO")) await once(stream, "data");
    assert.equal(text, "EARLY HELLO");
    assert.match(upstream.heads[0]!, /^GET \/chat HTTP\/1.1\r\n/);
    stream.close();
    await front.server.untilLogged(1);
  });

  test("from HTTP/1.1 to HTTP/2: an upgrade becomes extended CONNECT", async () => {
    await using upstream = await http2Upstream();
    await using front = await proxy(upstream.port, { http2_protocol_options: {} });
    await using client = await TestClient.connect(front.server.port);
    client.send(`${upgradeRequest}early`);
    await client.until(() => client.text.includes("EARLY"));
    assert.match(client.text, /^HTTP\/1.1 101 Switching Protocols\r\n/);
    assert.match(client.text, /upgrade: websocket\r\n/i);
  });

  test("an upstream that answers 200 gives the client an empty 200", async () => {
    await using upstream = await http1Upstream("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
    await using front = await proxy(upstream.port);
    await using client = await TestClient.connect(front.server.port);
    client.send(upgradeRequest);
    await client.until(() => client.ended);
    assert.match(client.text, /^HTTP\/1.1 200 OK\r\n/);
    assert.ok(client.text.endsWith("\r\n\r\n"));
    const info = await front.server.untilLogged(1);
    assert.equal(info.responseCodeDetails, "websocket_handshake_unsuccessful");
  });

  test("other protocols, and requests with a body, are answered 403", async () => {
    await using upstream = await http1Upstream(switching);
    await using front = await proxy(upstream.port);
    for (const request of [
      upgradeRequest.replace("WebSocket", "other"),
      upgradeRequest.replace("Host", "Content-Length: 3\r\nHost"),
    ]) {
      await using client = await TestClient.connect(front.server.port);
      client.send(request);
      await client.until(() => client.ended);
      assert.match(client.text, /^HTTP\/1.1 403 Forbidden\r\n/);
    }
    assert.equal(front.server.stat("downstream_rq_ws_on_non_ws_route"), 2);
    assert.equal(upstream.heads.length, 0);
  });
});

/** Takes CONNECT on HTTP/2, and answers in upper case on the stream. */
async function http2Tunnels(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on("error", () => undefined);
    assert.equal(headers[":method"], "CONNECT");
    assert.equal(headers[":authority"], "there:443");
    assert.equal(headers[":scheme"], undefined);
    stream.respond({ ":status": 200 });
    stream.on("data", (chunk: Buffer) => stream.write(chunk.toString().toUpperCase()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function tunnelProxy(port: number, cluster: JsonObject = {}): Promise<RouterServer> {
  return await RouterServer.start({
    routes: [{ match: { connect_matcher: {} }, route: { cluster: "c" } }],
    clusters: [clusterOf("c", [port], cluster)],
    hcm: {
      delayedCloseTimeoutMs: 0,
      upgrades: [{ type: "connect", enabled: true }],
      http1: { ...defaultHcmConfig.http1, upgrades: true },
    },
  });
}

const connectRequest = "CONNECT there:443 HTTP/1.1\r\nHost: there:443\r\n\r\n";
const agrees = "HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n";

describe("CONNECT", () => {
  test("from HTTP/1.1 to HTTP/1.1: bytes both ways, once the upstream has agreed", async () => {
    await using upstream = await http1Upstream(agrees);
    await using front = await tunnelProxy(upstream.port);
    await using client = await TestClient.connect(front.server.port);
    client.send(`${connectRequest}early `);
    await client.until(() => client.text.includes("EARLY "));
    assert.match(client.text, /^HTTP\/1.1 200 OK\r\n/);
    assert.doesNotMatch(client.text, /transfer-encoding|content-length/i);
    assert.match(upstream.heads[0]!, /^CONNECT there:443 HTTP\/1.1\r\nhost: there:443\r\n/);
    client.send("hello");
    await client.until(() => client.text.endsWith("HELLO"));
  });

  test("from HTTP/1.1 to HTTP/2", async () => {
    await using upstream = await http2Tunnels();
    await using front = await tunnelProxy(upstream.port, { http2_protocol_options: {} });
    await using client = await TestClient.connect(front.server.port);
    client.send(`${connectRequest}early`);
    await client.until(() => client.text.includes("EARLY"));
    assert.match(client.text, /^HTTP\/1.1 200 OK\r\n/);
  });

  test("from HTTP/2 to HTTP/1.1", async () => {
    await using upstream = await http1Upstream(agrees);
    await using front = await tunnelProxy(upstream.port);
    await using session = await connect(front.server.port);
    const stream = session.request({ ":method": "CONNECT", ":authority": "there:443" });
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    assert.equal(headers["x-a"], "b");
    let text = "";
    stream.setEncoding("latin1").on("data", (piece: string) => (text += piece));
    stream.write("hello");
    while (text !== "HELLO") await once(stream, "data");
    stream.close();
    await front.server.untilLogged(1);
  });

  test("an upstream that does not agree answers as it likes, and nothing follows", async () => {
    await using upstream = await http1Upstream(
      "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
    );
    await using front = await tunnelProxy(upstream.port);
    await using client = await TestClient.connect(front.server.port);
    client.send(`${connectRequest}early`);
    await client.until(() => client.ended);
    assert.match(client.text, /^HTTP\/1.1 403 Forbidden\r\n/);
    assert.ok(client.text.endsWith("no"));
  });

  test("without upgrade_configs it is answered 403", async () => {
    await using front = await RouterServer.start({
      routes: [{ match: { connect_matcher: {} }, route: { cluster: "c" } }],
      clusters: [clusterOf("c", [])],
      hcm: { delayedCloseTimeoutMs: 0 },
    });
    await using client = await TestClient.connect(front.server.port);
    client.send(connectRequest);
    await client.until(() => client.ended);
    assert.match(client.text, /^HTTP\/1.1 403 Forbidden\r\n/);
  });

  test("with connect_config it ends here, and goes on as TCP", async () => {
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const upgrades = [{ upgrade_type: "CONNECT", connect_config: {} }];
    const route = { cluster: "c", upgrade_configs: upgrades };
    {
      await using front = await RouterServer.start({
        routes: [{ match: { connect_matcher: {} }, route }],
        clusters: [clusterOf("c", [(server.address() as AddressInfo).port])],
        hcm: {
          delayedCloseTimeoutMs: 0,
          http1: { ...defaultHcmConfig.http1, upgrades: true },
        },
      });
      await using client = await TestClient.connect(front.server.port);
      client.send(`${connectRequest}early `);
      await client.until(() => client.text.includes("EARLY "));
      assert.match(client.text, /^HTTP\/1.1 200 OK\r\n/);
      await using session = await connect(front.server.port);
      const stream = session.request({ ":method": "CONNECT", ":authority": "there:443" });
      let text = "";
      stream.setEncoding("latin1").on("data", (piece: string) => (text += piece));
      stream.write("hello");
      while (text !== "HELLO") await once(stream, "data");
      // The far end closes: so does the tunnel.
      for (const socket of sockets) socket.end();
      await client.until(() => client.ended);
      await once(stream, "end");
      stream.close();
      await front.server.untilLogged(2);
    }
    server.close();
    await once(server, "close");
  });

  test("with connect_config and a host that refuses it is answered 503", async () => {
    const upgrades = [{ upgrade_type: "CONNECT", connect_config: {} }];
    const route = { cluster: "c", upgrade_configs: upgrades };
    await using front = await RouterServer.start({
      routes: [{ match: { connect_matcher: {} }, route }],
      clusters: [clusterOf("c", [1])],
      hcm: { delayedCloseTimeoutMs: 0, http1: { ...defaultHcmConfig.http1, upgrades: true } },
    });
    await using client = await TestClient.connect(front.server.port);
    client.send(connectRequest);
    await client.until(() => client.ended);
    assert.match(client.text, /^HTTP\/1.1 503 Service Unavailable\r\n/);
  });
});
