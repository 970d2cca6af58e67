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

// What scripts read of a TLS connection, besides what tls-guests.test.ts shows; SLUICE_UNDER_TEST=<envoy> asks Envoy.

const script = `
function envoy_on_request(h)
  local ssl = h:connection():ssl()
  local subject = ssl:parsedSubjectPeerCertificate()
  local facts = {
    type(ssl),
    #ssl:uriSanLocalCertificate(), #ssl:dnsSansPeerCertificate(), #ssl:oidsLocalCertificate(),
    subject and subject:commonName() or "nobody", subject and table.concat(subject:organizationName(), ",") or "",
    ssl:validFromPeerCertificate(), #ssl:sessionId() % 2,
    ssl:urlEncodedPemEncodedPeerCertificate(),
    ssl:urlEncodedPemEncodedPeerCertificateChain() == ssl:urlEncodedPemEncodedPeerCertificate() and "alone" or "chain",
  }
  h:respond({ [":status"] = "200" }, table.concat(facts, "\\n"))
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

async function facts(identity: object): Promise<string[]> {
  const request = https.get({
    host: "127.0.0.1",
    port,
    agent: false,
    rejectUnauthorized: false,
    ...identity,
  });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += String(chunk);
  return body.split("\n");
}

test("a script reads of the client's certificate what Envoy tells", async () => {
  const pem = tlsText("client-cert.pem");
  const seen = await facts(clientIdentity("client"));
  assert.deepEqual(seen.slice(0, 4), ["userdata", "1", "1", "3"]);
  assert.deepEqual(seen.slice(4, 8), [
    "client",
    "Sluice tests",
    String(new X509Certificate(pem).validFromDate.getTime() / 1000),
    "0",
  ]);
  assert.equal(decodeURIComponent(seen[8]!).trim(), pem.trim());
  assert.equal(seen[9], "alone");
});

test("without a certificate texts are empty, times 0 and the subject nil", async () => {
  const seen = await facts({});
  assert.deepEqual(seen.slice(4), ["nobody", "", "0", "0", "", "alone"]);
});
