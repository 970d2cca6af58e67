import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type {
  CertificateChainFacts,
  CertificateFacts,
  SslConnectionInfo,
  SubjectName,
} from "../../../contracts/network/connection.ts";
import { certificateExtensionOids } from "./extension-oids.ts";
import { tlsHandle } from "./tls-handle.ts";
import { sessionFacts, type SessionFacts } from "./session-facts.ts";
import { subjectAltNames, type SubjectAltNames } from "../../../common/x509/subject-alt-names.ts";
import { parsedSubject, rfc2253 } from "../../../common/x509/subject-name.ts";

const noNames: SubjectAltNames = { dns: [], uri: [], email: [], ip: [], all: [] };

/** What is known of the handshake besides what the socket says. */
export interface HandshakeFacts {
  /** The peer presented a certificate in this handshake, and it was checked. */
  readonly validated: boolean;
  /** This side's own certificate; undefined when it has none. */
  readonly local: X509Certificate | undefined;
  /** TLS 1.3 has no session ids: a client of it shows none. */
  readonly isClient?: boolean;
  /** The authorities that are trusted. */
  readonly authorities: readonly X509Certificate[];
}

/**
 * The facts of one connection's handshake. What only the open socket knows is taken at once, because access logs
 * may ask when it is closed; what costs work is worked out when it is first asked for.
 */
export class ConnectionInfo implements SslConnectionInfo {
  readonly sni: string;
  readonly peerCertificateValidated: boolean;
  readonly #tlsVersion: string;
  readonly #cipher: string;
  readonly #authorities: readonly X509Certificate[];
  readonly #peer: X509Certificate | undefined;
  #peerNames: SubjectAltNames | undefined = undefined;
  readonly #local: X509Certificate | undefined;
  readonly #session: SessionFacts;
  readonly #showsSessionId: boolean;
  #localNames: SubjectAltNames | undefined = undefined;
  #chain: readonly X509Certificate[] | undefined = undefined;

  /** `peer`: the peer's certificate, that the handshake's verification has looked at already. */
  constructor(socket: TLSSocket, peer: X509Certificate | undefined, facts: HandshakeFacts) {
    this.sni = socket.servername || "";
    this.#peer = peer;
    this.peerCertificateValidated = facts.validated;
    this.#authorities = facts.authorities;
    this.#tlsVersion = socket.getProtocol() ?? "";
    this.#showsSessionId = !(facts.isClient === true && this.#tlsVersion === "TLSv1.3");
    this.#cipher = socket.getCipher()?.name ?? "";
    this.#local = facts.local;
    this.#session = sessionFacts(tlsHandle(socket)?.getSession());
  }

  get peerCertificatePresented(): boolean {
    return this.#peer !== undefined;
  }

  get uriSansPeerCertificate(): readonly string[] {
    return this.#peerSans.uri;
  }

  get dnsSansPeerCertificate(): readonly string[] {
    return this.#peerSans.dns;
  }

  get uriSansLocalCertificate(): readonly string[] {
    return this.#localSans.uri;
  }

  get dnsSansLocalCertificate(): readonly string[] {
    return this.#localSans.dns;
  }

  get ipSansPeerCertificate(): readonly string[] {
    return this.#peerSans.ip;
  }

  get emailSansPeerCertificate(): readonly string[] {
    return this.#peerSans.email;
  }

  get ipSansLocalCertificate(): readonly string[] {
    return this.#localSans.ip;
  }

  get emailSansLocalCertificate(): readonly string[] {
    return this.#localSans.email;
  }

  get oidsPeerCertificate(): readonly string[] {
    return this.#peer === undefined ? [] : certificateExtensionOids(this.#peer.raw);
  }

  get oidsLocalCertificate(): readonly string[] {
    return this.#local === undefined ? [] : certificateExtensionOids(this.#local.raw);
  }

  get sha256PeerCertificateDigest(): string {
    return this.#peer === undefined ? "" : hex(this.#peer.fingerprint256);
  }

  get sha1PeerCertificateDigest(): string {
    return this.#peer === undefined ? "" : hex(this.#peer.fingerprint);
  }

  get peerCertificateChain(): CertificateChainFacts | undefined {
    if (this.#peer === undefined) return undefined;
    const chain = this.#peerChain;
    return {
      sha256Digests: chain.map(({ fingerprint256 }) => hex(fingerprint256)),
      sha1Digests: chain.map(({ fingerprint }) => hex(fingerprint)),
      serialNumbers: chain.map(({ serialNumber }) => serialNumber.toLowerCase()),
    };
  }

  get issuerOfPeerCertificate(): CertificateFacts | undefined {
    const issuer = this.#issuer;
    return (
      issuer && {
        sha256Digest: hex(issuer.fingerprint256),
        serialNumber: issuer.serialNumber.toLowerCase(),
      }
    );
  }

  /** The certificate that the peer sent next, or one that is trusted. */
  get #issuer(): X509Certificate | undefined {
    const peer = this.#peer;
    if (peer === undefined) return undefined;
    const sent = peer.issuerCertificate;
    if (sent !== undefined && peer.checkIssued(sent)) return sent;
    return this.#authorities.find((authority) => peer.checkIssued(authority));
  }

  get serialNumberPeerCertificate(): string {
    return this.#peer?.serialNumber.toLowerCase() ?? "";
  }

  get issuerPeerCertificate(): string {
    return rfc2253(this.#peer?.issuer ?? "");
  }

  get subjectPeerCertificate(): string {
    return rfc2253(this.#peer?.subject ?? "");
  }

  get subjectLocalCertificate(): string {
    return rfc2253(this.#local?.subject ?? "");
  }

  get parsedSubjectPeerCertificate(): SubjectName | undefined {
    return this.#peer === undefined ? undefined : parsedSubject(this.#peer.subject);
  }

  get urlEncodedPemPeerCertificate(): string {
    return this.#peer === undefined ? "" : encodeURIComponent(this.#peer.toString());
  }

  get urlEncodedPemPeerCertificateChain(): string {
    return encodeURIComponent(this.#peerChain.map(String).join(""));
  }

  get validFromPeerCertificate(): number {
    return this.#peer === undefined ? 0 : seconds(this.#peer.validFromDate);
  }

  get expirationPeerCertificate(): number {
    return this.#peer === undefined ? 0 : seconds(this.#peer.validToDate);
  }

  get sessionId(): string {
    return this.#showsSessionId ? this.#session.sessionId : "";
  }

  get ciphersuiteId(): number {
    return this.#session.ciphersuiteId;
  }

  get ciphersuite(): string {
    return this.#cipher;
  }

  get tlsVersion(): string {
    return this.#tlsVersion;
  }

  get #peerChain(): readonly X509Certificate[] {
    this.#chain ??= this.#peer === undefined ? [] : sentChain(this.#peer);
    return this.#chain;
  }

  get #peerSans(): SubjectAltNames {
    this.#peerNames ??= this.#peer === undefined ? noNames : subjectAltNames(this.#peer);
    return this.#peerNames;
  }

  get #localSans(): SubjectAltNames {
    this.#localNames ??= this.#local === undefined ? noNames : subjectAltNames(this.#local);
    return this.#localNames;
  }
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

/** The certificates that the peer sent, its own first: Node hangs each on the one before. */
function sentChain(peer: X509Certificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: X509Certificate | undefined = peer;
  for (; next !== undefined; next = next.issuerCertificate) chain.push(next);
  return chain;
}

/** Node separates the bytes with colons. */
const hex = (fingerprint: string): string => fingerprint.replaceAll(":", "").toLowerCase();
