import { type DescEnum, type DescField, ScalarType } from "@bufbuild/protobuf";
import { TranscodeError } from "./transcode-error.ts";

/** What `parseJson` gives: JSON, with integers that no number holds exactly as bigints. */
export type ParsedJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly ParsedJson[]
  | { readonly [key: string]: ParsedJson };

/** Throws for what is no JSON. */
export function parseJson(text: string): ParsedJson {
  // Only long numbers need a look at their text, and that takes time.
  if (!/\d{16}/.test(text)) return JSON.parse(text) as ParsedJson;
  const reviver = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === "number" && !Number.isSafeInteger(value) && isInteger(context?.source)
      ? BigInt(context!.source!)
      : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as ParsedJson;
}

const isInteger = (source: string | undefined): boolean => /^-?\d+$/.test(source ?? "");

/** A message for values that do not fit: Envoy's, of protobuf's JSON converter. */
export function invalid(path: string, value: ParsedJson, type: string): TranscodeError {
  const text = typeof value === "bigint" ? String(value) : JSON.stringify(value);
  return new TranscodeError(`${path}: invalid value ${text} for type ${type}`);
}

const truths = new Map([
  ...["true", "t", "yes", "y", "1"].map((word) => [word, true] as const),
  ...["false", "f", "no", "n", "0"].map((word) => [word, false] as const),
]);

const ranges: { readonly [type: number]: readonly [least: bigint, most: bigint] | undefined } = {
  [ScalarType.INT32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [ScalarType.SINT32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [ScalarType.SFIXED32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [ScalarType.UINT32]: [0n, 2n ** 32n - 1n],
  [ScalarType.FIXED32]: [0n, 2n ** 32n - 1n],
  [ScalarType.INT64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.SINT64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.SFIXED64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.UINT64]: [0n, 2n ** 64n - 1n],
  [ScalarType.FIXED64]: [0n, 2n ** 64n - 1n],
};

/** A scalar as `fromJson` takes it. `path`: of the field, for the error that is thrown when it does not fit. */
export function scalarOf(
  type: ScalarType,
  value: ParsedJson,
  path: string,
): string | number | boolean {
  const given = readScalar(type, value);
  if (given === undefined) throw invalid(path, value, `TYPE_${ScalarType[type]}`);
  return given;
}

function readScalar(type: ScalarType, value: ParsedJson): string | number | boolean | undefined {
  const range = ranges[type];
  if (range !== undefined) return readInteger(value, range);
  if (type === ScalarType.DOUBLE || type === ScalarType.FLOAT) return readFloat(value);
  if (type === ScalarType.BOOL && typeof value === "boolean") return value;
  if (typeof value !== "string") return undefined;
  if (type === ScalarType.BOOL) return truths.get(value.toLowerCase());
  return type === ScalarType.BYTES ? standardBase64(value) : value;
}

/** Of either alphabet, with or without padding. */
function standardBase64(text: string): string | undefined {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/").replace(/=*$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(standard) || standard.length % 4 === 1) return undefined;
  return standard + "=".repeat((4 - (standard.length % 4)) % 4);
}

function readFloat(value: ParsedJson): number | string | undefined {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string") return typeof value === "number" ? value : undefined;
  if (["NaN", "Infinity", "-Infinity"].includes(value)) return value;
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value);
  return isNumber ? Number(value) : undefined;
}

function readInteger(
  value: ParsedJson,
  [least, most]: readonly [bigint, bigint],
): string | undefined {
  const exact = exactInteger(value);
  return exact !== undefined && exact >= least && exact <= most ? String(exact) : undefined;
}

function exactInteger(value: ParsedJson): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : undefined;
  return typeof value === "string" && isInteger(value) ? BigInt(value) : undefined;
}

/** An enum's value as a number. */
export function enumOf(
  desc: DescEnum,
  value: ParsedJson,
  path: string,
  ignoreCase: boolean,
): number | null {
  if (desc.typeName === "google.protobuf.NullValue") return null;
  const number = exactInteger(value);
  if (number !== undefined && number === BigInt.asIntN(32, number)) return Number(number);
  const fold = (name: string): string => (ignoreCase ? name.toUpperCase() : name);
  const wanted = typeof value === "string" ? fold(value) : undefined;
  const found = desc.values.find(({ name }) => fold(name) === wanted);
  if (found === undefined) throw invalid(path, value, `type.googleapis.com/${desc.typeName}`);
  return found.number;
}

/** `a.b`, below `path`. */
export const below = (path: string, field: DescField): string =>
  path === "" ? field.name : `${path}.${field.name}`;
