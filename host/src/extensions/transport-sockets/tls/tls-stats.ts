import type { SslConnectionInfo } from "../../../contracts/network/connection.ts";
import type { Counter, StatsScope } from "../../../contracts/stats.ts";
import type { Refusal } from "./peer-verifier.ts";

/** What Envoy shows beside them and what nothing here can raise. */
const atZero = [
  "ocsp_staple_failed",
  "ocsp_staple_omitted",
  "ocsp_staple_requests",
  "ocsp_staple_responses",
  "was_key_usage_invalid",
];

/** `ssl.` below a listener or a cluster. */
export class TlsStats {
  readonly connectionError: Counter;
  readonly failVerifyNoCert: Counter;
  readonly #handshake: Counter;
  readonly #sessionReused: Counter;
  readonly #noCertificate: Counter;
  readonly #refusals: { readonly [kind in Exclude<Refusal["kind"], "authority">]: Counter };
  readonly #ciphers: NamedCounters;
  readonly #versions: NamedCounters;
  readonly #curves: NamedCounters;

  constructor(parent: StatsScope) {
    const scope = parent.scope("ssl");
    for (const name of atZero) scope.counter(name);
    this.connectionError = scope.counter("connection_error");
    this.failVerifyNoCert = scope.counter("fail_verify_no_cert");
    this.#handshake = scope.counter("handshake");
    this.#sessionReused = scope.counter("session_reused");
    this.#noCertificate = scope.counter("no_certificate");
    this.#refusals = {
      chain: scope.counter("fail_verify_error"),
      san: scope.counter("fail_verify_san"),
      hash: scope.counter("fail_verify_cert_hash"),
    };
    this.#ciphers = new NamedCounters(scope.scope("ciphers"));
    this.#versions = new NamedCounters(scope.scope("versions"));
    this.#curves = new NamedCounters(scope.scope("curves"));
  }

  /** `curve`: empty when unknown. */
  countHandshake(ssl: SslConnectionInfo, reused: boolean, curve = ""): void {
    this.#handshake.inc();
    if (reused) this.#sessionReused.inc();
    if (!ssl.peerCertificatePresented) this.#noCertificate.inc();
    this.#ciphers.inc(ssl.ciphersuite);
    if (curve !== "") this.#curves.inc(curve);
    this.#versions.inc(ssl.tlsVersion);
  }

  countRefusal({ kind }: Refusal): void {
    // Envoy has no counter for it.
    if (kind !== "authority") this.#refusals[kind].inc();
  }
}

/** Counters that are made when they are first raised. */
class NamedCounters {
  readonly #scope: StatsScope;
  readonly #counters = new Map<string, Counter>();

  constructor(scope: StatsScope) {
    this.#scope = scope;
  }

  inc(name: string): void {
    let counter = this.#counters.get(name);
    if (counter === undefined) this.#counters.set(name, (counter = this.#scope.counter(name)));
    counter.inc();
  }
}
