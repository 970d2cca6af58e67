import type { SslConnectionInfo } from "../../contracts/network/connection.ts";
import type { StreamInfo } from "../../contracts/stream-info.ts";
import { toByteText } from "../byte-text.ts";
import {
  bare,
  foreignText,
  type OperatorFactory,
  type OperatorTable,
  plainText,
  withoutLength,
} from "../provider.ts";
import { TimeFormat } from "../strftime.ts";

type Ssl = SslConnectionInfo;

/** A fact of the client's handshake; empty texts and lists print `-`, as plain text does. */
function fact(get: (ssl: Ssl) => string | readonly string[] | undefined): OperatorFactory {
  return bare(() =>
    foreignText((info: StreamInfo) => {
      const value = info.downstreamSsl && get(info.downstreamSsl);
      if (value === undefined || value.length === 0) return undefined;
      return toByteText(typeof value === "string" ? value : value.join(","));
    }),
  );
}

/** A moment, in seconds; 0 = there is none. */
function date(get: (ssl: Ssl) => number): OperatorFactory {
  return withoutLength((command) => {
    const format = new TimeFormat(command.argument || "%Y-%m-%dT%H:%M:%S.000Z");
    const value = plainText((info) => {
      const seconds = info.downstreamSsl === undefined ? 0 : get(info.downstreamSsl);
      return seconds === 0 ? undefined : format.format(seconds * 1000, false);
    });
    return { ok: true, value };
  });
}

export const tlsOperators: OperatorTable = {
  DOWNSTREAM_LOCAL_URI_SAN: fact((ssl) => ssl.uriSansLocalCertificate),
  DOWNSTREAM_LOCAL_DNS_SAN: fact((ssl) => ssl.dnsSansLocalCertificate),
  DOWNSTREAM_LOCAL_IP_SAN: fact((ssl) => ssl.ipSansLocalCertificate),
  DOWNSTREAM_LOCAL_EMAIL_SAN: fact((ssl) => ssl.emailSansLocalCertificate),
  DOWNSTREAM_LOCAL_SUBJECT: fact((ssl) => ssl.subjectLocalCertificate),
  DOWNSTREAM_PEER_URI_SAN: fact((ssl) => ssl.uriSansPeerCertificate),
  DOWNSTREAM_PEER_DNS_SAN: fact((ssl) => ssl.dnsSansPeerCertificate),
  DOWNSTREAM_PEER_IP_SAN: fact((ssl) => ssl.ipSansPeerCertificate),
  DOWNSTREAM_PEER_EMAIL_SAN: fact((ssl) => ssl.emailSansPeerCertificate),
  DOWNSTREAM_PEER_SUBJECT: fact((ssl) => ssl.subjectPeerCertificate),
  DOWNSTREAM_PEER_ISSUER: fact((ssl) => ssl.issuerPeerCertificate),
  DOWNSTREAM_PEER_CERT: fact((ssl) => ssl.urlEncodedPemPeerCertificate),
  DOWNSTREAM_PEER_SERIAL: fact((ssl) => ssl.serialNumberPeerCertificate),
  DOWNSTREAM_PEER_FINGERPRINT_256: fact((ssl) => ssl.sha256PeerCertificateDigest),
  DOWNSTREAM_PEER_FINGERPRINT_1: fact((ssl) => ssl.sha1PeerCertificateDigest),
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256: fact((ssl) => ssl.peerCertificateChain?.sha256Digests),
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1: fact((ssl) => ssl.peerCertificateChain?.sha1Digests),
  DOWNSTREAM_PEER_CHAIN_SERIALS: fact((ssl) => ssl.peerCertificateChain?.serialNumbers),
  DOWNSTREAM_PEER_CERT_V_START: date((ssl) => ssl.validFromPeerCertificate),
  DOWNSTREAM_PEER_CERT_V_END: date((ssl) => ssl.expirationPeerCertificate),
  DOWNSTREAM_TLS_SESSION_ID: fact((ssl) => ssl.sessionId),
  DOWNSTREAM_TLS_CIPHER: fact((ssl) => ssl.ciphersuite),
  DOWNSTREAM_TLS_VERSION: fact((ssl) => ssl.tlsVersion),
};
