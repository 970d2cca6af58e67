import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, staticCluster } from "../support/proxy-config.ts";
import { type Cleanup, scratchFolder, startSluice } from "../support/sluice-process.ts";
import { certificate, downstreamTls, tlsFile, tlsText, upstreamTls } from "../support/tls.ts";

// grpc-js on both sides of the command.

const bytes = {
  requestSerialize: (value: Buffer): Buffer => value,
  requestDeserialize: (value: Buffer): Buffer => value,
  responseSerialize: (value: Buffer): Buffer => value,
  responseDeserialize: (value: Buffer): Buffer => value,
};
const service = {
  echo: { path: "/s/echo", requestStream: false, responseStream: false, ...bytes },
  both: { path: "/s/both", requestStream: true, responseStream: true, ...bytes },
} satisfies grpc.ServiceDefinition;
const Client = grpc.makeGenericClientConstructor(service, "s");

type Both = grpc.ServerDuplexStream<Buffer, Buffer>;

/** A server that echoes; `onStream` is called for calls of `both`. */
async function startServer(
  cleanup: Cleanup,
  address: string,
  credentials: grpc.ServerCredentials,
  onStream: (call: Both) => unknown = (call) =>
    call.on("data", (data: Buffer) => call.write(data)).on("end", () => call.end()),
): Promise<number> {
  const server = new grpc.Server();
  server.addService(service, {
    echo: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) =>
      done(null, call.request),
    both: (call: Both) => void onStream(call),
  });
  cleanup.after(() => server.forceShutdown());
  return new Promise((resolve, reject) =>
    server.bindAsync(address, credentials, (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
}

function clientOf(
  cleanup: Cleanup,
  port: number,
  credentials = grpc.credentials.createInsecure(),
  options: grpc.ClientOptions = {},
): grpc.Client {
  const client = new Client(`127.0.0.1:${port}`, credentials, options);
  cleanup.after(() => client.close());
  return client;
}

function echo(client: grpc.Client, message: Buffer): Promise<Buffer> {
  const { requestSerialize, responseDeserialize } = bytes;
  const options = { deadline: Date.now() + 30_000 };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      "/s/echo",
      requestSerialize,
      responseDeserialize,
      message,
      options,
      (error, value) => (error === null ? resolve(value!) : reject(error)),
    );
  });
}

function stream(client: grpc.Client): grpc.ClientDuplexStream<Buffer, Buffer> {
  const { requestSerialize, responseDeserialize } = bytes;
  return client.makeBidiStreamRequest("/s/both", requestSerialize, responseDeserialize);
}

async function echoed(client: grpc.Client): Promise<void> {
  assert.equal((await echo(client, Buffer.from("hello"))).toString(), "hello");
  const call = stream(client);
  const message = Buffer.alloc(100_000, "x");
  call.write(message);
  assert.deepEqual((await once(call, "data"))[0], message);
  call.end();
  call.resume();
  assert.equal(((await once(call, "status"))[0] as grpc.StatusObject).code, grpc.status.OK);
}

const http2: JsonObject = { http2_protocol_options: {} };

test("gRPC from TLS goes to a Unix socket", async (t) => {
  const pipe = path.join(scratchFolder(t), "grpc.sock");
  await startServer(t, `unix:${pipe}`, grpc.ServerCredentials.createInsecure());
  const port = await freePort();
  const listener = httpListener({ port });
  const common = { alpn_protocols: ["h2"], tls_certificates: [certificate("server")] };
  (listener["filter_chains"] as JsonObject[])[0]!["transport_socket"] = downstreamTls(common);
  const cluster = staticCluster("upstream", [], {
    ...http2,
    load_assignment: {
      cluster_name: "upstream",
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: pipe } } } }] }],
    },
  });
  await startSluice(t, { config: bootstrap([listener], [cluster]) });
  const credentials = grpc.credentials.createSsl(Buffer.from(tlsText("ca-cert.pem")));
  await echoed(clientOf(t, port, credentials, { "grpc.ssl_target_name_override": "server.test" }));
});

test("gRPC goes to an upstream that speaks TLS", async (t) => {
  const pair = {
    cert_chain: Buffer.from(tlsText("server-cert.pem")),
    private_key: Buffer.from(tlsText("server-key.pem")),
  };
  const credentials = grpc.ServerCredentials.createSsl(null, [pair]);
  const upstream = await startServer(t, "127.0.0.1:0", credentials);
  const validation = { trusted_ca: { filename: tlsFile("ca-cert.pem") } };
  const context = {
    sni: "server.test",
    common_tls_context: { alpn_protocols: ["h2"], validation_context: validation },
  };
  const socket = { transport_socket: upstreamTls(context) };
  const cluster = staticCluster("upstream", [upstream], { ...http2, ...socket });
  const port = await freePort();
  await startSluice(t, { config: bootstrap([httpListener({ port })], [cluster]) });
  await echoed(clientOf(t, port));
});

test("a stream whose server does not read stops its client, and goes on without loss", async (t) => {
  const message = Buffer.alloc(64 * 1024, "y");
  const total = 200;
  let received = 0;
  let call: Both | undefined;
  const credentials = grpc.ServerCredentials.createInsecure();
  const upstream = await startServer(t, "127.0.0.1:0", credentials, (server) => {
    call = server;
    server.pause();
    server.on("data", (data: Buffer) => (received += data.length));
    server.pause();
    server.on("end", () => server.end());
  });
  const small = { http2_protocol_options: { initial_stream_window_size: 65_536 } };
  const port = await freePort();
  const config = bootstrap(
    [httpListener({ port, hcm: small })],
    [staticCluster("upstream", [upstream], http2)],
  );
  await startSluice(t, { config });
  const client = stream(clientOf(t, port));
  client.on("error", () => undefined);
  client.resume();
  let sent = 0;
  const send = (): void => {
    while (sent < total) {
      sent += 1;
      if (!client.write(message)) return void client.once("drain", send);
    }
    client.end();
  };
  send();
  // It comes to a stand.
  for (let before = -1; sent > before || call === undefined;) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.ok(sent < total, `${sent} messages were taken`);
  call.resume();
  const [status] = (await once(client, "status")) as [grpc.StatusObject];
  assert.equal(status.code, grpc.status.OK);
  assert.equal(received, total * message.length);
});
