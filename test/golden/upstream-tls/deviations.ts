import type { TlsOutcome } from "./run-cases.ts";

/** What Envoy did in the case `name`, with what is otherwise here. */
export function asHere(name: string, outcome: TlsOutcome): TlsOutcome {
  const stats: { [name: string]: number } = {};
  for (const [stat, value] of Object.entries(outcome.stats)) {
    // Node does not tell which signature algorithm a handshake used.
    if (!stat.startsWith("ssl.sigalgs.")) stats[stat] = value;
  }
  // Envoy counts a connection twice when ALPN settles its protocol.
  if (name.startsWith("settles on") && outcome.requests[0]!.status === 200) {
    stats["upstream_cx_total"] = 1;
  }
  // Envoy does not hold servers to `max_verify_depth`, only clients.
  if (name === "meets a chain that is too long") return tooLong;
  return { ...outcome, stats };
}

const reason =
  "TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_X509_verify_cert:" +
  "_certificate_verification_error_at_depth_1:_unable_to_get_local_issuer_certificate:TLS_error_end";
const tooLong: TlsOutcome = {
  requests: [
    {
      status: 503,
      body: "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
      log: {
        RESPONSE_FLAGS: "UF",
        RESPONSE_CODE_DETAILS: `upstream_reset_before_response_started{remote_connection_failure|${reason}}`,
        UPSTREAM_TRANSPORT_FAILURE_REASON: reason,
      },
    },
  ],
  stats: {
    "ssl.fail_verify_error": 1,
    upstream_cx_connect_fail: 1,
    upstream_cx_destroy: 1,
    upstream_cx_destroy_remote: 1,
    upstream_cx_http1_total: 1,
    upstream_cx_total: 1,
    upstream_rq_pending_failure_eject: 1,
  },
};
