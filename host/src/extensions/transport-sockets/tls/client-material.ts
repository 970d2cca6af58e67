import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsMaterial } from "../../../contracts/secret.ts";
import { ClientSessions } from "./client-sessions.ts";
import type { ClientTlsConfig } from "./context-config.ts";
import { PeerVerifier } from "./peer-verifier.ts";

/** What a cluster makes of the material that is in force; a change replaces the whole, sessions included. */
export class ClientMaterial {
  readonly material: TlsMaterial;
  readonly context: SecureContext;
  readonly verifier: PeerVerifier;
  /** What servers are shown when they ask; undefined: nothing. */
  readonly certificate: X509Certificate | undefined;
  readonly sessions: ClientSessions;

  /** Throws what OpenSSL says of it. */
  constructor(config: ClientTlsConfig, material: TlsMaterial) {
    const { parameters } = config;
    const { certificates, validation } = material;
    this.material = material;
    const identity = certificates[0];
    this.context = createSecureContext({
      minVersion: parameters.minVersion,
      maxVersion: parameters.maxVersion,
      ciphers: parameters.ciphers,
      ecdhCurve: parameters.curves,
      ...(parameters.signatureAlgorithms === "" ? {} : { sigalgs: parameters.signatureAlgorithms }),
      // Without an authority of its own Node would trust the public ones.
      ca: validation?.trustedCa === undefined ? [] : [validation.trustedCa],
      // An authority below another is trusted for itself, as in BoringSSL.
      allowPartialTrustChain: true,
      ...(validation?.crl === undefined ? {} : { crl: validation.crl }),
      ...(identity === undefined
        ? {}
        : {
            cert: identity.chain,
            key: identity.key,
            ...(identity.password === undefined ? {} : { passphrase: identity.password }),
          }),
    });
    this.certificate = identity && new X509Certificate(identity.chain);
    this.verifier = new PeerVerifier(validation);
    this.sessions = new ClientSessions(config.maxSessionKeys);
  }
}
