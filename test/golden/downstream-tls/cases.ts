import type tls from "node:tls";
import type { JsonObject } from "@bufbuild/protobuf";
import { certificate, clientIdentity, tlsFile } from "../../support/tls.ts";

/** A listener, and the clients that come to it one after the other. */
export interface ListenerCase {
  readonly name: string;
  /** `DownstreamTlsContext`; undefined: the listener is plain. */
  readonly tls?: JsonObject | undefined;
  /** More of the connection manager. */
  readonly hcm?: JsonObject;
  /** Chooses the chain by server name, `tls_inspector` included. */
  readonly serverNames?: readonly string[];
  readonly clients: readonly ClientCase[];
}

/** What a client does. */
export interface ClientCase {
  readonly name: string;
  /** TLS with these options; undefined: plain text. */
  readonly tls?: tls.ConnectionOptions | undefined;
  /** Bytes instead of a request. */
  readonly sends?: string;
  /** Of the request. */
  readonly headers?: { readonly [name: string]: string };
  /** Comes again with the session that it was given. */
  readonly again?: boolean;
}

const server = { tls_certificates: [certificate("server")] };
const ca = { trusted_ca: { filename: tlsFile("ca-cert.pem") } };
const anyone: tls.ConnectionOptions = { rejectUnauthorized: false, servername: "server.test" };
const tls12: tls.ConnectionOptions = { ...anyone, maxVersion: "TLSv1.2" };
const nameless: tls.ConnectionOptions = { rejectUnauthorized: false };
const known = { ...anyone, ...clientIdentity("client") };
const stranger = { ...anyone, ...clientIdentity("stranger") };
const expired = { ...anyone, ...clientIdentity("expired") };
const san = (exact: string): JsonObject => ({ san_type: "URI", matcher: { exact } });
const validating = (more: JsonObject): JsonObject => ({
  common_tls_context: { ...server, validation_context: { ...ca, ...more } },
});
const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const xfcc = 'By=spiffe://before;Hash=00;URI="spiffe://other"';
const forwarding = (mode: string, details: JsonObject = {}): ListenerCase => ({
  name: `forwards certificates, ${mode}${Object.keys(details).length > 0 ? " with all details" : ""}`,
  tls: validating({}),
  hcm: {
    forward_client_cert_details: mode,
    set_current_client_cert_details: details,
  },
  clients: [
    { name: "known client", tls: known, headers: { "x-forwarded-client-cert": xfcc } },
    {
      name: "client without a certificate",
      tls: anyone,
      headers: { "x-forwarded-client-cert": xfcc },
    },
    { name: "known client without the header", tls: known },
  ],
});
const allDetails = { subject: true, cert: true, chain: true, dns: true, uri: true };

export const listeners: readonly ListenerCase[] = [
  {
    name: "serves anyone",
    tls: { common_tls_context: { ...server, alpn_protocols: ["h2", "http/1.1"] } },
    clients: [
      { name: "TLS 1.3", tls: anyone },
      { name: "TLS 1.2", tls: tls12 },
      { name: "no server name", tls: nameless },
      { name: "ALPN of HTTP/1", tls: { ...anyone, ALPNProtocols: ["http/1.1"] } },
      {
        name: "TLS 1.1",
        tls: {
          ...anyone,
          minVersion: "TLSv1",
          maxVersion: "TLSv1.1",
          ciphers: "DEFAULT@SECLEVEL=0",
        },
      },
      { name: "no common cipher", tls: { ...tls12, ciphers: "AES256-SHA256" } },
      { name: "plain text", sends: "GET / HTTP/1.1\r\nhost: x\r\n\r\n" },
      { name: "HTTP/2 in plain text", sends: http2Preface },
      { name: "garbage", sends: "\x16\x03\x01\x00\x05hello" },
      { name: "nothing", sends: "" },
      { name: "resumption, TLS 1.2", tls: tls12, again: true },
    ],
  },
  {
    name: "resumes nothing",
    tls: {
      common_tls_context: server,
      disable_stateless_session_resumption: true,
      disable_stateful_session_resumption: true,
    },
    clients: [{ name: "resumption, TLS 1.2", tls: tls12, again: true }],
  },
  {
    name: "speaks TLS 1.3 only",
    tls: {
      common_tls_context: { ...server, tls_params: { tls_minimum_protocol_version: "TLSv1_3" } },
    },
    clients: [
      { name: "TLS 1.2", tls: tls12 },
      { name: "TLS 1.3", tls: anyone },
    ],
  },
  {
    name: "requires certificates",
    tls: { ...validating({}), require_client_certificate: true },
    clients: [
      { name: "known client", tls: known },
      { name: "known client, TLS 1.2", tls: { ...known, maxVersion: "TLSv1.2" } },
      { name: "resumption, TLS 1.2", tls: { ...known, maxVersion: "TLSv1.2" }, again: true },
      { name: "no certificate", tls: anyone },
      { name: "no certificate, TLS 1.2", tls: tls12 },
      { name: "stranger", tls: stranger },
      { name: "expired certificate", tls: expired },
    ],
  },
  {
    name: "verifies certificates that come",
    tls: validating({}),
    clients: [
      { name: "known client", tls: known },
      { name: "no certificate", tls: anyone },
      { name: "stranger", tls: { ...stranger, maxVersion: "TLSv1.2" } },
    ],
  },
  {
    name: "expects a name",
    tls: validating({ match_typed_subject_alt_names: [san("spiffe://test/other")] }),
    clients: [
      { name: "known client", tls: known },
      { name: "no certificate", tls: tls12 },
    ],
  },
  {
    name: "expects a hash",
    tls: validating({ verify_certificate_hash: ["00".repeat(32)] }),
    clients: [
      { name: "known client", tls: known },
      { name: "no certificate", tls: tls12 },
    ],
  },
  {
    name: "takes no intermediate authorities",
    tls: validating({ max_verify_depth: 0 }),
    clients: [
      { name: "known client", tls: known },
      {
        name: "client of an intermediate authority",
        tls: { ...anyone, ...clientIdentity("deep") },
      },
    ],
  },
  {
    name: "takes one intermediate authority",
    tls: validating({ max_verify_depth: 2 }),
    clients: [
      {
        name: "client of an intermediate authority",
        tls: { ...anyone, ...clientIdentity("deep") },
      },
    ],
  },
  {
    name: "accepts the untrusted",
    tls: validating({ trust_chain_verification: "ACCEPT_UNTRUSTED" }),
    clients: [
      { name: "stranger", tls: stranger },
      { name: "known client", tls: known },
    ],
  },
  {
    name: "requires a server name",
    tls: { common_tls_context: server, require_sni: true },
    clients: [
      { name: "no server name", tls: { ...nameless, maxVersion: "TLSv1.2" } },
      { name: "server name", tls: anyone },
    ],
  },
  {
    name: "has certificates for several names",
    tls: {
      common_tls_context: { tls_certificates: [certificate("server"), certificate("wildcard")] },
    },
    clients: [
      { name: "first", tls: anyone },
      { name: "wildcard", tls: { ...nameless, servername: "a.wild.test" } },
      { name: "two labels", tls: { ...nameless, servername: "a.b.wild.test" } },
      { name: "unknown", tls: { ...nameless, servername: "unknown.test" } },
      { name: "none", tls: nameless },
    ],
  },
  {
    name: "has a chain for one name only",
    tls: { common_tls_context: server },
    serverNames: ["server.test"],
    clients: [
      { name: "its name", tls: anyone },
      { name: "unknown server name", tls: { ...tls12, servername: "unknown.test" } },
      { name: "plain text", sends: "GET / HTTP/1.1\r\nhost: x\r\n\r\n" },
    ],
  },
  {
    name: "is plain",
    clients: [{ name: "TLS", tls: tls12 }, { name: "HTTP/1" }],
  },
  {
    name: "is plain and speaks HTTP/1 only",
    hcm: { codec_type: "HTTP1" },
    clients: [{ name: "HTTP/2", sends: http2Preface }],
  },
  {
    name: "is plain and speaks HTTP/2 only",
    hcm: { codec_type: "HTTP2" },
    clients: [{ name: "HTTP/1", sends: "GET / HTTP/1.1\r\nhost: x\r\n\r\n" }],
  },
  {
    name: "speaks HTTP/1 only",
    tls: { common_tls_context: server },
    hcm: { codec_type: "HTTP1" },
    clients: [{ name: "HTTP/2 over TLS", tls: anyone, sends: http2Preface }],
  },
  forwarding("SANITIZE"),
  forwarding("FORWARD_ONLY"),
  forwarding("APPEND_FORWARD", { uri: true }),
  forwarding("SANITIZE_SET", allDetails),
  forwarding("ALWAYS_FORWARD_ONLY"),
];
