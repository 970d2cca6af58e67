import { messageNameOfTypeUrl } from "../common/type-url.ts";
import { fromBinary, ScalarType, type DescField, type Message } from "@bufbuild/protobuf";
import { isWrapperDesc, type Any } from "@bufbuild/protobuf/wkt";
import { toJson } from "@bufbuild/protobuf";
import type { JsonValue } from "../contracts/stream-info.ts";
import {
  fieldValue,
  isFieldSet,
  isJsonObject,
  isUnwrapped,
  listOf,
  mapOf,
  setKey,
} from "./message-access.ts";
import { type Schema } from "./schema.ts";

type JsonObject = { [key: string]: JsonValue };

/**
 * A message as JSON in the form of Envoy's admin interface: proto names in the order of their numbers, fields
 * that are not set left out, secrets shown as `[redacted]`.
 */
export function messageToJson(schema: Schema, message: Message): JsonObject {
  return new JsonPrinter(schema).message(message, false);
}

const redacted = "[redacted]";

/** Headers whose values are credentials, wherever a configuration adds them to a request. */
const credentials: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
]);

function isCredential(message: Message): boolean {
  if (message.$typeName !== "envoy.config.core.v3.HeaderValue") return false;
  const { key } = message as Message & { readonly key: string };
  return credentials.has(key.toLowerCase());
}

class JsonPrinter {
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** `secret`: everything in it is. */
  message(message: Message, secret: boolean): JsonObject {
    const json: JsonObject = {};
    const credential = !secret && isCredential(message);
    const fields = this.#schema.message(message.$typeName).fields;
    for (const field of [...fields].sort((a, b) => a.number - b.number)) {
      if (!isFieldSet(message, field)) continue;
      const hidden = secret || (credential && field.name !== "key");
      const value = this.#field(message, field, hidden || this.#schema.sensitive(field));
      if (value !== undefined) json[field.name] = value;
    }
    return json;
  }

  #field(message: Message, field: DescField, secret: boolean): JsonValue | undefined {
    if (field.fieldKind === "list") {
      const items = listOf(message, field).map((item) => this.#value(field, item, secret));
      return items.filter((item) => item !== undefined);
    }
    if (field.fieldKind !== "map") return this.#value(field, fieldValue(message, field), secret);
    const map: JsonObject = {};
    for (const [key, item] of Object.entries(mapOf(message, field))) {
      const value = this.#value(field, item, secret);
      if (value !== undefined) setKey(map, key, value);
    }
    return map;
  }

  /** Undefined: a secret that is no text, and is left out. */
  #value(field: DescField, value: unknown, secret: boolean): JsonValue | undefined {
    if (field.message) return this.#messageValue(field, value, secret);
    if (secret) return secretValue(field);
    if (field.enum) {
      const named = field.enum.values.find((candidate) => candidate.number === value);
      return named?.name ?? (value as number);
    }
    return scalarJson(value);
  }

  #messageValue(field: DescField, value: unknown, secret: boolean): JsonValue | undefined {
    const desc = field.message!;
    if (isWrapperDesc(desc)) {
      const plain = isUnwrapped(field) ? value : (value as { readonly value: unknown }).value;
      return this.#value(desc.fields[0]!, plain, secret);
    }
    if (isJsonObject(field)) return secret ? {} : (value as JsonObject);
    const message = value as Message;
    if (desc.typeName === "google.protobuf.Any") return this.#any(message as Any, secret);
    if (desc.typeName.startsWith("google.protobuf.")) return this.#wellKnown(message);
    return this.message(message, secret);
  }

  #any(any: Any, secret: boolean): JsonObject {
    const json: JsonObject = any.typeUrl === "" ? {} : { "@type": any.typeUrl };
    const desc = this.#schema.registry.getMessage(messageNameOfTypeUrl(any.typeUrl));
    if (!desc) return json;
    const message = fromBinary(desc, any.value);
    if (desc.typeName.startsWith("google.protobuf.")) {
      json["value"] = this.#wellKnown(message);
      return json;
    }
    return { ...json, ...this.message(message, secret) };
  }

  #wellKnown(message: Message): JsonValue {
    const desc = this.#schema.message(message.$typeName);
    return toJson(desc, message, { registry: this.#schema.registry }) as JsonValue;
  }
}

function secretValue(field: DescField): JsonValue | undefined {
  if (field.enum || field.message) return undefined;
  if (field.scalar === ScalarType.STRING) return redacted;
  return field.scalar === ScalarType.BYTES ? Buffer.from(redacted).toString("base64") : undefined;
}

function scalarJson(value: unknown): JsonValue {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value as JsonValue;
}

/** JSON text as Envoy's admin prints it: one blank per level, and protobuf's escapes. */
export function jsonText(json: JsonValue): string {
  return JSON.stringify(json, undefined, 1).replace(escaped, (text) => {
    let units = "";
    for (let i = 0; i < text.length; i += 1) {
      units += `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`;
    }
    return units;
  });
}

/** Characters that protobuf escapes and JavaScript does not: markup, and those that do not show. */
const escaped =
  // oxlint-disable-next-line no-control-regex
  /[<>\u007f-\u009f\u00ad\u06dd\u070f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]|[\u0600-\u0603]|\u17b4|\u17b5/gu;
