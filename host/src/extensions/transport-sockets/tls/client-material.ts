import { X509Certificate } from "node:crypto";
import type { SecureContext } from "node:tls";
import { nodeTls } from "../../../common/x509/node-tls.ts";
import type { TlsMaterial } from "../../../contracts/secret.ts";
import { ClientSessions } from "./client-sessions.ts";
import type { ClientTlsConfig } from "./context-config.ts";
import { contextOptions } from "./context-options.ts";
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
    const { certificates, validation } = material;
    this.material = material;
    const identity = certificates[0];
    this.context = nodeTls().createSecureContext({
      ...contextOptions(config.parameters, validation),
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
