import { X509Certificate } from "node:crypto";
import type { Message } from "@bufbuild/protobuf";
import type {
  CertificateValidationContext,
  SubjectAltNameMatcher,
} from "../config/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import type { StringMatcher } from "../config/gen/envoy/type/matcher/v3/string_pb.js";
import type { ParseContext } from "../contracts/extension.ts";
import type { SanMatcherConfig, ValidationConfig } from "../contracts/secret.ts";
import { nodeTls } from "../common/x509/node-tls.ts";
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
  const trustedCa = parseAuthorities(message, context);
  const sanMatchers = parseSanMatchers(message, context);
  const trusts = message.trustedCa !== undefined || message.systemRootCerts !== undefined;
  if (sanMatchers.length > 0 && !trusts) {
    const text =
      "SAN-based verification of peer certificates without trusted CA is insecure and not allowed";
    context.problem(message, "match_typed_subject_alt_names", text);
  }
  const crl = context.dataSource(message.crl, message, "crl")?.toString("latin1");
  if (crl !== undefined && !trusts) {
    const text = "a revocation list needs the trusted_ca that signed it";
    context.problem(message, "crl", text);
  }
  return {
    trustedCa,
    crl,
    sanMatchers,
    certificateHashes: parseHashes(message, context),
    spkiHashes: parseSpkiHashes(message, context),
    maxVerifyDepth: message.maxVerifyDepth,
    acceptUntrusted: (message.trustChainVerification as number) === acceptUntrusted,
    origin: {
      secretName,
      path: message.trustedCa === undefined && trusts ? systemRoots : sourceName(message.trustedCa),
      expiresMs: firstExpiry(trustedCa ?? ""),
    },
  };
}

/** How messages name the authorities of the system. */
const systemRoots = "<system>";

/** PEM; the system's where the configuration names none of its own. */
function parseAuthorities(
  message: CertificateValidationContext,
  context: ParseContext,
): string | undefined {
  const own = context.dataSource(message.trustedCa, message, "trusted_ca")?.toString("latin1");
  if (own !== undefined) checkAuthorities(message, own, context);
  if (message.trustedCa !== undefined || message.systemRootCerts === undefined) return own;
  const roots = nodeTls().getCACertificates("system");
  if (roots.length > 0) return roots.join("\n");
  const text = "the system has no root certificates; name a file with trusted_ca";
  context.problem(message, "system_root_certs", text);
  return undefined;
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
  // The older field says nothing of the kind of the name.
  for (const [index, matcher] of message.matchSubjectAltNames.entries()) {
    const field = `match_subject_alt_names[${index}]`;
    const text = parseText(matcher, { owner: message, field }, context);
    for (const type of sanTypes) {
      if (text !== undefined && type !== undefined) matchers.push({ type, ...text });
    }
  }
  return matchers;
}

function parseSanMatcher(
  message: SubjectAltNameMatcher,
  context: ParseContext,
): SanMatcherConfig | undefined {
  const type = sanTypes[message.sanType];
  if (type === undefined) {
    context.problem(message, "san_type", "only EMAIL, DNS, URI and IP_ADDRESS are supported");
    return undefined;
  }
  const text = parseText(message.matcher, { owner: message, field: "matcher" }, context);
  return text && { type, ...text };
}

function parseText(
  matcher: StringMatcher | undefined,
  place: { readonly owner: Message; readonly field: string },
  context: ParseContext,
): Omit<SanMatcherConfig, "type"> | undefined {
  const pattern = matcher?.matchPattern;
  const match = textMatches.find((candidate) => candidate === pattern?.case);
  if (match === undefined) {
    context.problem(place.owner, place.field, `only ${textMatches.join(", ")} are supported`);
    return undefined;
  }
  return { match, text: pattern!.value as string, ignoreCase: matcher!.ignoreCase };
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
