import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { readDataSource } from "../../../../../host/src/config/data-source.ts";
import type { DataSource } from "../../../../../host/src/config/gen/envoy/config/core/v3/base_pb.ts";
import type { ParseContext } from "../../../../../host/src/contracts/extension.ts";
import type { ClientTlsConfig } from "../../../../../host/src/extensions/transport-sockets/tls/context-config.ts";
import { parseClientContext } from "../../../../../host/src/extensions/transport-sockets/tls/parse-client-context.ts";
import { readYaml } from "../../../../support/config-load.ts";
import { certificate, tlsFile } from "../../../../support/tls.ts";

/** An `UpstreamTlsContext` as plain data, and what is wrong with it; warnings behind `warning:`. */
function parse(json: JsonObject): { config: ClientTlsConfig; found: string[] } {
  const name = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
  const read = readYaml(name, JSON.stringify(json), true);
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
    secret: () => undefined,
    tlsContext: () => undefined,
  } satisfies Partial<ParseContext>;
  const config = parseClientContext(read.message as never, context as unknown as ParseContext);
  return { config, found };
}

const trusting = { validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } } };
const problemsOf = (json: JsonObject): string =>
  parse({ common_tls_context: trusting, ...json }).found.join("\n");

test("parseClientContext() fills in Envoy's defaults", () => {
  const { config, found } = parse({ common_tls_context: trusting });
  assert.deepEqual(found, []);
  assert.equal(config.parameters.minVersion, "TLSv1.2");
  assert.equal(config.parameters.maxVersion, "TLSv1.2");
  assert.equal(config.maxSessionKeys, 1);
  assert.deepEqual(config.alpnProtocols, []);
  assert.equal(config.serverName, "");
});

test("parseClientContext() warns of servers that nobody verifies", () => {
  assert.match(parse({}).found.join(), /^warning: .*are not verified$/);
  const empty = parse({ common_tls_context: { validation_context: {} } });
  assert.match(empty.found.join(), /^warning: .*are not verified$/);
  const hash = { validation_context: { verify_certificate_hash: ["00".repeat(32)] } };
  assert.deepEqual(parse({ common_tls_context: hash }).found, []);
});

test("parseClientContext() takes one certificate, and its own key", () => {
  const two = { ...trusting, tls_certificates: [certificate("client"), certificate("server")] };
  assert.match(
    parse({ common_tls_context: two }).found.join(),
    /^tls_certificates: Multiple TLS certificates are not supported for client contexts/,
  );
  const key = { private_key: { filename: tlsFile("server-key.pem") } };
  const wrong = { ...trusting, tls_certificates: [{ ...certificate("client"), ...key }] };
  assert.match(
    parse({ common_tls_context: wrong }).found.join(),
    /^private_key: .*it is not the key of the certificate/,
  );
});

test("parseClientContext() demands a validation context for names that are to be verified", () => {
  assert.match(
    parse({ sni: "a.test", auto_sni_san_validation: true }).found.join(),
    /auto_sni_san_validation: 'auto_sni_san_validation' was configured without a validation context/,
  );
  assert.equal(problemsOf({ sni: "a.test", auto_sni_san_validation: true }), "");
});

test("parseClientContext() refuses names and protocols that no handshake can carry", () => {
  assert.match(problemsOf({ sni: "a\0b" }), /^sni: SNI names containing NULL-byte/);
  assert.match(problemsOf({ sni: "a".repeat(256) }), /sni/);
  const long = { ...trusting, alpn_protocols: ["h2", "x".repeat(256)] };
  assert.match(
    parse({ common_tls_context: long }).found.join(),
    /^alpn_protocols\[1\]: Invalid ALPN protocol string/,
  );
});

test("parseClientContext() refuses by name what it cannot do", () => {
  assert.match(problemsOf({ allow_renegotiation: true }), /renegotiation is not supported/);
  assert.match(problemsOf({ enforce_rsa_key_usage: true }), /enforce_rsa_key_usage/);
  assert.equal(problemsOf({ enforce_rsa_key_usage: false }), "");
});

test("parseClientContext() names ciphers that are unknown", () => {
  const parameters = { tls_params: { cipher_suites: ["NO-SUCH-CIPHER"] } };
  assert.match(
    parse({ common_tls_context: { ...trusting, ...parameters } }).found.join(),
    /^cipher_suites: Failed to initialize cipher suites: 'NO-SUCH-CIPHER' was rejected/,
  );
});
