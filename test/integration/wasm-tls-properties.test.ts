import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import https from "node:https";
import type http from "node:http";
import type net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort, untilListening } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  logLines,
  staticCluster,
} from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import {
  certificate,
  clientIdentity,
  downstreamTls,
  tlsFile,
  tlsText,
  upstreamTls,
} from "../support/tls.ts";
import {
  guestLines,
  placesConfig,
  placesModule,
  placesPlugin,
  untilGuestSays,
} from "../support/wasm-places.ts";

// A module reads what both handshakes of a request have brought: as a filter, and as access loggers of streams and of
// connections; the access log of the same request says the same. Envoy 1.40 passes the same tests.

const folder = scratchFolder({ after });
const module = await placesModule(folder);
const identity = { cert: tlsText("server-cert.pem"), key: tlsText("server-key.pem") };
const upstream = https.createServer(
  { ...identity, ca: tlsText("ca-cert.pem"), requestCert: true },
  (_, response) => response.end("ok"),
);
upstream.listen(0, "127.0.0.1");
await once(upstream, "listening");
after(() => {
  upstream.close();
  upstream.closeAllConnections();
});

const digest = (name: string): string =>
  new X509Certificate(tlsText(`${name}-cert.pem`)).fingerprint256.replaceAll(":", "").toLowerCase();
/** Properties of both sides, what they are here, and the operators that print the same. */
const facts: readonly (readonly [property: string, value: string, operator: string])[] = [
  ["connection|mtls", ".1", ""],
  ["connection|tls_version", "TLSv1.3", "%DOWNSTREAM_TLS_VERSION%"],
  [
    "connection|subject_local_certificate",
    "O=Sluice tests,CN=server",
    "%DOWNSTREAM_LOCAL_SUBJECT%",
  ],
  ["connection|subject_peer_certificate", "O=Sluice tests,CN=client", "%DOWNSTREAM_PEER_SUBJECT%"],
  ["connection|uri_san_local_certificate", "spiffe://test/server", "%DOWNSTREAM_LOCAL_URI_SAN%"],
  ["connection|uri_san_peer_certificate", "spiffe://test/client", "%DOWNSTREAM_PEER_URI_SAN%"],
  ["connection|dns_san_local_certificate", "server.test", "%DOWNSTREAM_LOCAL_DNS_SAN%"],
  ["connection|dns_san_peer_certificate", "client.test", "%DOWNSTREAM_PEER_DNS_SAN%"],
  [
    "connection|sha256_peer_certificate_digest",
    digest("client"),
    "%DOWNSTREAM_PEER_FINGERPRINT_256%",
  ],
  ["upstream|tls_version", "TLSv1.2", "%UPSTREAM_TLS_VERSION%"],
  ["upstream|subject_local_certificate", "O=Sluice tests,CN=client", ""],
  ["upstream|subject_peer_certificate", "O=Sluice tests,CN=server", "%UPSTREAM_PEER_SUBJECT%"],
  ["upstream|uri_san_local_certificate", "spiffe://test/client", "%UPSTREAM_LOCAL_URI_SAN%"],
  ["upstream|uri_san_peer_certificate", "spiffe://test/server", "%UPSTREAM_PEER_URI_SAN%"],
  ["upstream|dns_san_local_certificate", "client.test", "%UPSTREAM_LOCAL_DNS_SAN%"],
  ["upstream|dns_san_peer_certificate", "server.test", "%UPSTREAM_PEER_DNS_SAN%"],
  ["upstream|sha256_peer_certificate_digest", digest("server"), ""],
];
const printed = facts.filter(([, , operator]) => operator !== "");
const commands = facts.map(([property]) => `property ${property}`);
const plugin = (name: string): JsonObject => placesPlugin(module, name, commands);
const logger = (name: string): JsonObject => ({
  name: "envoy.access_loggers.wasm",
  typed_config: placesConfig("envoy.extensions.access_loggers.wasm.v3.WasmAccessLog", plugin(name)),
});
const ca = { validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } } };
const port = await freePort();
const log = path.join(folder, "access.log");
const listener = httpListener({
  port,
  accessLog: log,
  logFormat: printed.map(([, , operator]) => operator).join("\t"),
  filters: [
    httpFilter(
      "wasm",
      placesConfig("envoy.extensions.filters.http.wasm.v3.Wasm", plugin("filter")),
    ),
  ],
  listener: { access_log: [logger("of-connections")] },
});
const chain = (listener["filter_chains"] as JsonObject[])[0]!;
chain["transport_socket"] = downstreamTls(
  { ...ca, tls_certificates: [certificate("server")] },
  { require_client_certificate: true },
);
const manager = (chain["filters"] as JsonObject[])[0]!["typed_config"] as JsonObject;
manager["access_log"] = [...(manager["access_log"] as JsonObject[]), logger("of-streams")];
const tls = upstreamTls({
  common_tls_context: { ...ca, tls_certificates: [certificate("client")] },
});
const proxy = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1", "--component-log-level", "wasm:info"],
    config: bootstrap(
      [listener],
      [
        staticCluster("upstream", [(upstream.address() as net.AddressInfo).port], {
          transport_socket: tls,
        }),
      ],
    ),
  },
);
await untilListening(port);
const request = https.get({
  host: "127.0.0.1",
  port,
  agent: false,
  rejectUnauthorized: false,
  minVersion: "TLSv1.3",
  ...clientIdentity("client"),
});
const [response] = (await once(request, "response")) as [http.IncomingMessage];
response.resume();
await once(response, "end");
request.destroy();

const last = facts.at(-1)![0];
const ofConnection = facts.filter(([property]) => property.startsWith("connection|"));

test("a filter reads of both handshakes, of the upstream's when there is one", async () => {
  await untilGuestSays(proxy, "filter", `property log ${last} `);
  const said = guestLines(proxy, "filter");
  for (const [property, value] of facts) {
    assert.ok(
      said.includes(`property log ${property} ${value}`),
      `${property}: ${said.join("\n")}`,
    );
  }
  for (const [property, value] of ofConnection) {
    assert.ok(said.includes(`property request_headers ${property} ${value}`), property);
  }
});

test("an access logger of streams reads of both handshakes", async () => {
  await untilGuestSays(proxy, "of-streams", `property log ${last} `);
  const said = guestLines(proxy, "of-streams");
  for (const [property, value] of facts) {
    assert.ok(
      said.includes(`property log ${property} ${value}`),
      `${property}: ${said.join("\n")}`,
    );
  }
});

test("an access logger of connections reads of the client's handshake", async () => {
  // The first connection is the one that looked whether the listener is there.
  await untilGuestSays(proxy, "of-connections", `property log ${last} `, 2);
  const said = guestLines(proxy, "of-connections");
  for (const [property, value] of ofConnection) {
    assert.ok(
      said.includes(`property log ${property} ${value}`),
      `${property}: ${said.join("\n")}`,
    );
  }
});

test("the access log prints the same", async () => {
  const [line = ""] = await logLines(log, 1);
  assert.deepEqual(
    line.split("\t"),
    printed.map(([, value]) => value),
  );
});
