import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import type tls from "node:tls";
import type { JsonObject } from "@bufbuild/protobuf";
import { readToEnd } from "../support/connection-pair.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, logLines } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { certificate, connectTls, downstreamTls, outcome } from "../support/tls.ts";

const type = (name: string): JsonObject => ({
  "@type": `type.googleapis.com/envoy.extensions.${name}`,
});
const echo = { name: "echo", typed_config: type("filters.network.echo.v3.Echo") };
const plainAnswer = {
  name: "direct_response",
  typed_config: {
    ...type("filters.network.direct_response.v3.Config"),
    response: { inline_string: "plain text" },
  },
};
const secured = (name: string, match: JsonObject): JsonObject => ({
  filter_chain_match: match,
  transport_socket: downstreamTls({
    tls_certificates: [certificate(name)],
    alpn_protocols: ["h2", "http/1.1"],
  }),
  filters: [echo],
});

const port = await freePort();
const adminPort = await freePort();
const log = path.join(scratchFolder({ after }), "log");
const listener: JsonObject = {
  name: "inspected",
  address: { socket_address: { address: "127.0.0.1", port_value: port } },
  access_log: [
    {
      name: "file",
      typed_config: {
        ...type("access_loggers.file.v3.FileAccessLog"),
        path: log,
        log_format: {
          text_format_source: {
            inline_string:
              "%REQUESTED_SERVER_NAME% %DYNAMIC_METADATA(envoy.filters.listener.tls_inspector:failure_reason)%\n",
          },
        },
      },
    },
  ],
  listener_filters: [
    {
      name: "envoy.filters.listener.tls_inspector",
      typed_config: {
        ...type("filters.listener.tls_inspector.v3.TlsInspector"),
        initial_read_buffer_size: 256,
      },
    },
  ],
  filter_chains: [
    secured("server", { server_names: ["server.test"] }),
    secured("wildcard", { server_names: ["*.wild.test"] }),
    secured("client", { transport_protocol: "tls", application_protocols: ["h2"] }),
    { filter_chain_match: { transport_protocol: "raw_buffer" }, filters: [plainAnswer] },
  ],
};
await startSluice(
  { after },
  {
    config: bootstrap([listener], [], {
      admin: { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } },
    }),
    args: ["--concurrency", "2"],
  },
);

const names = async (options: tls.ConnectionOptions): Promise<string> => {
  const socket = await connectTls(port, { rejectUnauthorized: false, ...options });
  const { CN } = socket.getPeerCertificate().subject;
  const text = `${String(CN)} ${String(socket.alpnProtocol)}`;
  socket.destroy();
  return text;
};

test("filter chains are chosen by what a ClientHello says", async () => {
  assert.equal(await names({ servername: "SERVER.test" }), "server false");
  assert.equal(await names({ servername: "a.wild.test" }), "wildcard false");
  const http2 = { servername: "other.test", ALPNProtocols: ["x", "h2"] };
  assert.equal(await names(http2), "client h2");
});

test("a client that offers only unknown protocols gets none, when its offer was read", async () => {
  assert.equal(await names({ servername: "server.test", ALPNProtocols: ["x"] }), "server false");
});

test("connections behind tls_inspector carry what comes after the hello", async () => {
  assert.equal(await outcome(port), "echo");
  for (let count = 1; !(await logLines(log, count)).includes("server.test -"); count += 1) {
    // Other tests have their lines there.
  }
});

test("plain text goes to the chain for raw_buffer", async () => {
  const socket = net.connect(port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\n\r\n");
  assert.equal(await readToEnd(socket), "plain text");
  const line = "- ClientHelloNotDetected";
  for (let count = 1; !(await logLines(log, count)).includes(line); count += 1) {
    // Other tests have their lines there.
  }
});

test("a hello in small pieces is put together", async () => {
  const relay = net.createServer((client) => {
    const server = net.connect(port, "127.0.0.1").setNoDelay(true);
    client.on("data", (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += 100) server.write(chunk.subarray(at, at + 100));
    });
    server.pipe(client);
    for (const socket of [client, server]) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        client.destroy();
        server.destroy();
      });
    }
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  assert.equal(await outcome((relay.address() as net.AddressInfo).port), "echo");
  relay.close();
});

test("a connection that no chain is for is closed", async () => {
  assert.notEqual(await outcome(port, { servername: "other.test" }), "echo");
});

test("tls_inspector counts what it finds", async () => {
  const text = await (
    await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^tls_inspector`)
  ).text();
  for (const name of ["tls_found", "tls_not_found", "sni_found", "alpn_found", "alpn_not_found"]) {
    assert.match(text, new RegExp(`^tls_inspector\\.${name}: [1-9]`, "m"));
  }
  assert.match(text, /^tls_inspector\.client_hello_too_large: 0$/m);
});
