import type {
  MaterialSlots,
  SecretKind,
  SecretMaterial,
  SecretSlot,
  TlsMaterial,
} from "../contracts/secret.ts";

/** Secrets that have arrived, by key. */
export type Materials = ReadonlyMap<string, SecretMaterial>;

const none: Materials = new Map();

/** What the slots hold when all of it is written into the configuration; else undefined. */
export function fixedMaterial(slots: MaterialSlots): TlsMaterial | undefined {
  return materialOf(slots, none);
}

/** What the slots hold; undefined when a secret is missing. */
export function materialOf(slots: MaterialSlots, materials: Materials): TlsMaterial | undefined {
  const certificates = slots.certificates.map((slot) => valueOf(slot, "certificate", materials));
  const validation = slots.validation && valueOf(slots.validation, "validation", materials);
  const ticketKeys = slots.ticketKeys && valueOf(slots.ticketKeys, "ticket_keys", materials);
  if (!certificates.every((certificate) => certificate !== undefined)) return undefined;
  if (slots.validation !== undefined && validation === undefined) return undefined;
  if (slots.ticketKeys !== undefined && ticketKeys === undefined) return undefined;
  return { certificates, validation, ticketKeys };
}

function valueOf<Value>(
  slot: SecretSlot<Value>,
  kind: SecretKind,
  materials: Materials,
): Value | undefined {
  if (slot.kind === "fixed") return slot.value;
  const material = materials.get(slot.key);
  return material?.kind === kind ? (material.value as Value) : slot.initial;
}
