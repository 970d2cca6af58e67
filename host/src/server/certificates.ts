import { X509Certificate } from "node:crypto";
import { pemCertificate } from "../common/x509/pem.ts";
import type { MaterialOrigin, MaterialSlots, TlsMaterial } from "../contracts/secret.ts";
import type { LiveSecrets } from "../secret/live-secrets.ts";
import { materialOf } from "../secret/material.ts";

const dayMs = 86_400_000;
/** What Envoy shows where nothing expires. */
const noExpiryDays = 4_294_967_295;

/** A certificate in force, and where it comes from. */
export interface ShownCertificate {
  readonly certificate: X509Certificate;
  readonly path: string;
}

/** The certificates of one TLS context. */
export interface ShownContext {
  readonly authorities: readonly ShownCertificate[];
  /** Of each chain the first. */
  readonly chains: readonly ShownCertificate[];
}

/** The certificates of all TLS contexts, as they are at the moment. */
export class Certificates {
  readonly #contexts: readonly MaterialSlots[];
  readonly #secrets: LiveSecrets;

  constructor(contexts: readonly MaterialSlots[], secrets: LiveSecrets) {
    this.#contexts = contexts;
    this.#secrets = secrets;
  }

  /** For `/certs`. Contexts whose secrets are not there yet have none. */
  shown(): ShownContext[] {
    return this.#materials().map(({ certificates, validation }) => ({
      authorities: certificatesOf(validation?.trustedCa ?? "", validation?.origin),
      chains: certificates.flatMap(({ chain, origin }) =>
        certificatesOf(chain, origin).slice(0, 1),
      ),
    }));
  }

  /** Whole days until the first of them expires; 0 when one has. */
  daysUntilFirstExpiry(nowMs: number): number {
    const ends = this.#materials().flatMap(({ certificates, validation }) =>
      [...certificates, validation].map((part) => part?.origin.expiresMs),
    );
    const first = Math.min(...ends.filter((end) => end !== undefined));
    return first === Infinity ? noExpiryDays : daysUntil(first, nowMs);
  }

  #materials(): TlsMaterial[] {
    const { materials } = this.#secrets;
    return this.#contexts
      .map((slots) => materialOf(slots, materials))
      .filter((material) => material !== undefined);
  }
}

/** Whole days that are left; 0 when none are. */
export function daysUntil(endMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((endMs - nowMs) / dayMs));
}

function certificatesOf(pem: string, origin: MaterialOrigin | undefined): ShownCertificate[] {
  const blocks = pem.match(pemCertificate) ?? [];
  return blocks.map((block) => ({
    certificate: new X509Certificate(block),
    path: origin?.path ?? "",
  }));
}
