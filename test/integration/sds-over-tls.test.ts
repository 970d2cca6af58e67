import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { ServerCredentials } from "@grpc/grpc-js";
import { DiscoveryServer, secretsApi, secretType } from "../support/discovery-server.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, moveInto } from "../support/proxy-config.ts";
import {
  certificateFrom,
  certificateSecret,
  grpcSource,
  sdsCluster,
  tlsListener,
} from "../support/secrets.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { connectTls, tlsFile, tlsText, upstreamTls } from "../support/tls.ts";

// A control plane that demands a client certificate, which is itself a secret, from a file.

const folder = scratchFolder({ after });
const identityFile = path.join(folder, "identity.json");
const writeIdentity = (name: string): void =>
  moveInto(identityFile, {
    resources: [{ "@type": secretType, name: "identity", ...certificateSecret(name) }],
  });
writeIdentity("stranger");

const credentials = ServerCredentials.createSsl(
  Buffer.from(tlsText("ca-cert.pem")),
  [
    {
      cert_chain: Buffer.from(tlsText("server-cert.pem")),
      private_key: Buffer.from(tlsText("server-key.pem")),
    },
  ],
  true,
);
const sds = await DiscoveryServer.start(secretsApi, credentials);
after(() => sds[Symbol.asyncDispose]());
sds.set("front", certificateSecret("server"));

const port = await freePort();
const identity = { path_config_source: { path: identityFile } };
const cluster = sdsCluster(sds.port, {
  transport_socket: upstreamTls({
    common_tls_context: {
      ...certificateFrom("identity", identity),
      validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } },
    },
  }),
});
const front = certificateFrom("front", grpcSource({ initial_fetch_timeout: "0.5s" }));
await startSluice(
  { after },
  {
    folder,
    config: bootstrap([tlsListener("front", port, front)], [cluster]),
    args: ["--concurrency", "1"],
  },
);

test("a control plane is called by TLS, with an identity that is a secret and changes", async () => {
  // It does not take the stranger.
  assert.equal(sds.requests.length, 0);
  await assert.rejects(connectTls(port), { code: "ECONNRESET" });
  writeIdentity("client");
  await eventually(() => sds.requests.length >= 2, "the secret is asked for, and accepted");
  const socket = await connectTls(port);
  assert.equal(socket.getPeerCertificate().subject.CN, "server");
  socket.destroy();
});
