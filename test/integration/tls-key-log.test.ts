import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import type http from "node:http";
import https from "node:https";
import type net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, staticCluster } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { certificate, downstreamTls, tlsText, upstreamTls } from "../support/tls.ts";

const folder = scratchFolder({ after });
const ofClients = path.join(folder, "clients.keys");
const ofServers = path.join(folder, "servers.keys");
const identity = { cert: tlsText("server-cert.pem"), key: tlsText("server-key.pem") };
const upstream = https.createServer(identity, (_, response) => response.end("ok"));
upstream.listen(0, "127.0.0.1");
await once(upstream, "listening");
after(() => {
  upstream.close();
  upstream.closeAllConnections();
});
const port = await freePort();
const listener = httpListener({ port });
(listener["filter_chains"] as JsonObject[])[0]!["transport_socket"] = downstreamTls({
  tls_certificates: [certificate("server")],
  key_log: { path: ofClients },
});
const cluster = staticCluster("upstream", [(upstream.address() as net.AddressInfo).port], {
  transport_socket: upstreamTls({ common_tls_context: { key_log: { path: ofServers } } }),
});
const sluice = await startSluice({ after }, { folder, config: bootstrap([listener], [cluster]) });

test("key_log writes what a capture of both sides is decrypted with, and warns of it", async () => {
  const lines: string[] = [];
  const options = { host: "127.0.0.1", port, agent: false, rejectUnauthorized: false } as const;
  const request = https.get({ ...options, minVersion: "TLSv1.3" });
  request.on("socket", (socket) => socket.on("keylog", (line: Buffer) => lines.push(String(line))));
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.resume();
  await once(response, "end");
  const has = (file: string, start: RegExp): boolean =>
    existsSync(file) && start.test(readFileSync(file, "latin1"));
  await eventually(() => has(ofServers, /^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/m), "upstream");
  const secret = lines.find((line) => line.startsWith("CLIENT_TRAFFIC_SECRET_0 "))!;
  await eventually(
    () => existsSync(ofClients) && readFileSync(ofClients, "latin1").includes(secret),
    "the client's secret",
  );
  assert.equal(statSync(ofClients).mode & 0o777, 0o600);
  assert.match(sluice.stderr, /clients\.keys can decrypt all connections of this context/);
});
