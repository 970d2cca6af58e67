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

/** Whose handshake. */
type Side = (info: StreamInfo) => Ssl | undefined;

const downstream: Side = (info) => info.downstreamSsl;
const upstream: Side = (info) => info.upstreamInfo?.ssl;

/** A fact of a handshake; empty texts and lists print `-`, as plain text does. */
function fact(
  side: Side,
  get: (ssl: Ssl) => string | readonly string[] | undefined,
): OperatorFactory {
  return bare(() =>
    foreignText((info: StreamInfo) => {
      const ssl = side(info);
      const value = ssl && get(ssl);
      if (value === undefined || value.length === 0) return undefined;
      return toByteText(typeof value === "string" ? value : value.join(","));
    }),
  );
}

/** A moment, in seconds; 0 = there is none. */
function date(side: Side, get: (ssl: Ssl) => number): OperatorFactory {
  return withoutLength((command) => {
    const format = new TimeFormat(command.argument || "%Y-%m-%dT%H:%M:%S.000Z");
    const value = plainText((info) => {
      const ssl = side(info);
      const seconds = ssl === undefined ? 0 : get(ssl);
      return seconds === 0 ? undefined : format.format(seconds * 1000, false);
    });
    return { ok: true, value };
  });
}

/** What there is of both sides. */
const common = (prefix: string, side: Side): OperatorTable => ({
  [`${prefix}_LOCAL_URI_SAN`]: fact(side, (ssl) => ssl.uriSansLocalCertificate),
  [`${prefix}_LOCAL_DNS_SAN`]: fact(side, (ssl) => ssl.dnsSansLocalCertificate),
  [`${prefix}_LOCAL_IP_SAN`]: fact(side, (ssl) => ssl.ipSansLocalCertificate),
  [`${prefix}_PEER_URI_SAN`]: fact(side, (ssl) => ssl.uriSansPeerCertificate),
  [`${prefix}_PEER_DNS_SAN`]: fact(side, (ssl) => ssl.dnsSansPeerCertificate),
  [`${prefix}_PEER_IP_SAN`]: fact(side, (ssl) => ssl.ipSansPeerCertificate),
  [`${prefix}_PEER_SUBJECT`]: fact(side, (ssl) => ssl.subjectPeerCertificate),
  [`${prefix}_PEER_ISSUER`]: fact(side, (ssl) => ssl.issuerPeerCertificate),
  [`${prefix}_PEER_CERT`]: fact(side, (ssl) => ssl.urlEncodedPemPeerCertificate),
  [`${prefix}_PEER_CERT_V_START`]: date(side, (ssl) => ssl.validFromPeerCertificate),
  [`${prefix}_PEER_CERT_V_END`]: date(side, (ssl) => ssl.expirationPeerCertificate),
  [`${prefix}_TLS_SESSION_ID`]: fact(side, (ssl) => ssl.sessionId),
  [`${prefix}_TLS_CIPHER`]: fact(side, (ssl) => ssl.ciphersuite),
  [`${prefix}_TLS_VERSION`]: fact(side, (ssl) => ssl.tlsVersion),
});

export const tlsOperators: OperatorTable = {
  ...common("DOWNSTREAM", downstream),
  ...common("UPSTREAM", upstream),
  DOWNSTREAM_LOCAL_EMAIL_SAN: fact(downstream, (ssl) => ssl.emailSansLocalCertificate),
  DOWNSTREAM_LOCAL_SUBJECT: fact(downstream, (ssl) => ssl.subjectLocalCertificate),
  DOWNSTREAM_PEER_EMAIL_SAN: fact(downstream, (ssl) => ssl.emailSansPeerCertificate),
  DOWNSTREAM_PEER_SERIAL: fact(downstream, (ssl) => ssl.serialNumberPeerCertificate),
  DOWNSTREAM_PEER_ISSUER_SERIAL: fact(
    downstream,
    (ssl) => ssl.issuerOfPeerCertificate?.serialNumber,
  ),
  DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256: fact(
    downstream,
    (ssl) => ssl.issuerOfPeerCertificate?.sha256Digest,
  ),
  DOWNSTREAM_PEER_FINGERPRINT_256: fact(downstream, (ssl) => ssl.sha256PeerCertificateDigest),
  DOWNSTREAM_PEER_FINGERPRINT_1: fact(downstream, (ssl) => ssl.sha1PeerCertificateDigest),
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256: fact(
    downstream,
    (ssl) => ssl.peerCertificateChain?.sha256Digests,
  ),
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1: fact(
    downstream,
    (ssl) => ssl.peerCertificateChain?.sha1Digests,
  ),
  DOWNSTREAM_PEER_CHAIN_SERIALS: fact(downstream, (ssl) => ssl.peerCertificateChain?.serialNumbers),
};
