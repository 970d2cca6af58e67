import type { Counter, StatsScope } from "../../../contracts/stats.ts";

/** `ssl.` below a listener or a cluster. */
export interface TlsStats {
  readonly handshake: Counter;
  readonly connectionError: Counter;
  readonly sessionReused: Counter;
  readonly noCertificate: Counter;
  readonly failVerifyNoCert: Counter;
  readonly failVerifyError: Counter;
  readonly failVerifySan: Counter;
  readonly failVerifyCertHash: Counter;
  /** `ssl.ciphers.<name>`, `ssl.versions.<name>`. */
  countCipher(name: string): void;
  countVersion(name: string): void;
}

/** What Envoy shows beside them and what nothing here can raise. */
const atZero = [
  "ocsp_staple_failed",
  "ocsp_staple_omitted",
  "ocsp_staple_requests",
  "ocsp_staple_responses",
  "was_key_usage_invalid",
];

export function tlsStats(parent: StatsScope): TlsStats {
  const scope = parent.scope("ssl");
  for (const name of atZero) scope.counter(name);
  return {
    handshake: scope.counter("handshake"),
    connectionError: scope.counter("connection_error"),
    sessionReused: scope.counter("session_reused"),
    noCertificate: scope.counter("no_certificate"),
    failVerifyNoCert: scope.counter("fail_verify_no_cert"),
    failVerifyError: scope.counter("fail_verify_error"),
    failVerifySan: scope.counter("fail_verify_san"),
    failVerifyCertHash: scope.counter("fail_verify_cert_hash"),
    countCipher: countersOf(scope.scope("ciphers")),
    countVersion: countersOf(scope.scope("versions")),
  };
}

function countersOf(scope: StatsScope): (name: string) => void {
  const counters = new Map<string, Counter>();
  return (name) => {
    let counter = counters.get(name);
    if (counter === undefined) counters.set(name, (counter = scope.counter(name)));
    counter.inc();
  };
}
