import { HeaderId } from "../../common/headers/header-id.ts";
import type { RequestHeaderMap } from "../../contracts/headers.ts";
import type { Connection, SslConnectionInfo } from "../../contracts/network/connection.ts";
import type { ForwardedClientCertConfig } from "./config.ts";

/**
 * `x-forwarded-client-cert` as its mode wants it (Envoy: `ConnectionManagerUtility::mutateXfccRequestHeader`). Only
 * who presented a certificate may say something of others', unless the mode is ALWAYS_FORWARD_ONLY.
 */
export function mutateForwardedClientCert(
  headers: RequestHeaderMap,
  connection: Connection,
  config: ForwardedClientCertConfig,
): void {
  const { mode } = config;
  const present = headers.hasId(HeaderId.XForwardedClientCert);
  const ssl = connection.ssl;
  const mutual = ssl !== undefined && ssl.peerCertificatePresented;
  if (mode !== "ALWAYS_FORWARD_ONLY" && (mode === "SANITIZE" || !mutual)) {
    if (present) headers.removeId(HeaderId.XForwardedClientCert);
    return;
  }
  if (mode === "SANITIZE_SET") {
    headers.setId(HeaderId.XForwardedClientCert, element(ssl!, config));
    return;
  }
  const forwarded = present ? headers.getJoined("x-forwarded-client-cert")! : "";
  if (mode === "APPEND_FORWARD") {
    const own = element(ssl!, config);
    const all = forwarded === "" ? own : `${forwarded},${own}`;
    headers.setId(HeaderId.XForwardedClientCert, all);
  } else if (present) {
    headers.setId(HeaderId.XForwardedClientCert, forwarded);
  }
}

/** What is said of the client: `By=…;Hash=…;…`. `Subject` and `URI` stand there even when they are empty. */
function element(ssl: SslConnectionInfo, config: ForwardedClientCertConfig): string {
  const parts: string[] = [];
  for (const uri of ssl.uriSansLocalCertificate) parts.push(`By=${uri}`);
  parts.push(`Hash=${ssl.sha256PeerCertificateDigest}`);
  if (config.cert) parts.push(`Cert="${ssl.urlEncodedPemPeerCertificate}"`);
  if (config.chain) parts.push(`Chain="${ssl.urlEncodedPemPeerCertificateChain}"`);
  if (config.subject) parts.push(`Subject="${ssl.subjectPeerCertificate}"`);
  if (config.uri) {
    const uris = ssl.uriSansPeerCertificate;
    if (uris.length === 0) parts.push("URI=");
    for (const uri of uris) parts.push(`URI=${uri}`);
  }
  if (config.dns) for (const name of ssl.dnsSansPeerCertificate) parts.push(`DNS=${name}`);
  return parts.join(";");
}
