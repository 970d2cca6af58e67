import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, moveInto, staticCluster } from "../support/proxy-config.ts";
import { secretType } from "../support/discovery-server.ts";
import { certificateFrom, certificateSecret, tlsListener } from "../support/secrets.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { certificate, tlsFile, tlsText } from "../support/tls.ts";

// What operators see of the certificates in force; what is expected is what Envoy 1.40 shows.

const folder = scratchFolder({ after });
const secretFile = `${folder}/secret.json`;
const writeSecret = (name: string): void =>
  moveInto(secretFile, {
    resources: [{ "@type": secretType, name: "front", ...certificateSecret(name) }],
  });
writeSecret("server");
const source = { path_config_source: { path: secretFile } };
const authority = { trusted_ca: { filename: tlsFile("ca-cert.pem") } };
const adminPort = await freePort();
const cluster = staticCluster("up", [1], {
  transport_socket: {
    name: "tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      common_tls_context: {
        tls_certificates: [certificate("client")],
        validation_context: authority,
      },
    },
  },
});
const config = bootstrap(
  [
    tlsListener("front", await freePort(), certificateFrom("front", source)),
    tlsListener("named", await freePort(), {
      tls_certificates: [certificate("wildcard")],
      validation_context_sds_secret_config: { name: "authority" },
    }),
  ],
  [cluster],
  adminAt(adminPort),
);
const secrets = [{ name: "authority", validation_context: authority }];
Object.assign(config["static_resources"] as JsonObject, { secrets });
const sluice = await startSluice({ after }, { config, args: ["--concurrency", "2"] });

interface Shown {
  readonly path: string;
  readonly serial_number: string;
  readonly subject_alt_names: readonly JsonObject[];
  readonly days_until_expiration: string;
}
async function contexts(): Promise<{ ca_cert: Shown[]; cert_chain: Shown[] }[]> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/certs`)).text();
  return (JSON.parse(text) as { certificates: { ca_cert: Shown[]; cert_chain: Shown[] }[] })
    .certificates;
}
const daysUntil = (date: string): string =>
  String(Math.floor((Date.parse(date) - Date.now()) / 86_400_000));

test("/certs shows the certificates of every TLS context", async () => {
  const [up, front, named] = await contexts();
  assert.deepEqual(front, {
    ca_cert: [],
    cert_chain: [
      {
        path: "<inline>",
        serial_number: "1000",
        subject_alt_names: [{ dns: "server.test" }, { uri: "spiffe://test/server" }],
        days_until_expiration: daysUntil("2120-01-01T00:00:00Z"),
        valid_from: "2020-01-01T00:00:00Z",
        expiration_time: "2120-01-01T00:00:00Z",
      },
    ],
  });
  assert.equal(named!.ca_cert[0]!.path, tlsFile("ca-cert.pem"));
  assert.deepEqual(named!.cert_chain[0]!.subject_alt_names, [{ dns: "*.wild.test" }]);
  assert.equal(up!.cert_chain[0]!.path, tlsFile("client-cert.pem"));
  const shown = JSON.stringify(await contexts());
  assert.ok(!shown.includes(tlsText("server-key.pem").split("\n")[1]!));
});

test("stats say when certificates expire, by the name of their secret", async () => {
  const suffix = "expiration_unix_time_seconds";
  const gauges = await statsBelow(adminPort, "listener.front.ssl.certificate.");
  assert.deepEqual([...gauges], [[`front.${suffix}`, 4_733_510_400]]);
  const named = await statsBelow(adminPort, "listener.named.ssl.certificate.");
  assert.deepEqual([...named.keys()].sort(), [
    `authority.${suffix}`,
    `unnamed_cert_e3b0c442.${suffix}`,
  ]);
  const up = await statsBelow(adminPort, "cluster.up.ssl.certificate.");
  assert.deepEqual([...up.keys()].sort(), [
    `unnamed_ca_cert_e3b0c442.${suffix}`,
    `unnamed_cert_e3b0c442.${suffix}`,
  ]);
  const days = (await statsBelow(adminPort, "server.")).get("days_until_first_cert_expiring");
  assert.equal(days, Number(daysUntil("2120-01-01T00:00:00Z")));
});

test("a secret that changes is shown as it is now", async () => {
  writeSecret("expired");
  await eventually(
    async () => (await contexts())[1]!.cert_chain[0]!.serial_number === "1004",
    "the new certificate is shown",
  );
  await eventually(
    async () =>
      (await statsBelow(adminPort, "listener.front.ssl.certificate.front.")).get(
        "expiration_unix_time_seconds",
      ) === 1_609_459_200,
    "the gauge has changed",
  );
  const days = (await statsBelow(adminPort, "server.")).get("days_until_first_cert_expiring");
  assert.equal(days, 0);
  await sluice.untilLogged(
    /secret 'front': .*the certificate has expired \(Jan {2}1 .* 2021 GMT\)/,
  );
});
