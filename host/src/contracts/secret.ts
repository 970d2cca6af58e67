import type { Message } from "@bufbuild/protobuf";
import type { ParseContext } from "./extension.ts";

/**
 * What TLS contexts are made of. A piece of it is written into the configuration, or is a secret: a thing of a name
 * that comes later and may change while traffic flows. Both sides of the proxy take it through `SecretProviders`.
 */

/** A certificate chain with its key (`TlsCertificate`), in PEM. */
export interface CertificateConfig {
  readonly chain: string;
  readonly key: string;
  readonly password: string | undefined;
  /** `RSA`, `EC` …: for clients that understand only some. */
  readonly keyType: string;
  /** DNS names that it is for, in lower case; `*.` in front stands for one label. */
  readonly names: readonly string[];
  readonly origin: MaterialOrigin;
}

/** For those who look at what is in force. */
export interface MaterialOrigin {
  /** The secret's name; empty for what is written into the configuration. */
  readonly secretName: string;
  /** The file of the certificates; `<inline>`. */
  readonly path: string;
  /** When the first of the certificates expires, ms since the epoch; undefined when there is none. */
  readonly expiresMs: number | undefined;
}

/** `CertificateValidationContext`. */
export interface ValidationConfig {
  /** PEM; undefined: the chain is not verified. */
  readonly trustedCa: string | undefined;
  readonly crl: string | undefined;
  readonly sanMatchers: readonly SanMatcherConfig[];
  /** SHA-256 of the certificate, lower hex. */
  readonly certificateHashes: readonly string[];
  /** SHA-256 of the SubjectPublicKeyInfo, base64. */
  readonly spkiHashes: readonly string[];
  readonly acceptUntrusted: boolean;
  /** `max_verify_depth`; undefined: chains may have any length. */
  readonly maxVerifyDepth?: number | undefined;
  readonly origin: MaterialOrigin;
}

/** `SubjectAltNameMatcher`. */
export interface SanMatcherConfig {
  readonly type: "DNS" | "URI" | "EMAIL" | "IP_ADDRESS";
  readonly match: "exact" | "prefix" | "suffix" | "contains";
  readonly text: string;
  readonly ignoreCase: boolean;
}

/** `TlsSessionTicketKeys`: 80 bytes each; the first seals, all open. */
export type TicketKeysConfig = readonly Uint8Array[];

/** What a secret holds. */
export type SecretMaterial =
  | { readonly kind: "certificate"; readonly value: CertificateConfig }
  | { readonly kind: "validation"; readonly value: ValidationConfig }
  | { readonly kind: "ticket_keys"; readonly value: TicketKeysConfig };

/** What a secret may hold. */
export type SecretKind = SecretMaterial["kind"];

/** Where a piece of a TLS context stands. Plain data: part of an extension's configuration. */
export type SecretSlot<Value> =
  | { readonly kind: "fixed"; readonly value: Value }
  /** What `SecretUpdate`s of this key bring; until the first, `initial`, if there is any. */
  | { readonly kind: "secret"; readonly key: string; readonly initial?: Value };

/** All pieces of a TLS context that may change. */
export interface MaterialSlots {
  /** In the order of the configuration. */
  readonly certificates: readonly SecretSlot<CertificateConfig>[];
  /** Undefined: there is no validation context. */
  readonly validation: SecretSlot<ValidationConfig> | undefined;
  /** Undefined: no tickets. */
  readonly ticketKeys: SecretSlot<TicketKeysConfig> | undefined;
}

/** What the slots hold at one moment. */
export interface TlsMaterial {
  readonly certificates: readonly CertificateConfig[];
  readonly validation: ValidationConfig | undefined;
  readonly ticketKeys: TicketKeysConfig | undefined;
}

/** Makes TLS contexts of material. */
export interface MaterialUser<Contexts> {
  /** Throws, with a text for the operator, when the pieces do not fit together: the update is refused then. */
  build(material: TlsMaterial): Contexts;
  /**
   * What was built of an update is in force from here on; undefined: a secret is still missing. Not called for what
   * `follow` itself builds.
   */
  onUpdated?(contexts: Contexts | undefined): void;
}

/** The contexts in force: new handshakes use them, connections that are there keep theirs. */
export interface FollowedMaterial<Contexts> {
  /** Undefined as long as a secret is missing: nothing can be encrypted. */
  readonly current: Contexts | undefined;
  /** Secrets that had arrived when it was made. */
  readonly arrivedSecrets: number;
  /** No longer followed. */
  close(): void;
}

/** The secrets of one thread. */
export interface SecretProviders {
  /** This thread keeps the stats of secrets, which come once for all workers. */
  readonly showsStats: boolean;
  /** Builds now, and whenever a secret in one of the slots changes. Throws what `build` throws. */
  follow<Contexts>(slots: MaterialSlots, user: MaterialUser<Contexts>): FollowedMaterial<Contexts>;
}

/** How the value of a slot is made of a message. */
export interface SecretRequest<Value> {
  readonly kind: SecretKind;
  /** Tells requests for one secret apart that make different things of it; else empty. */
  readonly variant: string;
  /**
   * Reports what is wrong, and gives undefined then. `message`: an
   * `envoy.extensions.transport_sockets.tls.v3.Secret`. Called for each version, on the main thread.
   */
  parse(message: Message, context: ParseContext): Value | undefined;
}

/** A new version of the secret in the slots of this key. */
export interface SecretUpdate {
  readonly key: string;
  readonly material: SecretMaterial;
}
