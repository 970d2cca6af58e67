import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpFilter, httpListener, luaConfig } from "../support/proxy-config.ts";
import { startSluice } from "../support/sluice-process.ts";
import { certificate, clientIdentity, downstreamTls, tlsFile, tlsText } from "../support/tls.ts";

const script = `
function envoy_on_request(handle)
  local ssl = handle:streamInfo():downstreamSslConnection()
  local facts = {
    tostring(ssl:peerCertificatePresented()),
    tostring(ssl:peerCertificateValidated()),
    ssl:uriSanPeerCertificate()[1] or "none",
    ssl:dnsSansLocalCertificate()[1] or "none",
    ssl:sha256PeerCertificateDigest(),
    ssl:serialNumberPeerCertificate(),
    ssl:issuerPeerCertificate(),
    ssl:subjectPeerCertificate(),
    ssl:subjectLocalCertificate(),
    ssl:tlsVersion(),
    ssl:ciphersuiteString(),
    tostring(ssl:ciphersuiteId()),
    tostring(ssl:expirationPeerCertificate()),
    table.concat(ssl:oidsPeerCertificate(), ","),
  }
  handle:respond({ [":status"] = "200" }, table.concat(facts, "\\n"))
end`;

const port = await freePort();
const listener = httpListener({
  port,
  filters: [httpFilter("lua", luaConfig(script))],
  routes: [{ match: { prefix: "/" }, direct_response: { status: 404 } }],
});
(listener["filter_chains"] as JsonObject[])[0]!["transport_socket"] = downstreamTls({
  tls_certificates: [certificate("server")],
  validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } },
});
await startSluice({ after }, { config: bootstrap([listener]) });

test("a Lua script reads the facts of the client's handshake", async () => {
  const request = https.get({
    host: "127.0.0.1",
    port,
    agent: false,
    rejectUnauthorized: false,
    minVersion: "TLSv1.3",
    ciphers: "TLS_AES_256_GCM_SHA384",
    ...clientIdentity("client"),
  });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += String(chunk);
  const leaf = new X509Certificate(tlsText("client-cert.pem"));
  assert.deepEqual(body.split("\n"), [
    "true",
    "true",
    "spiffe://test/client",
    "server.test",
    leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
    leaf.serialNumber.toLowerCase(),
    "CN=ca,O=Sluice tests",
    "O=Sluice tests,CN=client",
    "O=Sluice tests,CN=server",
    "TLSv1.3",
    "TLS_AES_256_GCM_SHA384",
    "0x1302",
    String(leaf.validToDate.getTime() / 1000),
    "2.5.29.17,2.5.29.14,2.5.29.35",
  ]);
});
