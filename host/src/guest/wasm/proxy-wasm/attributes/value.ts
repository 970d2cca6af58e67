import {
  encodeBoolean,
  encodeInteger,
  pairsByteLength,
  type PairSource,
  writePairs,
} from "@sluice/abi";
import type { HeaderMap } from "../../../../contracts/headers.ts";
import type { JsonValue } from "../../../../contracts/stream-info.ts";

/** A span of time or a moment since the epoch, as guests get it. */
export class Nanoseconds {
  readonly kind: "duration" | "timestamp";
  readonly value: bigint;

  constructor(kind: "duration" | "timestamp", milliseconds: number) {
    this.kind = kind;
    this.value = BigInt(Math.round(milliseconds * 1000)) * 1000n;
  }
}

/** An object whose parts can be asked for one by one. */
export interface PartedValue {
  /** The part of this name; undefined when there is none. */
  part(name: string): Value | undefined;
  /** The whole as the guest gets it; undefined when it has no such form. */
  encode(): Uint8Array | undefined;
  /** The whole as plain data, for expressions. */
  plain(): { readonly [key: string]: Value };
}

/**
 * A typed value. Text of ours has one character per byte (`ByteText`), bigint is an integer and number a double; a
 * JSON value has JavaScript strings.
 */
export type Value =
  | ByteText
  | Uint8Array
  | bigint
  | boolean
  | Nanoseconds
  | PartedValue
  | JsonPart
  | typeof nullValue;

/** Text of one character per byte, as header values are. */
export type ByteText = string;

/** What is there but holds nothing, and so has no form: a message that is not set. */
export const nullValue = Symbol("null");

/** A value of JSON: metadata. */
export class JsonPart {
  readonly json: JsonValue;

  constructor(json: JsonValue) {
    this.json = json;
  }
}

/** A signed or unsigned integer; undefined stays undefined. */
export function integer(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(Math.trunc(value));
}

export function duration(milliseconds: number): Nanoseconds {
  return new Nanoseconds("duration", milliseconds);
}

/** Text, when there is some. */
export function filled(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** Our own text as the bytes of its UTF-8 form. */
export function utf8(text: string): Uint8Array {
  return Buffer.from(text);
}

/** The same as text of one character per byte. */
export function byteText(text: string): ByteText {
  return latin1(utf8(text));
}

/** What `parts` from `from` on lead to. A scalar has nothing inside. */
export function partOf(
  root: Value | undefined,
  parts: readonly string[],
  from: number,
): Value | undefined {
  let value = root;
  for (let i = from; i < parts.length && value !== undefined; i += 1) {
    value = onePart(value, parts[i]!);
  }
  return value;
}

function onePart(value: Value, part: string): Value | undefined {
  if (value instanceof JsonPart) return jsonPart(value.json, part);
  return isParted(value) ? value.part(part) : undefined;
}

function jsonPart(value: JsonValue, part: string): JsonPart | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  let found: JsonValue | undefined;
  if (Array.isArray(value)) found = /^\d{1,9}$/.test(part) ? value[Number(part)] : undefined;
  else found = Object.hasOwn(value, part) ? value[part] : undefined;
  return found === undefined ? undefined : new JsonPart(found);
}

/** True for objects with parts. */
export function isParted(value: Value): value is PartedValue {
  return typeof value === "object" && "part" in value;
}

/** The bytes, or text of one character per byte, that a guest gets; undefined when the value has no such form. */
export function encodeValue(value: Value): string | Uint8Array | undefined {
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  if (typeof value === "bigint") return encodeInteger(value);
  if (typeof value === "boolean") return encodeBoolean(value);
  if (value === nullValue) return undefined;
  if (value instanceof Nanoseconds) return encodeInteger(value.value);
  return value instanceof JsonPart ? encodeJson(value.json) : value.encode();
}

/**
 * JSON: text and numbers raw (a double, little endian), objects and lists as pairs. Undefined for null, and for
 * what holds it.
 */
function encodeJson(value: JsonValue): Uint8Array | undefined {
  if (value === null) return undefined;
  if (typeof value === "string") return utf8(value);
  if (typeof value === "boolean") return encodeBoolean(value);
  if (typeof value === "number") return encodeDouble(value);
  const pairs: [string, string][] = [];
  if (Array.isArray(value)) {
    for (const element of value) {
      const bytes = encodeJson(element);
      if (bytes === undefined) return undefined;
      pairs.push([latin1(bytes), ""]);
    }
  } else {
    for (const [key, element] of Object.entries(value)) {
      const bytes = encodeJson(element);
      if (bytes === undefined) return undefined;
      pairs.push([latin1(utf8(key)), latin1(bytes)]);
    }
  }
  return encodePairs(pairs);
}

/** An IEEE double, little endian. */
export function encodeDouble(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** Names and values of one character per byte. */
export function encodePairs(pairs: readonly (readonly [string, string])[]): Uint8Array {
  const source: PairSource = {
    size: pairs.length,
    nameAt: (i) => pairs[i]![0],
    valueAt: (i) => pairs[i]![1],
  };
  const bytes = new Uint8Array(pairsByteLength(source));
  writePairs(source, bytes, 0);
  return bytes;
}

/** Headers or trailers, values of one name joined; where there are none, empty. */
export class HeadersValue implements PartedValue {
  readonly #headers: HeaderMap | undefined;

  constructor(headers: HeaderMap | undefined) {
    this.#headers = headers;
  }

  part(name: string): string | undefined {
    return this.#headers?.getJoined(name.toLowerCase());
  }

  encode(): Uint8Array {
    return encodePairs(Object.entries(this.plain()));
  }

  plain(): { readonly [name: string]: string } {
    const entries = new Map<string, string>();
    const headers = this.#headers;
    for (let i = 0; headers !== undefined && i < headers.size; i += 1) {
      const name = headers.nameAt(i);
      if (!entries.has(name)) entries.set(name, headers.getJoined(name)!);
    }
    return Object.fromEntries(entries);
  }
}
