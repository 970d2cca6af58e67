import { createHash, X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { pemCertificate } from "../../../common/x509/pem.ts";
import { subjectAltNames } from "../../../common/x509/subject-alt-names.ts";
import type { SanMatcherConfig, ValidationConfig } from "../../../contracts/secret.ts";
import { chainDetail, noIssuerDetail } from "./chain-detail.ts";
import { tlsHandle } from "./tls-handle.ts";

/** Why a peer's certificate is not accepted. `authority`: nobody is trusted who could vouch for it. */
export interface Refusal {
  readonly kind: "chain" | "san" | "hash" | "authority";
  /** What Envoy adds to the reason of the failure; empty when nothing. */
  readonly detail: string;
}

/** Names that a server must have. */
export interface ExpectedNames {
  readonly names: readonly string[];
  /** A request asked for them; else the configuration did. */
  readonly fromRequest: boolean;
}

/** Checks what a peer presented against a `CertificateValidationContext`. */
export class PeerVerifier {
  /** What is in `trusted_ca`. */
  readonly authorities: readonly X509Certificate[];
  /** Fingerprints (SHA-256, as Node writes them) of these. */
  readonly #trusted: ReadonlySet<string>;
  readonly #config: ValidationConfig | undefined;

  constructor(config: ValidationConfig | undefined) {
    this.#config = config;
    const blocks = config?.trustedCa?.match(pemCertificate) ?? [];
    this.authorities = blocks.map((pem) => new X509Certificate(pem));
    this.#trusted = new Set(this.authorities.map(({ fingerprint256 }) => fingerprint256));
  }

  /** Whether an accepted certificate counts as validated. */
  get validates(): boolean {
    const config = this.#config;
    if (config === undefined) return false;
    const trusts = config.trustedCa !== undefined && !config.acceptUntrusted;
    return trusts || config.certificateHashes.length > 0 || config.spkiHashes.length > 0;
  }

  /** Who has no certificate cannot be what is expected. */
  get demandsCertificate(): boolean {
    const config = this.#config;
    if (config === undefined) return false;
    const { sanMatchers, certificateHashes, spkiHashes } = config;
    return sanMatchers.length + certificateHashes.length + spkiHashes.length > 0;
  }

  /** What is refused is told, and accepted all the same (`ACCEPT_UNTRUSTED`). */
  get acceptsRefused(): boolean {
    return this.#config?.acceptUntrusted ?? false;
  }

  /** Undefined: nothing is wrong. */
  verify(socket: TLSSocket, peer: X509Certificate): Refusal | undefined {
    const config = this.#config;
    if (config === undefined) return undefined;
    const { trustedCa, sanMatchers } = config;
    const error = trustedCa === undefined ? undefined : tlsHandle(socket)?.verifyError();
    if (error) return { kind: "chain", detail: chainDetail(error, peer, issuers(socket).length) };
    const depth = exceededDepth(config, this.#trusted, socket);
    if (depth !== undefined) return { kind: "chain", detail: noIssuerDetail(depth) };
    if (sanMatchers.length > 0 && !matchesAnySan(sanMatchers, peer)) {
      const text = `SAN matcher, certificate SANs are ${namesText(peer)}`;
      return { kind: "san", detail: `verify cert failed: ${text}` };
    }
    if (isPinned(config, peer)) return undefined;
    return { kind: "hash", detail: "verify cert failed: cert hash and spki" };
  }

  /**
   * The same for a server, which always has a certificate. `expected`: names of which it must have one, besides what
   * is configured; nobody can have one who is not vouched for.
   */
  verifyServer(
    socket: TLSSocket,
    peer: X509Certificate | undefined,
    { names, fromRequest }: ExpectedNames,
  ): Refusal | undefined {
    const config = this.#config;
    if (config === undefined && names.length === 0) return undefined;
    if (peer === undefined) return { kind: "authority", detail: "" };
    if (names.length > 0 && config?.trustedCa === undefined) {
      return { kind: "authority", detail: "" };
    }
    const refusal = this.verify(socket, peer);
    if (refusal?.kind === "chain" || names.length === 0 || hasAnyName(names, peer)) return refusal;
    const text = fromRequest
      ? `verify SAN list, expected SANs: [${names.join(", ")}], certificate SANs: ${namesText(peer)}`
      : `SAN matcher, certificate SANs are ${namesText(peer)}`;
    return { kind: "san", detail: `verify cert failed: ${text}` };
  }
}

/**
 * How many issuers a peer's certificate may have, the one that is trusted included: BoringSSL counts so, and always
 * takes one. Undefined: it has no more than that.
 */
function exceededDepth(
  { maxVerifyDepth, trustedCa }: ValidationConfig,
  authorities: ReadonlySet<string>,
  socket: TLSSocket,
): number | undefined {
  if (maxVerifyDepth === undefined || trustedCa === undefined) return undefined;
  const most = Math.max(maxVerifyDepth, 1);
  const chain = issuers(socket);
  const anchor = chain.findIndex(({ fingerprint256 }) => authorities.has(fingerprint256));
  return (anchor < 0 ? chain.length : anchor + 1) > most ? most : undefined;
}

/** The issuer of the peer's certificate, its issuer, and so on: those that were sent, and the one that is trusted. */
function issuers(socket: TLSSocket): DetailedPeerCertificate[] {
  const found: DetailedPeerCertificate[] = [];
  let last = socket.getPeerCertificate(true);
  while (last?.issuerCertificate !== undefined && last.issuerCertificate !== last) {
    last = last.issuerCertificate;
    found.push(last);
  }
  return found;
}

const namesText = (peer: X509Certificate): string => `[${subjectAltNames(peer).all.join(", ")}]`;

function isPinned(config: ValidationConfig, peer: X509Certificate): boolean {
  const { certificateHashes, spkiHashes } = config;
  if (certificateHashes.length === 0 && spkiHashes.length === 0) return true;
  if (certificateHashes.includes(peer.fingerprint256.replaceAll(":", "").toLowerCase()))
    return true;
  if (spkiHashes.length === 0) return false;
  const spki = peer.publicKey.export({ type: "spki", format: "der" });
  return spkiHashes.includes(createHash("sha256").update(spki).digest("base64"));
}

/** By a DNS name, an URI or an address; a certificate's DNS names may have a wildcard. */
function hasAnyName(wanted: readonly string[], peer: X509Certificate): boolean {
  const { dns, uri, ip } = subjectAltNames(peer);
  return wanted.some(
    (name) =>
      uri.includes(name) || ip.includes(name) || dns.some((each) => matchesDnsName(each, name)),
  );
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
