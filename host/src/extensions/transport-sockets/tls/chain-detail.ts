import type { X509Certificate } from "node:crypto";
import { systemTime } from "../../../common/time/clock.ts";

/** What OpenSSL found when it verified a chain: the name of `X509_V_ERR_…`, and its text. */
export interface VerifyError extends Error {
  readonly code: string;
}

/**
 * Envoy's words for it, with the place in the chain when it is known. `issuers`: those that were found, of the peer's
 * certificate and of each other.
 */
export function chainDetail(error: VerifyError, peer: X509Certificate, issuers: number): string {
  if (error.code === "UNABLE_TO_GET_ISSUER_CERT_LOCALLY") return noIssuerDetail(issuers);
  const depth = depthOf(error.code, peer, issuers);
  const place = depth === undefined ? "" : ` at depth ${depth}`;
  return `${verificationError}${place}: ${error.message.replace(/^self-signed/, "self signed")}`;
}

/** The chain ends at this place, where nobody is trusted. */
export function noIssuerDetail(depth: number): string {
  return `${verificationError} at depth ${depth}: unable to get local issuer certificate`;
}

const verificationError = "verify cert failed: X509_verify_cert: certificate verification error";

function depthOf(code: string, peer: X509Certificate, issuers: number): number | undefined {
  const now = systemTime.systemMs();
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return peer.validToDate.getTime() < now ? 0 : undefined;
    case "CERT_NOT_YET_VALID":
      return peer.validFromDate.getTime() > now ? 0 : undefined;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return 0;
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return issuers;
    default:
      return undefined;
  }
}
