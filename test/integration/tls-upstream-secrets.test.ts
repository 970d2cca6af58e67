import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import type tls from "node:tls";
import type { JsonObject } from "@bufbuild/protobuf";
import { secretType } from "../support/discovery-server.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, moveInto, staticCluster } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { certificate, tlsFile, tlsText, upstreamTls } from "../support/tls.ts";

// Secrets of a cluster, by file: missing, come, changed.

const folder = scratchFolder({ after });
const secretFile = (name: string): string => path.join(folder, `${name}.json`);
const write = (name: string, version: string, secret?: JsonObject): void => {
  const resources = secret === undefined ? [] : [{ "@type": secretType, name, ...secret }];
  moveInto(secretFile(name), { version_info: version, resources });
};
const byFile = (name: string): JsonObject => ({
  name,
  sds_config: {
    path_config_source: { path: secretFile(name) },
    resource_api_version: "V3",
    initial_fetch_timeout: "0.2s",
  },
});
const authority = (file: string): JsonObject => ({
  validation_context: { trusted_ca: { filename: tlsFile(file) } },
});

/** Answers with the client's name, and with how many requests came on its connection. */
const served = new WeakMap<net.Socket, number>();
const upstream = https.createServer(
  {
    cert: tlsText("server-cert.pem"),
    key: tlsText("server-key.pem"),
    requestCert: true,
    rejectUnauthorized: false,
  },
  (request, response) => {
    const socket = request.socket as tls.TLSSocket;
    const count = (served.get(socket) ?? 0) + 1;
    served.set(socket, count);
    if (request.url?.endsWith("/close") === true) response.setHeader("connection", "close");
    response.end(`${String(socket.getPeerCertificate().subject?.CN)} ${count}`);
  },
);
upstream.listen(0, "127.0.0.1");
await once(upstream, "listening");
after(() => {
  upstream.close();
  upstream.closeAllConnections();
});
const upstreamPort = (upstream.address() as net.AddressInfo).port;
write("identity", "1", { tls_certificate: certificate("client") });
write("authority", "1");
const port = await freePort();
const clusters = ["secret", "fixed"].map((name) =>
  staticCluster(name, [upstreamPort], {
    transport_socket: upstreamTls({
      common_tls_context: {
        tls_certificate_sds_secret_configs: [byFile("identity")],
        ...(name === "secret"
          ? { validation_context_sds_secret_config: byFile("authority") }
          : authority("ca-cert.pem")),
      },
    }),
  }),
);
await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          routes: ["secret", "fixed"].map((cluster) => ({
            match: { prefix: `/${cluster}` },
            route: { cluster },
          })),
        }),
      ],
      clusters,
    ),
  },
);

async function ask(cluster: string): Promise<string> {
  const request = http.get({ host: "127.0.0.1", port, path: `/${cluster}`, agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  return `${response.statusCode} ${text}`;
}

test("a cluster without its secret fails requests, and serves them when it has come", async () => {
  const failed = await ask("secret");
  assert.match(failed, /^503 upstream connect error.*reset reason: remote connection failure/);
  write("authority", "2", authority("ca-cert.pem"));
  await eventually(async () => (await ask("secret")).startsWith("200 client "), "trusted");
});

test("a cluster makes new connections with the secrets that have come last", async () => {
  await eventually(async () => (await ask("fixed")) === "200 client 2", "a kept connection");
  write("identity", "2", { tls_certificate: certificate("wildcard") });
  write("authority", "3", authority("other-ca-cert.pem"));
  // Each of these requests ends its connection.
  await eventually(async () => (await ask("secret/close")).startsWith("503 "), "not trusted");
  await eventually(
    async () => (await ask("fixed/close")).startsWith("200 wildcard "),
    "new identity",
  );
});
