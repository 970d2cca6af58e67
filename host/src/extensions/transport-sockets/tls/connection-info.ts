import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { SslConnectionInfo, SubjectName } from "../../../contracts/network/connection.ts";
import { certificateExtensionOids } from "./extension-oids.ts";
import { sessionFacts, type SessionFacts } from "./session-facts.ts";
import { subjectAltNames, type SubjectAltNames } from "./subject-alt-names.ts";
import { parsedSubject, rfc2253 } from "./subject-name.ts";

const noNames: SubjectAltNames = { dns: [], uri: [], email: [], ip: [] };

/**
 * The facts of one connection's handshake. What only the open socket knows is taken at once, because access logs
 * may ask when it is closed; what costs work is worked out when it is first asked for.
 */
export class ConnectionInfo implements SslConnectionInfo {
  readonly peerCertificateValidated: boolean;
  readonly #socket: TLSSocket;
  readonly #tlsVersion: string;
  readonly #cipher: string;
  readonly #peer: X509Certificate | undefined;
  #peerNames: SubjectAltNames | undefined = undefined;
  readonly #local: X509Certificate | undefined;
  readonly #session: SessionFacts;
  #localNames: SubjectAltNames | undefined = undefined;
  #chain: string | undefined = undefined;

  /** `peer`: the peer's certificate, that the handshake's verification has looked at already. */
  constructor(socket: TLSSocket, peer: X509Certificate | undefined, validated: boolean) {
    this.#socket = socket;
    this.#peer = peer;
    this.peerCertificateValidated = validated;
    this.#tlsVersion = socket.getProtocol() ?? "";
    this.#cipher = socket.getCipher()?.name ?? "";
    this.#local = socket.getX509Certificate();
    this.#session = sessionFacts(socket.getSession());
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

  get oidsPeerCertificate(): readonly string[] {
    return this.#peer === undefined ? [] : certificateExtensionOids(this.#peer.raw);
  }

  get oidsLocalCertificate(): readonly string[] {
    return this.#local === undefined ? [] : certificateExtensionOids(this.#local.raw);
  }

  get sha256PeerCertificateDigest(): string {
    return this.#peer === undefined
      ? ""
      : this.#peer.fingerprint256.replaceAll(":", "").toLowerCase();
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
    this.#chain ??= peerChain(this.#socket, this.#peer);
    return this.#chain;
  }

  get validFromPeerCertificate(): number {
    return this.#peer === undefined ? 0 : seconds(this.#peer.validFromDate);
  }

  get expirationPeerCertificate(): number {
    return this.#peer === undefined ? 0 : seconds(this.#peer.validToDate);
  }

  get sessionId(): string {
    return this.#session.sessionId;
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

/** The chain as the peer sent it, its own certificate first. */
function peerChain(socket: TLSSocket, peer: X509Certificate | undefined): string {
  if (peer === undefined) return "";
  let text = "";
  let certificate = socket.getPeerCertificate(true);
  const seen = new Set<unknown>();
  while (certificate?.raw !== undefined && !seen.has(certificate)) {
    seen.add(certificate);
    text += new X509Certificate(certificate.raw).toString();
    certificate = certificate.issuerCertificate;
  }
  return encodeURIComponent(text);
}
