import { createHash, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { pemCertificate } from "../../../common/x509/pem.ts";
import { subjectAltNames } from "../../../common/x509/subject-alt-names.ts";
import type { SanMatcherConfig, ValidationConfig } from "../../../contracts/secret.ts";

/** Why a peer's certificate is not accepted. */
export interface Refusal {
  readonly kind: "chain" | "san" | "hash";
  readonly text: string;
}

/** What OpenSSL found when it verified the chain; on the socket's handle, since only `tls.Server` publishes it. */
interface VerifyingHandle {
  verifyError(): (Error & { readonly code: string }) | null;
}

/** Checks what a peer presented against a `CertificateValidationContext`. */
export class PeerVerifier {
  /** Fingerprints (SHA-256, as Node writes them) of what is in `trusted_ca`. */
  readonly authorities: ReadonlySet<string>;
  readonly #config: ValidationConfig | undefined;

  constructor(config: ValidationConfig | undefined) {
    this.#config = config;
    const blocks = config?.trustedCa?.match(pemCertificate) ?? [];
    this.authorities = new Set(blocks.map((pem) => new X509Certificate(pem).fingerprint256));
  }

  /** Whether an accepted certificate counts as validated. */
  get validates(): boolean {
    const config = this.#config;
    if (config === undefined) return false;
    const trusts = config.trustedCa !== undefined && !config.acceptUntrusted;
    return trusts || config.certificateHashes.length > 0 || config.spkiHashes.length > 0;
  }

  /** Undefined: accepted. */
  verify(socket: TLSSocket, peer: X509Certificate): Refusal | undefined {
    const config = this.#config;
    if (config === undefined) return undefined;
    if (config.trustedCa !== undefined && !config.acceptUntrusted) {
      const error = (
        socket as unknown as { readonly _handle: VerifyingHandle }
      )._handle.verifyError();
      if (error !== null)
        return { kind: "chain", text: `its chain is not verified (${error.code})` };
    }
    if (config.sanMatchers.length > 0 && !matchesAnySan(config.sanMatchers, peer)) {
      return { kind: "san", text: "no subject alternative name matches" };
    }
    return isPinned(config, peer)
      ? undefined
      : { kind: "hash", text: "neither its hash nor its key's is among the expected ones" };
  }
}

function isPinned(config: ValidationConfig, peer: X509Certificate): boolean {
  const { certificateHashes, spkiHashes } = config;
  if (certificateHashes.length === 0 && spkiHashes.length === 0) return true;
  if (certificateHashes.includes(peer.fingerprint256.replaceAll(":", "").toLowerCase()))
    return true;
  if (spkiHashes.length === 0) return false;
  const spki = peer.publicKey.export({ type: "spki", format: "der" });
  return spkiHashes.includes(createHash("sha256").update(spki).digest("base64"));
}

function matchesAnySan(matchers: readonly SanMatcherConfig[], peer: X509Certificate): boolean {
  const names = subjectAltNames(peer);
  const byType = { DNS: names.dns, URI: names.uri, EMAIL: names.email, IP_ADDRESS: names.ip };
  return matchers.some((matcher) => byType[matcher.type].some((name) => matches(matcher, name)));
}

function matches(matcher: SanMatcherConfig, name: string): boolean {
  const text = matcher.ignoreCase ? matcher.text.toLowerCase() : matcher.text;
  const value = matcher.ignoreCase ? name.toLowerCase() : name;
  switch (matcher.match) {
    case "exact":
      return value === text || (matcher.type === "DNS" && matchesDnsName(value, text));
    case "prefix":
      return value.startsWith(text);
    case "suffix":
      return value.endsWith(text);
    case "contains":
      return value.includes(text);
  }
}

/** A certificate's `*.example.com` is for each name with one label more (RFC 6125 section 6.4.3). */
export function matchesDnsName(pattern: string, name: string): boolean {
  const given = name.toLowerCase();
  const wanted = pattern.toLowerCase();
  if (!wanted.startsWith("*.")) return given === wanted;
  const dot = given.indexOf(".");
  return dot > 0 && given.slice(dot) === wanted.slice(1);
}
