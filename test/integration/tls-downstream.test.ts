import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import http2 from "node:http2";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import type tls from "node:tls";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, logLines } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import {
  certificate,
  clientIdentity,
  connectTls,
  downstreamTls,
  outcome,
  tlsFile,
  tlsText,
} from "../support/tls.ts";

const clientUri = { san_type: "URI", matcher: { exact: "spiffe://test/client" } };
const trusted = { trusted_ca: { filename: tlsFile("ca-cert.pem") } };
const server = { tls_certificates: [certificate("server")] };
const hashOfClient = "0000000000000000000000000000000000000000000000000000000000000000".replace(
  /^0/,
  "1",
);

/** One listener with an echo for each. */
const contexts: { readonly [name: string]: JsonObject } = {
  plain: downstreamTls({ ...server, alpn_protocols: ["h2", "http/1.1"] }),
  locked: downstreamTls({
    tls_certificates: [
      {
        ...certificate("server"),
        private_key: { filename: tlsFile("server-locked-key.pem") },
        password: { inline_string: "secret" },
      },
    ],
  }),
  several: downstreamTls({ tls_certificates: [certificate("server"), certificate("wildcard")] }),
  twoKeys: downstreamTls({ tls_certificates: [certificate("server-rsa"), certificate("server")] }),
  old: downstreamTls({
    ...server,
    tls_params: {
      tls_maximum_protocol_version: "TLSv1_2",
      cipher_suites: ["[ECDHE-ECDSA-AES256-GCM-SHA384|ECDHE-ECDSA-CHACHA20-POLY1305]"],
      ecdh_curves: ["P-384"],
    },
  }),
  required: downstreamTls(
    { ...server, validation_context: { ...trusted, match_typed_subject_alt_names: [clientUri] } },
    { require_client_certificate: true },
  ),
  optional: downstreamTls({ ...server, validation_context: trusted }),
  otherSan: downstreamTls({
    ...server,
    validation_context: {
      ...trusted,
      match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { suffix: ".example" } }],
    },
  }),
  pinned: downstreamTls({
    ...server,
    validation_context: { verify_certificate_hash: [hashOfClient] },
  }),
  revoked: downstreamTls({
    ...server,
    validation_context: { ...trusted, crl: { filename: tlsFile("client-revoked.crl") } },
  }),
  untrusted: downstreamTls({
    ...server,
    validation_context: { ...trusted, trust_chain_verification: "ACCEPT_UNTRUSTED" },
  }),
  ticketless: downstreamTls(server, { disable_stateless_session_resumption: true }),
  sni: downstreamTls(server, { require_sni: true }),
};
/** What the access log of the HTTP listener prints of a client. */
const facts = [
  "DOWNSTREAM_TLS_VERSION",
  "DOWNSTREAM_TLS_CIPHER",
  "DOWNSTREAM_PEER_SUBJECT",
  "DOWNSTREAM_PEER_ISSUER",
  "DOWNSTREAM_PEER_URI_SAN",
  "DOWNSTREAM_PEER_DNS_SAN",
  "DOWNSTREAM_PEER_EMAIL_SAN",
  "DOWNSTREAM_LOCAL_SUBJECT",
  "DOWNSTREAM_LOCAL_URI_SAN",
  "DOWNSTREAM_LOCAL_DNS_SAN",
  "DOWNSTREAM_PEER_FINGERPRINT_256",
  "DOWNSTREAM_PEER_FINGERPRINT_1",
  "DOWNSTREAM_PEER_SERIAL",
  "DOWNSTREAM_PEER_CERT_V_START",
  "DOWNSTREAM_PEER_CERT_V_END(%Y/%m)",
  "DOWNSTREAM_PEER_CERT",
  "DOWNSTREAM_PEER_CHAIN_SERIALS",
  "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256",
  "DOWNSTREAM_PEER_ISSUER_SERIAL",
  "DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256",
].map((name) => `%${name}%`);
const factLog = path.join(scratchFolder({ after }), "facts");
const ports = new Map<string, number>();
const port = (name: string): number => ports.get(name)!;

const echo = {
  name: "echo",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" },
};

function fileLog(file: string, format: string): JsonObject {
  return {
    name: "file",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
      path: file,
      log_format: { text_format_source: { inline_string: format } },
    },
  };
}

function echoListener(name: string, transportSocket: JsonObject): JsonObject {
  return {
    name,
    stat_prefix: name,
    address: { socket_address: { address: "127.0.0.1", port_value: port(name) } },
    access_log: [
      fileLog(log, `${name} %DOWNSTREAM_TRANSPORT_FAILURE_REASON%\n`),
      fileLog(
        chainLog,
        `${name} %DOWNSTREAM_PEER_CHAIN_SERIALS% %DOWNSTREAM_PEER_ISSUER_SERIAL%\n`,
      ),
    ],
    filter_chains: [
      {
        filters: [echo],
        transport_socket: transportSocket,
        transport_socket_connect_timeout: "600s",
      },
    ],
  };
}

const log = path.join(scratchFolder({ after }), "log");
const chainLog = path.join(scratchFolder({ after }), "chains");
for (const name of [...Object.keys(contexts), "http", "slow"]) ports.set(name, await freePort());
const adminPort = await freePort();
const listeners = Object.entries(contexts).map(([name, socket]) => echoListener(name, socket));
const slow = echoListener("slow", contexts["plain"]!);
(slow["filter_chains"] as JsonObject[])[0]!["transport_socket_connect_timeout"] = "0.2s";
const web = httpListener({
  accessLog: factLog,
  logFormat: facts.join(" "),
  name: "http",
  port: port("http"),
  routes: [
    {
      match: { path: "/big" },
      direct_response: { status: 200, body: { inline_string: "x".repeat(4000) } },
    },
    { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "ok" } } },
  ],
});
(web["filter_chains"] as JsonObject[])[0]!["transport_socket"] = downstreamTls({
  ...server,
  alpn_protocols: ["h2", "http/1.1"],
  validation_context: trusted,
});
const config = bootstrap([...listeners, slow, web], []);
config["admin"] = { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } };
const sluice = await startSluice(
  { after },
  { config, args: ["--concurrency", "2", "--component-log-level", "connection:debug"] },
);

/** Resolves when the counter has the value. */
async function untilCounter(name: string, value: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/stats?filter=${name}`);
    const text = await answer.text();
    if (text.split("\n").includes(`${name}: ${value}`)) return;
    if (performance.now() > deadline) throw new Error(`${name} is not ${value}: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const subject = (socket: tls.TLSSocket): string => {
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
};

test("a TLS listener serves HTTP/1.1 and HTTP/2 by ALPN", async () => {
  const secure = { host: "127.0.0.1", port: port("http"), rejectUnauthorized: false };
  const request = https.get({ ...secure, path: "/", agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  assert.equal(response.httpVersion, "1.1");
  response.resume();
  const session = http2.connect(`https://127.0.0.1:${port("http")}`, { rejectUnauthorized: false });
  const stream = session.request({ ":path": "/big" });
  let body = "";
  stream.setEncoding("utf8").on("data", (text: string) => (body += text));
  await once(stream, "end");
  assert.equal(body.length, 4000);
  session.close();
});

test("access logs print what the client's handshake has brought", async () => {
  const request = https.get({
    host: "127.0.0.1",
    port: port("http"),
    agent: false,
    rejectUnauthorized: false,
    maxVersion: "TLSv1.3",
    path: "/facts",
    ciphers: "TLS_AES_256_GCM_SHA384",
    ...clientIdentity("client"),
  });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  const certificate = new X509Certificate(tlsText("client-cert.pem"));
  const authority = new X509Certificate(tlsText("ca-cert.pem"));
  const hex = (text: string): string => text.replaceAll(":", "").toLowerCase();
  const expected = [
    "TLSv1.3",
    "TLS_AES_256_GCM_SHA384",
    "O=Sluice tests,CN=client",
    "CN=ca,O=Sluice tests",
    "spiffe://test/client",
    "client.test",
    "-",
    "O=Sluice tests,CN=server",
    "spiffe://test/server",
    "server.test",
    hex(certificate.fingerprint256),
    hex(certificate.fingerprint),
    hex(certificate.serialNumber),
    "2020-01-01T00:00:00.000Z",
    "2120/01",
    encodeURIComponent(certificate.toString()),
    hex(certificate.serialNumber),
    hex(certificate.fingerprint256),
    hex(authority.serialNumber),
    hex(authority.fingerprint256),
  ].join(" ");
  for (let count = 1; !(await logLines(factLog, count)).includes(expected); count += 1) {
    // Other tests have their lines there.
  }
});

test("an access log that is written when a connection is gone still knows the client's chain", async () => {
  const { cert, key } = clientIdentity("deep");
  assert.equal(await outcome(port("optional"), { cert, key }), "echo");
  const pems = String(cert)
    .split(/(?<=-----END CERTIFICATE-----)\n/)
    .slice(0, -1);
  const serials = pems.map((pem) => new X509Certificate(pem).serialNumber.toLowerCase());
  assert.equal(serials.length, 2);
  const expected = `optional ${serials.join(",")} ${serials[1]}`;
  for (let count = 1; !(await logLines(chainLog, count)).includes(expected); count += 1) {
    // Other tests have their lines there.
  }
});

test("a TLS listener carries much in both directions", async () => {
  const socket = await connectTls(port("plain"));
  const sent = Buffer.alloc(3_000_000, "0123456789");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.end(sent);
  await once(socket, "end");
  assert.ok(Buffer.concat(chunks).equals(sent));
  await untilCounter("listener.plain.ssl.connection_error", 0);
});

test("a TLS listener opens keys with their password", async () => {
  assert.equal(await outcome(port("locked")), "echo");
});

test("a TLS listener chooses the certificate by the server's name, and the first for names that none has", async () => {
  const get = async (servername: string, options: tls.ConnectionOptions = {}) =>
    subject(
      await connectTls(port("several"), { servername, rejectUnauthorized: false, ...options }),
    );
  assert.equal(await get("server.test"), "server");
  assert.equal(await get("a.wild.test"), "wildcard");
  assert.equal(await get("b.a.wild.test"), "server");
  assert.equal(await get("unknown.test"), "server");
});

test("a TLS listener offers certificates with different keys, the faster one first", async () => {
  assert.equal(subject(await connectTls(port("twoKeys"))), "server");
  const onlyRsa = { sigalgs: "rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256" };
  const tls12 = { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" } as const;
  assert.equal(subject(await connectTls(port("twoKeys"), { ...onlyRsa, ...tls12 })), "server-rsa");
});

test("a TLS listener keeps to the versions, ciphers and curves of its parameters", async () => {
  const socket = await connectTls(port("old"));
  assert.equal(socket.getProtocol(), "TLSv1.2");
  assert.equal(socket.getCipher().name, "ECDHE-ECDSA-AES256-GCM-SHA384");
  assert.equal((socket.getEphemeralKeyInfo() as tls.EphemeralKeyInfo).name, "secp384r1");
  socket.destroy();
  const refused = await outcome(port("old"), { minVersion: "TLSv1.3" });
  assert.match(refused, /^ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION|ECONNRESET$/);
  await untilCounter("listener.old.ssl.connection_error", 1);
  await untilCounter("listener.old.ssl.versions.TLSv1.2", 1);
  await untilCounter("listener.old.ssl.ciphers.ECDHE-ECDSA-AES256-GCM-SHA384", 1);
});

test("a TLS listener demands client certificates of its authority", async () => {
  assert.equal(await outcome(port("required"), clientIdentity("client")), "echo");
  assert.notEqual(await outcome(port("required")), "echo");
  await untilCounter("listener.required.ssl.fail_verify_no_cert", 1);
  await sluice.untilLogged(
    /\[debug\]\[connection\].* 127\.0\.0\.1:\d+ failed: .*peer did not return/,
  );
  assert.notEqual(await outcome(port("required"), clientIdentity("stranger")), "echo");
  await untilCounter("listener.required.ssl.fail_verify_error", 1);
  await sluice.untilLogged(
    /failed: the client's certificate is refused: verify cert failed: X509_verify_cert/,
  );
  assert.notEqual(await outcome(port("required"), clientIdentity("expired")), "echo");
  await untilCounter("listener.required.ssl.fail_verify_error", 2);
  await untilCounter("listener.required.ssl.handshake", 1);
});

test("a TLS listener verifies optional client certificates when they come", async () => {
  assert.equal(await outcome(port("optional")), "echo");
  await untilCounter("listener.optional.ssl.no_certificate", 1);
  assert.equal(await outcome(port("optional"), clientIdentity("client")), "echo");
  assert.notEqual(await outcome(port("optional"), clientIdentity("stranger")), "echo");
  await untilCounter("listener.optional.ssl.fail_verify_error", 1);
});

test("a TLS listener refuses client certificates by name, hash and revocation", async () => {
  assert.notEqual(await outcome(port("otherSan"), clientIdentity("client")), "echo");
  await untilCounter("listener.otherSan.ssl.fail_verify_san", 1);
  assert.notEqual(await outcome(port("pinned"), clientIdentity("client")), "echo");
  await untilCounter("listener.pinned.ssl.fail_verify_cert_hash", 1);
  assert.notEqual(await outcome(port("revoked"), clientIdentity("client")), "echo");
  await untilCounter("listener.revoked.ssl.fail_verify_error", 1);
});

test("a TLS listener takes any client certificate with ACCEPT_UNTRUSTED", async () => {
  assert.equal(await outcome(port("untrusted"), clientIdentity("stranger")), "echo");
});

/** How many of the connections after the first resume its session. */
async function resumptions(name: string, options: tls.ConnectionOptions): Promise<number> {
  const first = await connectTls(port(name), options);
  first.write("x");
  await once(first, "data");
  // In TLS 1.3 tickets come behind the handshake, and before what was answered after it.
  const session = first.getSession();
  first.destroy();
  let resumed = 0;
  for (let i = 0; i < 10; i += 1) {
    const next = await connectTls(port(name), { ...options, session });
    if (next.isSessionReused()) resumed += 1;
    next.write("x");
    await once(next, "data");
    next.destroy();
  }
  return resumed;
}

test("TLS sessions are resumed on every worker, and never without tickets", async () => {
  const tls12 = { maxVersion: "TLSv1.2" } as const;
  assert.equal(await resumptions("plain", tls12), 10);
  assert.equal(await resumptions("plain", {}), 10);
  await untilCounter("listener.plain.ssl.session_reused", 20);
  assert.equal(await resumptions("ticketless", tls12), 0);
  assert.equal(await resumptions("ticketless", {}), 0);
});

test("a TLS listener with require_sni closes connections without a name", async () => {
  const nameless = { servername: "", rejectUnauthorized: false };
  assert.equal(await outcome(port("sni")), "echo");
  assert.notEqual(await outcome(port("sni"), nameless), "echo");
  await untilCounter("listener.sni.ssl.connection_error", 1);
});

test("a TLS listener says in its access log why a handshake failed", async () => {
  const socket = net.connect(port("plain"), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await once(socket.resume(), "close");
  await untilCounter("listener.plain.ssl.connection_error", 1);
  const failure =
    "plain TLS_error:|268435612:SSL_routines:OPENSSL_internal:HTTP_REQUEST:TLS_error_end";
  for (let count = 1; ; count += 1) {
    if ((await logLines(log, count)).includes(failure)) break;
  }
});

test("a TLS listener closes connections whose handshake takes longer than allowed", async () => {
  const socket = net.connect(port("slow"), "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket.resume(), "close");
  await untilCounter("listener.slow.downstream_cx_transport_socket_connect_timeout", 1);
});

test("private keys and passwords are in no dump and in no log", async () => {
  const dump = await (await fetch(`http://127.0.0.1:${adminPort}/config_dump`)).text();
  assert.match(dump, /DownstreamTlsContext/);
  assert.doesNotMatch(dump, /"secret"|PRIVATE KEY/);
  assert.doesNotMatch(sluice.stderr, /PRIVATE KEY/);
});
