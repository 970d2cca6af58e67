import type { JsonObject } from "@bufbuild/protobuf";
import { certificate, tlsFile } from "../../support/tls.ts";

/** A server that clusters connect to (`servers.ts`). */
export type ServerName =
  | "good"
  | "modern"
  | "expired"
  | "stranger"
  | "wildcard"
  | "deep"
  | "demanding"
  | "other cipher"
  | "http1 only"
  | "without alpn"
  | "plain"
  | "ends"
  | "resets"
  | "silent"
  | "absent";

/** One cluster, and the requests that are sent to it one after the other. */
export interface TlsCase {
  readonly name: string;
  readonly server: ServerName;
  /** `UpstreamTlsContext`; undefined: the cluster is plain. */
  readonly tls?: JsonObject | undefined;
  /** More of `HttpProtocolOptions`. */
  readonly http?: JsonObject;
  /** More of `Cluster`. */
  readonly cluster?: JsonObject;
  /** More of `Endpoint`. */
  readonly endpoint?: JsonObject;
  /** Of the requests; default: one, for `server.test:8080`. */
  readonly hosts?: readonly string[];
  readonly headers?: { readonly [name: string]: string };
}

const ca = { trusted_ca: { filename: tlsFile("ca-cert.pem") } };
const below = { trusted_ca: { filename: tlsFile("intermediate-cert.pem") }, max_verify_depth: 0 };
const trusting = { validation_context: ca };
const uri = (exact: string): JsonObject => ({ san_type: "URI", matcher: { exact } });
const dns = (matcher: JsonObject): JsonObject => ({ san_type: "DNS", matcher });
const h1 = { explicit_http_config: { http_protocol_options: {} } };
const h2 = { explicit_http_config: { http2_protocol_options: {} } };
const auto = { auto_config: {} };
const tls13 = { tls_params: { tls_maximum_protocol_version: "TLSv1_3" } };
/** Each request needs a connection of its own. */
const fresh = { max_requests_per_connection: 1 };
const zeros = "0".repeat(64);
const sans = (...matchers: JsonObject[]): JsonObject => ({
  validation_context: { ...ca, match_typed_subject_alt_names: matchers },
});
const names = (options: JsonObject, more: JsonObject = h1): JsonObject => ({
  upstream_http_protocol_options: options,
  ...more,
});

export const cases: readonly TlsCase[] = [
  { name: "trusts everybody", server: "good", tls: {} },
  { name: "trusts the authority", server: "good", tls: { common_tls_context: trusting } },
  {
    name: "does not trust the authority",
    server: "stranger",
    tls: { common_tls_context: trusting },
  },
  {
    name: "meets an expired certificate",
    server: "expired",
    tls: { common_tls_context: trusting },
  },
  {
    name: "accepts an untrusted certificate",
    server: "stranger",
    tls: {
      common_tls_context: {
        validation_context: { ...ca, trust_chain_verification: "ACCEPT_UNTRUSTED" },
      },
    },
  },
  {
    name: "accepts an untrusted certificate, of whatever name",
    server: "stranger",
    tls: {
      common_tls_context: {
        validation_context: {
          ...ca,
          match_typed_subject_alt_names: [uri("spiffe://test/other")],
          trust_chain_verification: "ACCEPT_UNTRUSTED",
        },
      },
    },
  },
  {
    name: "accepts a trusted certificate of another name",
    server: "good",
    tls: {
      common_tls_context: {
        validation_context: {
          ...ca,
          match_typed_subject_alt_names: [uri("spiffe://test/other")],
          trust_chain_verification: "ACCEPT_UNTRUSTED",
        },
      },
    },
  },
  {
    name: "accepts an untrusted certificate of another hash",
    server: "stranger",
    tls: {
      common_tls_context: {
        validation_context: {
          ...ca,
          verify_certificate_hash: [zeros],
          trust_chain_verification: "ACCEPT_UNTRUSTED",
        },
      },
    },
  },
  {
    name: "accepts a trusted certificate of another hash",
    server: "good",
    tls: {
      common_tls_context: {
        validation_context: {
          ...ca,
          verify_certificate_hash: [zeros],
          trust_chain_verification: "ACCEPT_UNTRUSTED",
        },
      },
    },
  },
  {
    name: "expects its name",
    server: "good",
    tls: { common_tls_context: sans(uri("spiffe://test/server")) },
  },
  {
    name: "expects another name",
    server: "good",
    tls: { common_tls_context: sans(uri("spiffe://test/other")) },
  },
  {
    name: "expects one of two names",
    server: "good",
    tls: { common_tls_context: sans(uri("spiffe://test/other"), dns({ suffix: ".test" })) },
  },
  {
    name: "expects a name that a wildcard covers",
    server: "wildcard",
    tls: { common_tls_context: sans(dns({ exact: "a.wild.test" })) },
  },
  {
    name: "expects a name that a wildcard does not cover",
    server: "wildcard",
    tls: { common_tls_context: sans(dns({ exact: "a.b.wild.test" })) },
  },
  {
    name: "expects a name of whatever kind",
    server: "good",
    tls: {
      common_tls_context: {
        validation_context: {
          ...ca,
          match_subject_alt_names: [{ exact: "b.test" }, { prefix: "spiffe://test/s" }],
        },
      },
    },
  },
  {
    name: "trusts an authority below another",
    server: "deep",
    tls: { common_tls_context: { validation_context: below } },
  },
  {
    name: "takes a chain that is not too long",
    server: "deep",
    tls: { common_tls_context: { validation_context: { ...ca, max_verify_depth: 2 } } },
  },
  {
    name: "meets a chain that is too long",
    server: "deep",
    tls: { common_tls_context: { validation_context: { ...ca, max_verify_depth: 0 } } },
  },
  {
    name: "expects another hash",
    server: "good",
    tls: { common_tls_context: { validation_context: { verify_certificate_hash: [zeros] } } },
  },
  {
    name: "expects another key",
    server: "good",
    tls: {
      common_tls_context: {
        validation_context: { verify_certificate_spki: [Buffer.alloc(32).toString("base64")] },
      },
    },
  },
  {
    name: "shows its certificate",
    server: "demanding",
    tls: { common_tls_context: { ...trusting, tls_certificates: [certificate("client")] } },
  },
  {
    name: "has no certificate to show",
    server: "demanding",
    tls: { common_tls_context: trusting },
  },
  {
    name: "has no certificate to show in TLS 1.3",
    server: "demanding",
    tls: { common_tls_context: { ...trusting, ...tls13 } },
  },
  { name: "is too old", server: "modern", tls: {} },
  { name: "speaks TLS 1.3", server: "modern", tls: { common_tls_context: tls13 } },
  {
    name: "has no common cipher",
    server: "other cipher",
    tls: {
      common_tls_context: { tls_params: { cipher_suites: ["ECDHE-ECDSA-AES128-GCM-SHA256"] } },
    },
  },
  { name: "meets plain text", server: "plain", tls: {} },
  { name: "speaks plain text", server: "good" },
  { name: "is left during the handshake", server: "ends", tls: {} },
  { name: "is reset during the handshake", server: "resets", tls: {} },
  { name: "waits in vain", server: "silent", tls: {}, cluster: { connect_timeout: "0.3s" } },
  { name: "finds nobody", server: "absent", tls: {} },
  { name: "sends a fixed name", server: "good", tls: { sni: "fixed.test" } },
  {
    name: "sends the endpoint's name",
    server: "good",
    tls: { auto_host_sni: true, sni: "fixed.test" },
    endpoint: { hostname: "endpoint.test" },
  },
  {
    name: "has no endpoint's name to send",
    server: "good",
    tls: { auto_host_sni: true, sni: "fixed.test" },
  },
  {
    name: "verifies the name that it sends",
    server: "good",
    tls: { sni: "server.test", auto_sni_san_validation: true, common_tls_context: trusting },
  },
  {
    name: "verifies the name that it sends, which is another",
    server: "good",
    tls: { sni: "other.test", auto_sni_san_validation: true, common_tls_context: trusting },
  },
  {
    name: "sends and verifies the request's name",
    server: "good",
    tls: { sni: "fixed.test", common_tls_context: trusting },
    http: names({ auto_sni: true, auto_san_validation: true }),
    hosts: ["server.test:8080", "server.test", "other.test", "127.0.0.1:80"],
  },
  {
    name: "verifies the request's name without an authority",
    server: "good",
    tls: {},
    http: names({ auto_san_validation: true }),
    hosts: ["server.test", "other.test"],
  },
  {
    name: "sends the name of a header",
    server: "good",
    tls: {},
    http: names({ auto_sni: true, override_auto_sni_header: "x-sni" }),
    headers: { "x-sni": "header.test:1" },
  },
  {
    name: "sends the request's name for want of a header",
    server: "good",
    tls: {},
    http: names({ auto_sni: true, override_auto_sni_header: "x-sni" }),
  },
  {
    name: "sends the name that a filter says",
    server: "good",
    tls: { sni: "fixed.test" },
    headers: { "state-upstream_server_name": "filter.test" },
  },
  {
    name: "sends and verifies what a filter says instead of the request's name",
    server: "good",
    tls: { common_tls_context: trusting },
    http: names({ auto_sni: true, auto_san_validation: true }),
    hosts: ["other.test"],
    headers: {
      "state-upstream_server_name": "filter.test",
      "state-upstream_subject_alt_names": "x.test,server.test",
    },
  },
  {
    name: "verifies names that a filter says",
    server: "good",
    tls: { common_tls_context: trusting },
    headers: { "state-upstream_subject_alt_names": "x.test,y.test" },
  },
  {
    name: "offers what a filter says",
    server: "http1 only",
    tls: { common_tls_context: { alpn_protocols: ["foo"] } },
    http: h1,
    headers: { "state-application_protocols": "bar,http/1.1" },
  },
  { name: "offers HTTP/1 by itself", server: "good", tls: {}, http: h1 },
  { name: "offers HTTP/2 by itself", server: "good", tls: {}, http: h2, hosts: ["a", "b"] },
  {
    name: "offers what is configured",
    server: "http1 only",
    tls: { common_tls_context: { alpn_protocols: ["foo", "http/1.1"] } },
    http: h1,
  },
  { name: "settles on HTTP/2", server: "good", tls: {}, http: auto, hosts: ["a", "b"] },
  { name: "settles on HTTP/1", server: "http1 only", tls: {}, http: auto, hosts: ["a", "b"] },
  { name: "settles on nothing", server: "without alpn", tls: {}, http: auto },
  {
    name: "settles on nothing with an untrusted server",
    server: "stranger",
    tls: { common_tls_context: trusting },
    http: auto,
  },
  {
    name: "resumes a session",
    server: "good",
    tls: { common_tls_context: trusting },
    cluster: fresh,
    hosts: ["a", "b", "c"],
  },
  {
    name: "resumes a session of TLS 1.3",
    server: "modern",
    tls: { common_tls_context: { ...trusting, ...tls13 } },
    cluster: fresh,
    hosts: ["a", "b", "c"],
  },
  {
    name: "resumes no session",
    server: "good",
    tls: { max_session_keys: 0 },
    cluster: fresh,
    hosts: ["a", "b"],
  },
];
