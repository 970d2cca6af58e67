import type { TlsMaterial } from "../../../contracts/secret.ts";
import type { ServerTlsConfig } from "./context-config.ts";
import { PeerVerifier } from "./peer-verifier.ts";
import { ServerContexts } from "./server-contexts.ts";
import type { SniCallback } from "./server-tls-socket.ts";

/** What a filter chain makes of the material that is in force; a change replaces the whole. */
export class ServerMaterial {
  readonly material: TlsMaterial;
  readonly contexts: ServerContexts;
  readonly verifier: PeerVerifier;
  readonly requestsCertificate: boolean;
  readonly requiresCertificate: boolean;
  readonly onServerName: SniCallback | undefined;

  constructor(config: ServerTlsConfig, material: TlsMaterial) {
    const contexts = new ServerContexts(config, material);
    this.material = material;
    this.contexts = contexts;
    this.verifier = new PeerVerifier(material.validation);
    this.requiresCertificate = config.requireClientCertificate || this.verifier.demandsCertificate;
    this.requestsCertificate = this.requiresCertificate || material.validation !== undefined;
    this.onServerName = contexts.chooses
      ? (serverName, done) => done(null, contexts.choose(serverName))
      : undefined;
  }
}
