import type { AttributeName } from "@sluice/abi";
import { addressText } from "../../../../common/address.ts";
import type { Address } from "../../../../contracts/address.ts";
import type { SslConnectionInfo } from "../../../../contracts/network/connection.ts";
import type { StreamInfo, UpstreamInfo } from "../../../../contracts/stream-info.ts";
import { localityValue } from "./messages.ts";
import { byteText, duration, filled, integer, type Value } from "./value.ts";

type Get<View> = (view: View) => Value | undefined;

/** `source.*` and `destination.*` */
export const addressAttributes: Readonly<Record<AttributeName<"source">, Get<Address>>> = {
  address: (address) => addressText(address),
  port: (address) => (address.kind === "ip" ? integer(address.port) : undefined),
};

/** What connections of both sides tell of their TLS session; nothing in plain text. */
const tlsAttributes = {
  tls_version: ofTls((ssl) => ssl.tlsVersion),
  subject_local_certificate: ofTls((ssl) => ssl.subjectLocalCertificate),
  subject_peer_certificate: ofTls((ssl) => ssl.subjectPeerCertificate),
  uri_san_local_certificate: ofTls((ssl) => ssl.uriSansLocalCertificate[0]),
  uri_san_peer_certificate: ofTls((ssl) => ssl.uriSansPeerCertificate[0]),
  dns_san_local_certificate: ofTls((ssl) => ssl.dnsSansLocalCertificate[0]),
  dns_san_peer_certificate: ofTls((ssl) => ssl.dnsSansPeerCertificate[0]),
  sha256_peer_certificate_digest: ofTls((ssl) => ssl.sha256PeerCertificateDigest),
};

/** A text of the TLS session, the first where there are several. */
function ofTls(
  get: (ssl: SslConnectionInfo) => string | undefined,
): Get<{ readonly ssl: SslConnectionInfo | undefined }> {
  return ({ ssl }) => ssl && filled(byteText(get(ssl) ?? ""));
}

/** The client's connection of a stream; `ssl` is undefined in plain text. */
export interface ConnectionView {
  readonly stream: StreamInfo;
  readonly ssl: SslConnectionInfo | undefined;
}

/** `connection.*` */
export const connectionAttributes: Readonly<
  Record<AttributeName<"connection">, Get<ConnectionView>>
> = {
  id: ({ stream }) => integer(stream.connectionId),
  mtls: ({ ssl }) => ssl?.peerCertificatePresented ?? false,
  requested_server_name: ({ stream }) => byteText(stream.requestedServerName),
  termination_details: ({ stream }) => filled(byteText(stream.connectionTerminationDetails)),
  transport_failure_reason: ({ stream }) =>
    filled(byteText(stream.downstreamTransportFailureReason)),
  ...tlsAttributes,
};

/** The upstream's side of a stream; what is not known yet is undefined. */
export interface UpstreamView {
  readonly info: UpstreamInfo | undefined;
  /** Of the connection to the upstream; undefined in plain text. */
  readonly ssl: SslConnectionInfo | undefined;
  /** Endpoints of the chosen cluster. */
  readonly endpoints: number | undefined;
}

/** `upstream.*` */
export const upstreamAttributes: Readonly<Record<AttributeName<"upstream">, Get<UpstreamView>>> = {
  address: ({ info }) => addressAttribute(info, addressAttributes.address),
  port: ({ info }) => addressAttribute(info, addressAttributes.port),
  local_address: ({ info }) => info?.localAddress && addressText(info.localAddress),
  transport_failure_reason: ({ info }) => info && byteText(info.transportFailureReason),
  locality: ({ info }) => info?.host && localityValue(info.host.locality),
  request_attempt_count: ({ info }) => integer(info?.attemptCount ?? 0),
  cx_pool_ready_duration: ({ info }) =>
    info === undefined || info.poolReadyDurationMs === undefined
      ? undefined
      : duration(info.poolReadyDurationMs),
  num_endpoints: ({ endpoints }) => integer(endpoints),
  ...tlsAttributes,
};

function addressAttribute(info: UpstreamInfo | undefined, get: Get<Address>): Value | undefined {
  const address = info?.host?.address ?? info?.remoteAddress;
  return address && get(address);
}
