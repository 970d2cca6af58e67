import { X509Certificate } from "node:crypto";
import type {
  CertificateValidationContext,
  SubjectAltNameMatcher,
} from "../config/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import type { ParseContext } from "../contracts/extension.ts";
import type { SanMatcherConfig, ValidationConfig } from "../contracts/secret.ts";
import { pemCertificate } from "../common/x509/pem.ts";
import { sourceName } from "./parse-certificate.ts";

/** `SanType` by number. */
const sanTypes: readonly (SanMatcherConfig["type"] | undefined)[] = [
  undefined,
  "EMAIL",
  "DNS",
  "URI",
  "IP_ADDRESS",
];
/** `TrustChainVerification.ACCEPT_UNTRUSTED` */
const acceptUntrusted = 1;

/** A `CertificateValidationContext`, read and checked. `secretName`: empty for none. */
export function parseValidation(
  message: CertificateValidationContext,
  secretName: string,
  context: ParseContext,
): ValidationConfig {
  const trustedCa = context
    .dataSource(message.trustedCa, message, "trusted_ca")
    ?.toString("latin1");
  if (trustedCa !== undefined) checkAuthorities(message, trustedCa, context);
  const sanMatchers = parseSanMatchers(message, context);
  if (sanMatchers.length > 0 && message.trustedCa === undefined) {
    const text =
      "SAN-based verification of peer certificates without trusted CA is insecure and not allowed";
    context.problem(message, "match_typed_subject_alt_names", text);
  }
  const crl = context.dataSource(message.crl, message, "crl")?.toString("latin1");
  if (crl !== undefined && message.trustedCa === undefined) {
    const text = "a revocation list needs the trusted_ca that signed it";
    context.problem(message, "crl", text);
  }
  return {
    trustedCa,
    crl,
    sanMatchers,
    certificateHashes: parseHashes(message, context),
    spkiHashes: parseSpkiHashes(message, context),
    acceptUntrusted: (message.trustChainVerification as number) === acceptUntrusted,
    origin: {
      secretName,
      path: sourceName(message.trustedCa),
      expiresMs: firstExpiry(trustedCa ?? ""),
    },
  };
}

const textMatches = ["exact", "prefix", "suffix", "contains"] as const;

function checkAuthorities(
  message: CertificateValidationContext,
  pem: string,
  context: ParseContext,
): void {
  const blocks = pem.match(pemCertificate) ?? [];
  const from = sourceName(message.trustedCa);
  if (blocks.length > 0 && blocks.every(isCertificate)) return;
  const text = `Failed to load trusted CA certificates from ${from}: they must be certificates in PEM`;
  context.problem(message, "trusted_ca", text);
}

function firstExpiry(pem: string): number | undefined {
  const blocks = (pem.match(pemCertificate) ?? []).filter(isCertificate);
  const ends = blocks.map((block) => new X509Certificate(block).validToDate.getTime());
  return ends.length === 0 ? undefined : Math.min(...ends);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem) instanceof X509Certificate;
  } catch {
    return false;
  }
}

function parseSanMatchers(
  message: CertificateValidationContext,
  context: ParseContext,
): SanMatcherConfig[] {
  const matchers: SanMatcherConfig[] = [];
  for (const matcher of message.matchTypedSubjectAltNames) {
    const parsed = parseSanMatcher(matcher, context);
    if (parsed !== undefined) matchers.push(parsed);
  }
  return matchers;
}

function parseSanMatcher(
  message: SubjectAltNameMatcher,
  context: ParseContext,
): SanMatcherConfig | undefined {
  const type = sanTypes[message.sanType];
  const pattern = message.matcher?.matchPattern;
  if (type === undefined) {
    context.problem(message, "san_type", "only EMAIL, DNS, URI and IP_ADDRESS are supported");
    return undefined;
  }
  const match = textMatches.find((candidate) => candidate === pattern?.case);
  if (match === undefined) {
    context.problem(message, "matcher", `only ${textMatches.join(", ")} are supported`);
    return undefined;
  }
  return {
    type,
    match,
    text: pattern!.value as string,
    ignoreCase: message.matcher!.ignoreCase,
  };
}

function parseHashes(message: CertificateValidationContext, context: ParseContext): string[] {
  return message.verifyCertificateHash.map((text, index) => {
    const hash = text.replaceAll(":", "").toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(hash)) {
      const field = `verify_certificate_hash[${index}]`;
      context.problem(message, field, `Invalid hex-encoded SHA-256 ${text}`);
    }
    return hash;
  });
}

function parseSpkiHashes(message: CertificateValidationContext, context: ParseContext): string[] {
  return message.verifyCertificateSpki.map((text, index) => {
    if (Buffer.from(text, "base64").length !== 32) {
      const field = `verify_certificate_spki[${index}]`;
      context.problem(message, field, `Invalid base64-encoded SHA-256 ${text}`);
    }
    return text;
  });
}
