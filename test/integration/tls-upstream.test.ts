import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import path from "node:path";
import tls from "node:tls";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  logLines,
  staticCluster,
} from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { tlsFile, tlsText, upstreamTls } from "../support/tls.ts";

// What goes over upstream connections with TLS; how their handshakes end is in tls-upstream-golden.test.ts.

const folder = scratchFolder({ after });
const identity = { cert: tlsText("server-cert.pem"), key: tlsText("server-key.pem") };
const trusting = {
  sni: "server.test",
  common_tls_context: {
    validation_context: {
      trusted_ca: { filename: tlsFile("ca-cert.pem") },
      match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "server.test" } }],
    },
  },
};
const trustingSystem = { common_tls_context: { validation_context: { system_root_certs: {} } } };
const transport = { transport_socket: upstreamTls(trusting) };
const speaking = (options: JsonObject): JsonObject => ({
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      ...options,
    },
  },
});
const overHttp2 = speaking({ explicit_http_config: { http2_protocol_options: {} } });

async function listening(server: net.Server, at: number | string = 0): Promise<number> {
  const open = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => open.add(socket.on("error", () => undefined)));
  server.listen(at);
  await once(server, "listening");
  after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return typeof at === "string" ? 0 : (server.address() as net.AddressInfo).port;
}

/** Answers with the body of the request; `/hash` with its hash, `/big` with a lot. */
const big = randomBytes(3_000_000);
const hashOf = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
async function answer(
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  if (request.url === "/big") response.end(big);
  else response.end(request.url === "/hash" ? hashOf(body) : body);
}
const respond = (request: http.IncomingMessage, response: http.ServerResponse): void =>
  void answer(request, response);

const http1Port = await listening(https.createServer(identity, respond));
const plainPort = await listening(
  http.createServer((_, response) => void response.end("plain text")),
);
const secureHttp2 = http2.createSecureServer({ ...identity, allowHTTP1: true });
secureHttp2.on("request", respond as unknown as () => void);
const http2Port = await listening(secureHttp2 as unknown as net.Server);
const pipe = path.join(folder, "upstream.sock");
await listening(https.createServer(identity, respond), pipe);
/** Whether the connections of the echo ended with an error. */
const echoErrors: string[] = [];
const echo = tls.createServer({ ...identity, allowHalfOpen: true }, (socket) => {
  socket.on("error", (error: NodeJS.ErrnoException) => echoErrors.push(error.code ?? ""));
  socket.pipe(socket);
});
const echoPort = await listening(echo);
/** Sends a broken record behind a good one. */
const breaking = tls.createServer(identity, (socket) => {
  socket.on("error", () => undefined);
  socket.once("data", () => {
    const raw = (socket as unknown as { readonly _parent: net.Socket })._parent;
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", () => {
      raw.write(Buffer.from("1703030020" + "00".repeat(32), "hex"));
    });
  });
});
const breakingPort = await listening(breaking);

const script = `
function envoy_on_request(h)
  local headers, body = h:httpCall("http2", { [":method"] = "POST", [":path"] = "/", [":authority"] = "x" }, "asked", 20000)
  h:respond({ [":status"] = "200" }, headers[":status"] .. " " .. body)
end`;
const [port, luaPort, tcpPort, adminPort] = [
  await freePort(),
  await freePort(),
  await freePort(),
  await freePort(),
];
const log = path.join(folder, "log");
const tcpProxy = {
  name: "tcp",
  address: { socket_address: { address: "127.0.0.1", port_value: tcpPort } },
  filter_chains: [
    {
      filters: [
        {
          name: "tcp",
          typed_config: {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            stat_prefix: "tcp",
            cluster: "echo",
            access_log: [
              {
                name: "file",
                typed_config: {
                  "@type":
                    "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                  path: log,
                  log_format: {
                    text_format_source: {
                      inline_string:
                        "%UPSTREAM_TLS_VERSION% %UPSTREAM_PEER_SUBJECT% %RESPONSE_FLAGS%\n",
                    },
                  },
                },
              },
            ],
          },
        },
      ],
    },
  ],
};
const names = ["http1", "http2", "auto", "pipe", "system", "mixed", "breaking"];
const sluice = await startSluice(
  { after },
  {
    // What the system trusts.
    env: { SSL_CERT_FILE: tlsFile("ca-cert.pem"), SSL_CERT_DIR: folder },
    args: ["--concurrency", "2", "--component-log-level", "connection:debug"],
    config: bootstrap(
      [
        httpListener({
          port,
          routes: names.map((name) => ({
            match: { prefix: `/${name}/` },
            route: { cluster: name, prefix_rewrite: "/" },
          })),
        }),
        httpListener({
          name: "lua",
          port: luaPort,
          filters: [httpFilter("lua", luaConfig(script))],
          routes: [{ match: { prefix: "/" }, direct_response: { status: 404 } }],
        }),
        tcpProxy,
      ],
      [
        staticCluster("http1", [http1Port], transport),
        staticCluster("http2", [http2Port], { ...transport, ...overHttp2 }),
        staticCluster("auto", [http2Port], { ...transport, ...speaking({ auto_config: {} }) }),
        staticCluster("system", [http1Port], { transport_socket: upstreamTls(trustingSystem) }),
        mixedCluster(),
        staticCluster("echo", [echoPort], transport),
        staticCluster("breaking", [breakingPort], transport),
        {
          ...staticCluster("pipe", [], transport),
          load_assignment: {
            cluster_name: "pipe",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: pipe } } } }] }],
          },
        },
      ],
      { admin: { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } } },
    ),
  },
);

/** One host speaks TLS, the other does not. */
function mixedCluster(): JsonObject {
  const endpoint = (port: number): JsonObject => ({
    endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
  });
  const speaksTls = { filter_metadata: { "envoy.transport_socket_match": { tls: true } } };
  const endpoints = [{ ...endpoint(http1Port), metadata: speaksTls }, endpoint(plainPort)];
  return {
    ...staticCluster("mixed", []),
    load_assignment: { cluster_name: "mixed", endpoints: [{ lb_endpoints: endpoints }] },
    transport_socket_matches: [{ name: "with-tls", match: { tls: true }, ...transport }],
  };
}

async function ask(target: string, body?: Buffer, at = port): Promise<Buffer> {
  const options = { host: "127.0.0.1", port: at, path: target, method: body ? "POST" : "GET" };
  const request = http.request({ ...options, agent: false });
  request.end(body);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  assert.equal(response.statusCode, 200);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

for (const name of names.slice(0, 5)) {
  test(`a cluster with TLS carries bodies of any size both ways: ${name}`, async () => {
    assert.equal((await ask(`/${name}/`, Buffer.from("hello"))).toString(), "hello");
    assert.equal((await ask(`/${name}/hash`, big)).toString(), hashOf(big));
    assert.ok((await ask(`/${name}/big`)).equals(big));
  });
}

test("a cluster with TLS serves many requests at once", async () => {
  for (const name of ["http1", "http2", "auto"]) {
    const bodies = Array.from({ length: 50 }, (_, index) => Buffer.from(`${name} ${index}`));
    const answers = await Promise.all(bodies.map((body) => ask(`/${name}/`, body)));
    assert.deepEqual(answers.map(String), bodies.map(String));
  }
});

test("a cluster encrypts connections to the hosts that match", async () => {
  // Each worker goes round the hosts by itself.
  const answers = new Set<string>();
  for (let i = 0; i < 100 && answers.size < 2; i += 1) {
    answers.add(String(await ask("/mixed/", Buffer.from("over TLS"))));
  }
  assert.deepEqual([...answers].sort(), ["over TLS", "plain text"]);
  await untilStat("cluster.mixed.with-tls.total_match_count: 1");
  await untilStat("cluster.mixed.default.total_match_count: 1");
});

test("a script calls over TLS", async () => {
  assert.equal((await ask("/", undefined, luaPort)).toString(), "200 asked");
});

test("tcp_proxy carries bytes over TLS to their end behind a half-close, and logs the handshake", async () => {
  const times = 8;
  for (let i = 0; i < times; i += 1) {
    const client = net.connect({ port: tcpPort, host: "127.0.0.1", allowHalfOpen: true });
    const chunks: Buffer[] = [];
    client.on("data", (chunk: Buffer) => chunks.push(chunk));
    client.end(big);
    await once(client, "end");
    assert.ok(Buffer.concat(chunks).equals(big));
  }
  const line = "TLSv1.2 O=Sluice tests,CN=server -";
  assert.deepEqual(
    await logLines(log, times),
    Array.from({ length: times }, () => line),
  );
});

test("a client's reset resets the upstream connection with TLS", async () => {
  const client = net.connect({ port: tcpPort, host: "127.0.0.1" });
  client.write("x");
  await once(client, "data");
  const before = echoErrors.length;
  client.resetAndDestroy();
  const deadline = performance.now() + 30_000;
  while (echoErrors.length === before && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(echoErrors.at(-1), "ECONNRESET");
});

test("a record that is no TLS ends the upstream connection", async () => {
  const request = http.get({ host: "127.0.0.1", port, path: "/breaking/", agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.resume();
  await assert.rejects(once(response, "end"), /aborted/);
  await untilStat("cluster.breaking.ssl.connection_error: 1");
});

async function untilStat(line: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats`)).text();
    if (text.includes(`${line}\n`)) return;
    assert.ok(performance.now() < deadline, `no ${line}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("private keys of clusters are in no dump and in no log", async () => {
  const dump = await (await fetch(`http://127.0.0.1:${adminPort}/config_dump`)).text();
  assert.match(dump, /UpstreamTlsContext/);
  assert.doesNotMatch(dump + sluice.stderr, /PRIVATE KEY/);
});
