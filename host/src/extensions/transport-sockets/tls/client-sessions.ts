import type { X509Certificate } from "node:crypto";

/** What is known of the handshake that a session comes from. */
export interface SessionOrigin {
  readonly peer: X509Certificate | undefined;
  /** Of the key exchange; empty when unknown. */
  readonly curve: string;
  /** A ticket of TLS 1.3 is offered once (RFC 8446 appendix C.4). */
  readonly singleUse: boolean;
}

/** A session that a server gave out, in OpenSSL's form. */
export interface KeptSession extends SessionOrigin {
  readonly serverName: string;
  readonly session: Buffer;
}

/** The sessions that new connections of a cluster may resume, the latest first (`max_session_keys`). */
export class ClientSessions {
  readonly #most: number;
  readonly #kept: KeptSession[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether any are kept at all. */
  get enabled(): boolean {
    return this.#most > 0;
  }

  keep(session: KeptSession): void {
    this.#kept.unshift(session);
    if (this.#kept.length > this.#most) this.#kept.pop();
  }

  /** One that was made with the same name. */
  take(serverName: string): KeptSession | undefined {
    const index = this.#kept.findIndex((kept) => kept.serverName === serverName);
    if (index < 0) return undefined;
    const found = this.#kept[index]!;
    if (found.singleUse) this.#kept.splice(index, 1);
    return found;
  }
}
