import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import type { JsonValue } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { clusterOf, RouterServer } from "../support/router-server.ts";

const text = {
  requestSerialize: (value: string): Buffer => Buffer.from(value),
  requestDeserialize: (bytes: Buffer): string => bytes.toString(),
  responseSerialize: (value: string): Buffer => Buffer.from(value),
  responseDeserialize: (bytes: Buffer): string => bytes.toString(),
};
const service = {
  unary: { path: "/s/unary", requestStream: false, responseStream: false, ...text },
  fails: { path: "/s/fails", requestStream: false, responseStream: false, ...text },
  both: { path: "/s/both", requestStream: true, responseStream: true, ...text },
} satisfies grpc.ServiceDefinition;

async function upstream(name: string): Promise<AsyncDisposable & { readonly port: number }> {
  const server = new grpc.Server();
  server.addService(service, {
    unary: (call: grpc.ServerUnaryCall<string, string>, done: grpc.sendUnaryData<string>) =>
      done(null, `${name} ${call.request}`),
    fails: (_call: grpc.ServerUnaryCall<string, string>, done: grpc.sendUnaryData<string>) =>
      done({ code: grpc.status.FAILED_PRECONDITION, details: "not now" }),
    both: (call: grpc.ServerDuplexStream<string, string>) => {
      call.on("data", (message: string) => call.write(message.toUpperCase()));
      call.on("end", () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    port,
    async [Symbol.asyncDispose](): Promise<void> {
      server.forceShutdown();
      await Promise.resolve();
    },
  };
}

/** Takes calls, and never answers. */
async function silentUpstream(): Promise<AsyncDisposable & { readonly port: number }> {
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: http2.ServerHttp2Stream) => stream.on("error", () => undefined));
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

const Client = grpc.makeGenericClientConstructor(service, "s");

function clientOf(front: RouterServer): grpc.Client & Disposable {
  const address = `127.0.0.1:${front.server.port}`;
  const client = new Client(address, grpc.credentials.createInsecure());
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

function unary(
  client: grpc.Client,
  path: string,
  request: string,
  deadlineMs = 20_000,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { deadline: new Date(Date.now() + deadlineMs) };
    const { requestSerialize, responseDeserialize } = text;
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      options,
      (error, value) => (error === null ? resolve(value!) : reject(error)),
    );
  });
}

async function proxy(ports: readonly number[], route: JsonValue = {}): Promise<RouterServer> {
  return await RouterServer.start({
    routes: [{ match: { prefix: "/" }, route: { cluster: "c", ...(route as object) } }],
    clusters: [clusterOf("c", ports, { http2_protocol_options: {} })],
  });
}

const statusOf = (code: number) => (error: grpc.ServiceError) => error.code === code;

describe("gRPC through the proxy", () => {
  test("unary calls of one client connection are balanced one by one", async () => {
    await using a = await upstream("a");
    await using b = await upstream("b");
    await using front = await proxy([a.port, b.port]);
    using client = clientOf(front);
    const answers: string[] = [];
    for (let i = 0; i < 6; i += 1) answers.push(await unary(client, "/s/unary", `${i}`));
    assert.equal(answers.filter((each) => each.startsWith("a ")).length, 3);
    assert.equal(answers.filter((each) => each.startsWith("b ")).length, 3);
    assert.equal(front.server.stat("downstream_cx_total"), 1);
  });

  test("a status in trailers, or in headers only, reaches the client", async () => {
    await using a = await upstream("a");
    await using front = await proxy([a.port]);
    using client = clientOf(front);
    await assert.rejects(unary(client, "/s/fails", "x"), statusOf(grpc.status.FAILED_PRECONDITION));
    await assert.rejects(unary(client, "/s/nothing", "x"), statusOf(grpc.status.UNIMPLEMENTED));
  });

  test("messages stream both ways, as they come", async () => {
    await using a = await upstream("a");
    await using front = await proxy([a.port]);
    using client = clientOf(front);
    const { requestSerialize, responseDeserialize } = text;
    const call = client.makeBidiStreamRequest("/s/both", requestSerialize, responseDeserialize);
    for (const message of ["one", "two", "x".repeat(300_000)]) {
      call.write(message);
      assert.equal((await once(call, "data"))[0], message.toUpperCase());
    }
    call.end();
    call.resume();
    assert.equal(((await once(call, "status"))[0] as grpc.StatusObject).code, grpc.status.OK);
  });

  test("local replies are statuses: no route, no upstream", async () => {
    await using front = await RouterServer.start({
      routes: [{ match: { path: "/s/unary" }, route: { cluster: "c" } }],
      clusters: [clusterOf("c", [], { http2_protocol_options: {} })],
    });
    using client = clientOf(front);
    await assert.rejects(unary(client, "/s/none", "x"), statusOf(grpc.status.UNIMPLEMENTED));
    await assert.rejects(unary(client, "/s/unary", "x"), statusOf(grpc.status.UNAVAILABLE));
  });

  test("grpc-timeout is held, capped by the route, and told to the upstream", async () => {
    await using silent = await silentUpstream();
    const duration = { grpc_timeout_header_max: "0.5s" };
    await using front = await proxy([silent.port], {
      max_stream_duration: duration,
      timeout: "0s",
    });
    await using session = Object.assign(http2.connect(`http://127.0.0.1:${front.server.port}`), {
      async [Symbol.asyncDispose](this: http2.ClientHttp2Session): Promise<void> {
        this.destroy();
        await Promise.resolve();
      },
    });
    const stream = session.request({
      ":method": "POST",
      ":path": "/s/slow",
      "content-type": "application/grpc",
      "grpc-timeout": "30S",
      te: "trailers",
    });
    stream.end(Buffer.from([0, 0, 0, 0, 1, 120]));
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    assert.equal(headers["grpc-status"], "4");
    assert.equal(headers["grpc-message"], "downstream duration timeout");
    stream.resume();
    const info = await front.server.untilLogged(1);
    assert.equal(info.responseCodeDetails, "max_duration_timeout");
    assert.equal(info.requestHeaders?.get("grpc-timeout"), "500m");
  });
});
