import { encodeBoolean, pairsByteLength, type PairSource, writePairs } from "@sluice/abi";
import type { JsonValue } from "../../../contracts/stream-info.ts";

/**
 * A JSON value as properties are given: text and numbers raw (a double, little endian), objects and lists as pairs.
 * Undefined for null, and for what holds it.
 */
export function encodeJson(value: JsonValue): Uint8Array | undefined {
  if (value === null) return undefined;
  if (typeof value === "string") return Buffer.from(value);
  if (typeof value === "boolean") return encodeBoolean(value);
  if (typeof value === "object")
    return Array.isArray(value) ? encodeList(value) : encodeObject(value);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

function encodeList(list: readonly JsonValue[]): Uint8Array | undefined {
  const pairs: [string, string][] = [];
  for (const element of list) {
    const bytes = encodeJson(element);
    if (bytes === undefined) return undefined;
    pairs.push([Buffer.from(bytes).toString("latin1"), ""]);
  }
  return encodePairs(pairs);
}

function encodeObject(object: { readonly [key: string]: JsonValue }): Uint8Array | undefined {
  const pairs: [string, string][] = [];
  for (const [key, element] of Object.entries(object)) {
    const bytes = encodeJson(element);
    if (bytes === undefined) return undefined;
    pairs.push([Buffer.from(key).toString("latin1"), Buffer.from(bytes).toString("latin1")]);
  }
  return encodePairs(pairs);
}

function encodePairs(pairs: readonly (readonly [string, string])[]): Uint8Array {
  const source: PairSource = {
    size: pairs.length,
    nameAt: (i) => pairs[i]![0],
    valueAt: (i) => pairs[i]![1],
  };
  const bytes = new Uint8Array(pairsByteLength(source));
  writePairs(source, bytes, 0);
  return bytes;
}
