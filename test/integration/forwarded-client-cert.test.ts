import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, staticCluster } from "../support/proxy-config.ts";
import { startSluice } from "../support/sluice-process.ts";
import { certificate, clientIdentity, downstreamTls, tlsFile, tlsText } from "../support/tls.ts";

const modes = [
  "SANITIZE",
  "FORWARD_ONLY",
  "APPEND_FORWARD",
  "SANITIZE_SET",
  "ALWAYS_FORWARD_ONLY",
] as const;
const details = { subject: true, cert: true, chain: true, dns: true, uri: true };

const upstream = http.createServer((request, response) => {
  response.end(request.headersDistinct["x-forwarded-client-cert"]?.join(" | ") ?? "none");
});
upstream.listen(0, "127.0.0.1");
await once(upstream, "listening");
after(() => upstream.close());

const ports = new Map<string, number>();
const listeners: JsonObject[] = [];
async function addListener(name: string, hcm: JsonObject): Promise<void> {
  const port = await freePort();
  ports.set(name, port);
  const listener = httpListener({ name, port, hcm });
  (listener["filter_chains"] as JsonObject[])[0]!["transport_socket"] = downstreamTls({
    tls_certificates: [certificate("server")],
    validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } },
  });
  listeners.push(listener);
}
for (const mode of modes) await addListener(mode, { forward_client_cert_details: mode });
await addListener("details", {
  forward_client_cert_details: "SANITIZE_SET",
  set_current_client_cert_details: details,
});
await addListener("no details", {
  forward_client_cert_details: "APPEND_FORWARD",
  set_current_client_cert_details: { ...details, cert: false, chain: false },
});
const upstreamPort = (upstream.address() as AddressInfo).port;
await startSluice(
  { after },
  { config: bootstrap(listeners, [staticCluster("upstream", [upstreamPort])]) },
);

/** The header that the upstream saw. */
async function forwarded(
  name: string,
  client: string | undefined,
  sent: readonly string[] = [],
): Promise<string> {
  const request = https.get({
    host: "127.0.0.1",
    port: ports.get(name)!,
    agent: false,
    rejectUnauthorized: false,
    headers: sent.length === 0 ? {} : { "x-forwarded-client-cert": [...sent] },
    ...(client !== undefined && clientIdentity(client)),
  });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += String(chunk);
  return body;
}

const leaf = new X509Certificate(tlsText("client-cert.pem"));
const hash = leaf.fingerprint256.replaceAll(":", "").toLowerCase();
const own = `By=spiffe://test/server;Hash=${hash}`;
const sent = ["By=a", "By=b;Hash=c"];
const joined = "By=a,By=b;Hash=c";

test("x-forwarded-client-cert of a client with a certificate follows the mode", async () => {
  const seen = async (mode: string) => [
    await forwarded(mode, "client"),
    await forwarded(mode, "client", sent),
  ];
  assert.deepEqual(await seen("SANITIZE"), ["none", "none"]);
  assert.deepEqual(await seen("FORWARD_ONLY"), ["none", joined]);
  assert.deepEqual(await seen("APPEND_FORWARD"), [own, `${joined},${own}`]);
  assert.deepEqual(await seen("SANITIZE_SET"), [own, own]);
  assert.deepEqual(await seen("ALWAYS_FORWARD_ONLY"), ["none", joined]);
});

test("x-forwarded-client-cert of a client without a certificate is dropped, unless it always goes on", async () => {
  for (const mode of modes) {
    const expected = mode === "ALWAYS_FORWARD_ONLY" ? joined : "none";
    assert.equal(await forwarded(mode, undefined, sent), expected, mode);
  }
});

test("x-forwarded-client-cert has the details that were asked for", async () => {
  const pem = encodeURIComponent(leaf.toString());
  const subject = 'Subject="O=Sluice tests,CN=client";URI=spiffe://test/client;DNS=client.test';
  assert.equal(
    await forwarded("details", "client", sent),
    `${own};Cert="${pem}";Chain="${pem}";${subject}`,
  );
  assert.equal(await forwarded("no details", "client"), `${own};${subject}`);
});
