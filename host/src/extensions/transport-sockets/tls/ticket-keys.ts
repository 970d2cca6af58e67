import { randomFillSync } from "node:crypto";
import type { SecureContext } from "node:tls";
import type { TicketKeysConfig } from "../../../contracts/secret.ts";

// A key of `TlsSessionTicketKeys`: 16 bytes of name, 32 for HMAC-SHA256, 32 for AES-256. Node seals with AES-128 and
// 16 bytes of HMAC key, so of both the first half is used. No other proxy reads our tickets: what is inside is
// OpenSSL's own form of a session.

const nameOf = (key: Uint8Array): Buffer => Buffer.from(key.subarray(0, 16));
const hmacOf = (key: Uint8Array): Buffer => Buffer.from(key.subarray(16, 32));
const aesOf = (key: Uint8Array): Buffer => Buffer.from(key.subarray(48, 64));

/** The key in the form of `tls.SecureContextOptions.ticketKeys`. */
export function nodeTicketKeys(key: Uint8Array): Buffer {
  return Buffer.concat([nameOf(key), hmacOf(key), aesOf(key)]);
}

/** OpenSSL's answers about a key (SSL_CTX_set_tlsext_ticket_key_cb). */
const unknownKey = 0;
const useKey = 1;
const useKeyAndRenew = 2;

type KeyAnswer = readonly [code: number, hmac: Buffer, aes: Buffer, name?: Buffer, iv?: Buffer];

/** What Node has for several keys, and does not document. */
interface KeyedContext {
  enableTicketKeyCallback(): void;
  onticketkeycallback: (name: Buffer, iv: Buffer, seals: boolean) => KeyAnswer;
}

/** The first key seals; tickets of the others are opened, and replaced by one of the first. */
export function openTicketsOf(keys: TicketKeysConfig, context: SecureContext): void {
  const known = keys.map((key) => ({ name: nameOf(key), hmac: hmacOf(key), aes: aesOf(key) }));
  const first = known[0]!;
  const none: KeyAnswer = [unknownKey, first.hmac, first.aes];
  const keyed = context.context as KeyedContext;
  keyed.onticketkeycallback = (name, _iv, seals) => {
    if (seals) return [useKey, first.hmac, first.aes, first.name, randomFillSync(Buffer.alloc(16))];
    const key = known.find((candidate) => candidate.name.equals(name));
    if (key === undefined) return none;
    return [key === first ? useKey : useKeyAndRenew, key.hmac, key.aes];
  };
  keyed.enableTicketKeyCallback();
}
