import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/**
 * Reads and writes fields of a message by descriptor, in the representation of generated code: a oneof is
 * `{case, value}`, singular wrappers stand as their value, a `Struct` as a JSON object.
 */

type Fields = Record<string, unknown>;
type OneofValue = { readonly case: string | undefined; readonly value?: unknown };

/** The fields of a message by proto name and by JSON name. */
export function fieldByName(desc: DescMessage, name: string): DescField | undefined {
  let names = nameTables.get(desc);
  if (!names) {
    names = new Map();
    for (const field of desc.fields) names.set(field.jsonName, field).set(field.name, field);
    nameTables.set(desc, names);
  }
  return names.get(name);
}

const nameTables = new WeakMap<DescMessage, Map<string, DescField>>();

/** The value of a field; undefined when it is not set. Lists and maps are always there. */
export function fieldValue(message: Message, field: DescField): unknown {
  const fields = message as unknown as Fields;
  if (!field.oneof) return isSet(fields, field) ? fields[field.localName] : undefined;
  const oneof = fields[field.oneof.localName] as OneofValue;
  return oneof.case === field.localName ? oneof.value : undefined;
}

/** As `fieldValue`, but gives a scalar's zero value where it is not set. */
export function fieldValueOrZero(message: Message, field: DescField): unknown {
  if (field.oneof) return fieldValue(message, field);
  return (message as unknown as Fields)[field.localName];
}

export function isFieldSet(message: Message, field: DescField): boolean {
  if (field.fieldKind === "list") return listOf(message, field).length > 0;
  if (field.fieldKind === "map") return Object.keys(mapOf(message, field)).length > 0;
  return fieldValue(message, field) !== undefined;
}

function isSet(fields: Fields, field: DescField): boolean {
  const value = fields[field.localName];
  if (field.fieldKind === "list" || field.fieldKind === "map") return true;
  if (field.fieldKind === "message") return value !== undefined;
  if (hasPresence(field)) return value !== undefined && Object.hasOwn(fields, field.localName);
  if (value instanceof Uint8Array) return value.length > 0;
  return value !== 0 && value !== 0n && value !== "" && value !== false;
}

/** Whether the field knows "not set" from its zero value. */
export function hasPresence(field: DescField): boolean {
  return field.presence !== implicitPresence;
}

// google.protobuf.FeatureSet.FieldPresence.IMPLICIT
const implicitPresence = 2;

export function setField(message: Message, field: DescField, value: unknown): void {
  const fields = message as unknown as Fields;
  if (field.oneof) fields[field.oneof.localName] = { case: field.localName, value };
  else fields[field.localName] = value;
}

export function listOf(message: Message, field: DescField): unknown[] {
  return (message as unknown as Fields)[field.localName] as unknown[];
}

export function mapOf(message: Message, field: DescField): Record<string, unknown> {
  return (message as unknown as Fields)[field.localName] as Record<string, unknown>;
}

/** Sets a key that may be called `__proto__`. */
export function setKey(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") target[key] = value;
  else {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
}

/** The JSON name of the field that is set in a oneof; undefined when none is. */
export function oneofCase(message: Message, localName: string): string | undefined {
  return ((message as unknown as Fields)[localName] as OneofValue).case;
}

/** A singular field whose wrapper message (`google.protobuf.UInt32Value` …) stands as its value. */
export function isUnwrapped(field: DescField): boolean {
  return field.fieldKind === "message" && !field.oneof && isWrapperDesc(field.message);
}

/** A field whose `google.protobuf.Struct` stands as a JSON object. */
export function isJsonObject(field: DescField): boolean {
  return (
    field.message?.typeName === "google.protobuf.Struct" &&
    field.parent.typeName !== "google.protobuf.Value"
  );
}

/** The messages in a field, with the path segment of each: none for scalars and for what stands as plain values. */
export function messagesIn(message: Message, field: DescField): [string, Message][] {
  if (!field.message || isUnwrapped(field) || isJsonObject(field)) return [];
  if (field.fieldKind === "list") {
    return listOf(message, field).map((item, i) => [`${field.name}[${i}]`, item as Message]);
  }
  if (field.fieldKind === "map") {
    return Object.entries(mapOf(message, field)).map(([key, value]) => [
      `${field.name}[${JSON.stringify(key)}]`,
      value as Message,
    ]);
  }
  const value = fieldValue(message, field);
  return value === undefined ? [] : [[field.name, value as Message]];
}
