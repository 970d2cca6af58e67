import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { readDataSource } from "../../../../../host/src/config/data-source.ts";
import type { DataSource } from "../../../../../host/src/config/gen/envoy/config/core/v3/base_pb.ts";
import type { ParseContext } from "../../../../../host/src/contracts/extension.ts";
import { parseServerContext } from "../../../../../host/src/extensions/transport-sockets/tls/parse-server-context.ts";
import { readYaml } from "../../../../support/config-load.ts";
import { certificate, tlsFile, tlsText } from "../../../../support/tls.ts";

/** What is wrong with a `CommonTlsContext`; warnings behind `warning:`. */
function problemsOf(common: JsonObject | undefined, more: JsonObject = {}): string[] {
  const message = { ...(common && { common_tls_context: common }), ...more };
  const name = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
  const read = readYaml(name, JSON.stringify(message), true);
  const found = [...read.problems];
  const context = {
    problem: (_message, field, text) => found.push(`${field}: ${text}`),
    warning: (_message, field, text) => found.push(`warning: ${field}: ${text}`),
    dataSource: (source, _owner, field) => {
      if (source === undefined) return undefined;
      const result = readDataSource(source as DataSource);
      if (result.ok) return result.value;
      found.push(`${field}: ${result.error}`);
      return undefined;
    },
    durationMs: (_duration, fallback) => fallback,
    secret: () => undefined,
    tlsContext: () => undefined,
  } satisfies Partial<ParseContext>;
  parseServerContext(read.message as never, context as unknown as ParseContext);
  return found;
}

const server = certificate("server");
const withCertificate = (more: JsonObject): string[] =>
  problemsOf({ tls_certificates: [{ ...server, ...more }] });
const withParameters = (tls_params: JsonObject): string[] =>
  problemsOf({ tls_certificates: [server], tls_params });
const withValidation = (validation_context: JsonObject): string[] =>
  problemsOf({ tls_certificates: [server], validation_context });

test("parseServerContext() takes what fits together", () => {
  assert.deepEqual(withCertificate({}), []);
  assert.deepEqual(
    withCertificate({ private_key: { inline_string: tlsText("server-key.pem") } }),
    [],
  );
});

test("parseServerContext() demands a certificate", () => {
  assert.deepEqual(problemsOf(undefined), [
    "common_tls_context: No TLS certificates found for server context",
  ]);
  assert.deepEqual(problemsOf({}), [
    "tls_certificates: No TLS certificates found for server context",
  ]);
});

test("parseServerContext() names files that are missing, no PEM, or of another certificate", () => {
  const missing = withCertificate({ certificate_chain: { filename: "/no/such/file" } });
  assert.match(missing[0]!, /^certificate_chain: \/no\/such\/file: /);
  const noPem = withCertificate({ certificate_chain: { inline_string: "text" } });
  assert.match(noPem[0]!, /^certificate_chain: Failed to load certificate chain from <inline>: /);
  const noKey = withCertificate({ private_key: { inline_string: "text" } });
  assert.match(noKey[0]!, /^private_key: Failed to load private key from <inline>: /);
  const other = withCertificate({ private_key: { filename: tlsFile("client-key.pem") } });
  assert.match(
    other[0]!,
    /client-key\.pem: it is not the key of the certificate from .*server-cert/,
  );
});

test("parseServerContext() asks for the password of a locked key", () => {
  const locked = { filename: tlsFile("server-locked-key.pem") };
  const wrong = withCertificate({ private_key: locked, password: { inline_string: "wrong" } });
  assert.match(wrong.join(), /private_key: .*is the password the right one\?$/);
  assert.doesNotMatch(wrong.join(), /wrong/);
  const right = withCertificate({ private_key: locked, password: { inline_string: "secret" } });
  assert.deepEqual(right, []);
});

test("parseServerContext() warns of expired certificates", () => {
  const problems = problemsOf({ tls_certificates: [certificate("expired")] });
  assert.match(problems.join(), /^warning: certificate_chain: the certificate has expired \(/);
});

test("parseServerContext() refuses keys of different kinds for different names", () => {
  const pair = problemsOf({ tls_certificates: [server, certificate("server-rsa")] });
  assert.deepEqual(pair, []);
  const others = problemsOf({
    tls_certificates: [certificate("wildcard"), certificate("server-rsa")],
  });
  assert.match(others.join(), /^tls_certificates: .*must all be for the same names/);
});

test("parseServerContext() names unknown ciphers, curves and algorithms", () => {
  const problems = withParameters({
    cipher_suites: ["ECDHE-RSA-AES128-GCM-SHA256", "NO-SUCH", "TLS_AES_128_GCM_SHA256"],
    ecdh_curves: ["P-256", "no-curve"],
    signature_algorithms: ["no-algorithm"],
  });
  assert.match(problems[0]!, /^cipher_suites: .*'NO-SUCH'/);
  assert.match(problems[1]!, /^cipher_suites: .*'TLS_AES_128_GCM_SHA256'/);
  assert.match(problems[2]!, /^ecdh_curves: .*'no-curve'/);
  assert.match(problems[3]!, /^signature_algorithms: .*'no-algorithm'/);
});

test("parseServerContext() refuses versions in the wrong order", () => {
  const problems = withParameters({
    tls_minimum_protocol_version: "TLSv1_3",
    tls_maximum_protocol_version: "TLSv1_2",
  });
  assert.match(problems[0]!, /^tls_minimum_protocol_version: /);
});

test("parseServerContext() checks what clients are verified with", () => {
  assert.match(
    withValidation({ trusted_ca: { inline_string: "text" } }).join(),
    /^trusted_ca: Failed to load trusted CA certificates from <inline>/,
  );
  const name = { san_type: "DNS", matcher: { exact: "a" } };
  assert.match(
    withValidation({ match_typed_subject_alt_names: [name] }).join(),
    /SAN-based verification of peer certificates without trusted CA is insecure/,
  );
  assert.match(
    withValidation({ verify_certificate_hash: ["x".repeat(64)] }).join(),
    /^verify_certificate_hash\[0\]: Invalid hex-encoded SHA-256/,
  );
  assert.match(withValidation({ crl: { inline_string: "x" } }).join(), /^crl: /);
});

test("parseServerContext() takes the default of what it cannot do", () => {
  const certificates = { tls_certificates: [server] };
  assert.deepEqual(problemsOf(certificates, { full_scan_certs_on_sni_mismatch: false }), []);
  assert.match(
    problemsOf(certificates, { full_scan_certs_on_sni_mismatch: true }).join(),
    /^full_scan_certs_on_sni_mismatch: .* set it to false$/,
  );
});

test("parseServerContext() refuses by name what is not there", () => {
  const refused = problemsOf(
    { tls_certificates: [server], tls_certificate_sds_secret_configs: [{ name: "s" }] },
    { ocsp_staple_policy: "MUST_STAPLE" },
  ).join("\n");
  assert.match(refused, /ocsp_staple_policy/);
  assert.match(
    refused,
    /tls_certificate_sds_secret_configs: SDS and non-SDS TLS certificates may not be mixed/,
  );
});
