import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import {
  fieldValue,
  isFieldSet,
  isJsonObject,
  isUnwrapped,
  listOf,
  mapOf,
  setField,
  setKey,
} from "./message-access.ts";
import type { Origins } from "./origin.ts";
import type { Schema } from "./schema.ts";

/**
 * Merges `from` into `into` as protobuf does: lists are appended, maps joined, messages merged field by field,
 * all else replaced. Messages of google.protobuf (durations, `Any` …) are values, and replaced as a whole.
 */
export function mergeMessage(schema: Schema, origins: Origins, into: Message, from: Message): void {
  origins.merge(into, from);
  for (const field of schema.message(into.$typeName).fields) {
    if (isFieldSet(from, field)) mergeField({ schema, origins }, field, into, from);
  }
}

function mergeField(
  model: { readonly schema: Schema; readonly origins: Origins },
  field: DescField,
  into: Message,
  from: Message,
): void {
  if (field.fieldKind === "list") {
    listOf(into, field).push(...listOf(from, field));
    return;
  }
  if (field.fieldKind === "map") {
    const target = mapOf(into, field);
    for (const [key, value] of Object.entries(mapOf(from, field))) setKey(target, key, value);
    return;
  }
  const value = fieldValue(from, field);
  const present = fieldValue(into, field);
  if (present !== undefined && isJsonObject(field)) {
    const joined = { ...(present as object) };
    for (const [key, item] of Object.entries(value as object)) setKey(joined, key, item);
    setField(into, field, joined);
  } else if (present !== undefined && isMergeable(field)) {
    mergeMessage(model.schema, model.origins, present as Message, value as Message);
  } else setField(into, field, value);
}

function isMergeable(field: DescField): boolean {
  const desc: DescMessage | undefined = field.message;
  return desc !== undefined && !isUnwrapped(field) && !desc.typeName.startsWith("google.");
}
