import type { X509Certificate } from "node:crypto";
import { systemTime } from "../../../common/time/clock.ts";

/** What OpenSSL found when it verified a chain: the name of `X509_V_ERR_…`, and its text. */
export interface VerifyError extends Error {
  readonly code: string;
}

/** Envoy's words for it. At which certificate of the chain it was is told when it was the peer's own. */
export function chainDetail(error: VerifyError, peer: X509Certificate): string {
  // OpenSSL goes on after a missing issuer, and reports what that leads to.
  const noIssuer = error.code === "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
  const text = noIssuer ? "unable to get local issuer certificate" : error.message;
  const place = noIssuer || isOfPeer(error.code, peer) ? " at depth 0" : "";
  return `verify cert failed: X509_verify_cert: certificate verification error${place}: ${text}`;
}

function isOfPeer(code: string, peer: X509Certificate): boolean {
  const now = systemTime.systemMs();
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return peer.validToDate.getTime() < now;
    case "CERT_NOT_YET_VALID":
      return peer.validFromDate.getTime() > now;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return true;
    default:
      return false;
  }
}
