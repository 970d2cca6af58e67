import { randomBytes } from "node:crypto";
import type {
  MaterialSlots,
  SecretSlot,
  SecretUpdate,
  TicketKeysConfig,
} from "../contracts/secret.ts";

/** New sessions are sealed with a key for a day, and can be resumed for as long again. */
const rotationMs = 86_400_000;
const keyLength = 80;
const slotKey = "ticket keys of the process";

let first: Uint8Array | undefined;

const newKey = (): Uint8Array => new Uint8Array(randomBytes(keyLength));

/** For servers that are given no ticket keys: made when the process starts, the same for all workers. */
export function ownTicketKeysSlot(): SecretSlot<TicketKeysConfig> {
  first ??= newKey();
  return { kind: "secret", key: slotKey, initial: [first] };
}

/** Whether one of the contexts has them. */
export function hasOwnTicketKeys(contexts: readonly MaterialSlots[]): boolean {
  return contexts.some(
    ({ ticketKeys }) => ticketKeys?.kind === "secret" && ticketKeys.key === slotKey,
  );
}

/** Brings a new key to the workers every day, with the one before. Gives a function that ends it. */
export function rotateOwnTicketKeys(apply: (update: SecretUpdate) => Promise<unknown>): () => void {
  let current = (first ??= newKey());
  const timer = setInterval(() => {
    const keys = [newKey(), current];
    current = keys[0]!;
    void apply({ key: slotKey, material: { kind: "ticket_keys", value: keys } });
  }, rotationMs);
  timer.unref();
  return () => clearInterval(timer);
}
