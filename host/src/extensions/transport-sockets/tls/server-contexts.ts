import { createHash, X509Certificate } from "node:crypto";
import type { SecureContext, SecureContextOptions } from "node:tls";
import { nodeTls } from "../../../common/x509/node-tls.ts";
import type { CertificateConfig, TlsMaterial } from "../../../contracts/secret.ts";
import type { ServerTlsConfig } from "./context-config.ts";
import { contextOptions } from "./context-options.ts";
import { matchesDnsName } from "./peer-verifier.ts";
import { nodeTicketKeys, openTicketsOf } from "./ticket-keys.ts";

/**
 * The certificates of one filter chain, and which of them a client gets: the one whose names match what it asks for
 * (Envoy: `DefaultTlsCertificateSelector`); when none does, and without a name, the first.
 *
 * Certificates for the same names whose keys are of different kinds are offered together, and the handshake takes
 * what the client can verify. Both at once is impossible: for a name Node replaces one kind's certificate only
 * (`checkKeyTypes`).
 */
export class ServerContexts {
  readonly fallback: SecureContext;
  /** The client's name decides. */
  readonly chooses: boolean;
  readonly #certificates: readonly CertificateConfig[];
  readonly #contexts: readonly SecureContext[];
  /** The certificates as connections tell of them, made when first asked for: OpenSSL would make one for each. */
  readonly #x509: (X509Certificate | undefined)[] = [];

  /** Throws what OpenSSL says of it. */
  constructor(config: ServerTlsConfig, material: TlsMaterial) {
    const { certificates, ticketKeys } = material;
    const options = serverOptions(config, material);
    this.#certificates = certificates;
    const offered = firstOfEachKeyType(certificates);
    this.chooses = offered.length === 1 && certificates.length > 1;
    this.#contexts = this.chooses ? certificates.map((it) => secureContext(options, [it])) : [];
    this.fallback = this.#contexts[0] ?? secureContext(options, offered);
    if (ticketKeys === undefined || ticketKeys.length < 2) return;
    openTicketsOf(ticketKeys, this.fallback);
    for (const context of this.#contexts) openTicketsOf(ticketKeys, context);
  }

  choose(serverName: string): SecureContext {
    return this.#contexts[this.#indexOf(serverName)] ?? this.fallback;
  }

  /** The certificate that a client got who asked for this name; undefined: only its connection knows. */
  certificate(serverName: string): X509Certificate | undefined {
    if (this.chooses) return this.#read(Math.max(this.#indexOf(serverName), 0));
    return this.#certificates.length === 1 ? this.#read(0) : undefined;
  }

  #read(index: number): X509Certificate {
    this.#x509[index] ??= new X509Certificate(this.#certificates[index]!.chain);
    return this.#x509[index];
  }

  #indexOf(serverName: string): number {
    const name = serverName.toLowerCase();
    let index = this.#certificates.findIndex(({ names }) => names.includes(name));
    if (index < 0) {
      index = this.#certificates.findIndex(({ names }) =>
        names.some((pattern) => matchesDnsName(pattern, name)),
      );
    }
    return index;
  }
}

/** False: keys of several kinds, and not all certificates are for the same names. */
export function checkKeyTypes(certificates: readonly CertificateConfig[]): boolean {
  if (new Set(certificates.map(({ keyType }) => keyType)).size < 2) return true;
  return new Set(certificates.map(({ names }) => [...names].sort().join())).size === 1;
}

function secureContext(
  options: SecureContextOptions,
  certificates: readonly CertificateConfig[],
): SecureContext {
  return nodeTls().createSecureContext({
    ...options,
    cert: certificates.map(({ chain }) => chain),
    key: certificates.map(({ key, password }) => ({
      pem: key,
      ...(password === undefined ? {} : { passphrase: password }),
    })),
  });
}

function firstOfEachKeyType(certificates: readonly CertificateConfig[]): CertificateConfig[] {
  const types = certificates.map(({ keyType }) => keyType);
  return certificates.filter(({ keyType }, index) => types.indexOf(keyType) === index);
}

const OP_NO_TICKET = 1 << 14;

function serverOptions(config: ServerTlsConfig, material: TlsMaterial): SecureContextOptions {
  const { validation, ticketKeys } = material;
  return {
    ...contextOptions(config.parameters, validation),
    honorCipherOrder: !config.preferClientCiphers,
    ...(ticketKeys?.[0] === undefined
      ? { secureOptions: OP_NO_TICKET }
      : { ticketKeys: nodeTicketKeys(ticketKeys[0]) }),
    ...(config.sessionTimeoutSeconds === 0 ? {} : { sessionTimeout: config.sessionTimeoutSeconds }),
    sessionIdContext: sessionIdContext(config, material),
  };
}

/**
 * All chains may seal their tickets with one key: this keeps a session from being resumed where others are trusted.
 * A certificate that is renewed for the same names goes on with the sessions of the one before.
 */
function sessionIdContext(config: ServerTlsConfig, material: TlsMaterial): string {
  const { alpnProtocols, parameters, requireClientCertificate, requireSni } = config;
  const { validation, certificates } = material;
  const names = certificates.map((certificate) => certificate.names);
  const facts = [
    alpnProtocols,
    parameters,
    requireClientCertificate,
    requireSni,
    validation,
    names,
  ];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 32);
}
