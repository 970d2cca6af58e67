import { ScalarType, type DescEnum } from "@bufbuild/protobuf";
import { closest } from "../common/closest.ts";
import type { Result } from "../contracts/result.ts";
import { describe, type Node, type ScalarNode } from "./node.ts";
import { enumValue } from "./schema.ts";

/** A scalar of a message, or what is wrong with the node. */
export type Scalar = string | number | bigint | boolean | Uint8Array;

const good = <T>(value: T): Result<T, string> => ({ ok: true, value });
const bad = (error: string): Result<never, string> => ({ ok: false, error });

/** A node as a value of a scalar type, by the rules of ProtoJSON as Envoy applies them. */
export function readScalar(type: ScalarType, node: Node): Result<Scalar, string> {
  if (node.kind !== "scalar" || node.value === null) {
    return bad(`expected ${wordFor(type)}, found ${describe(node)}`);
  }
  if (type === ScalarType.STRING) return readString(node);
  if (type === ScalarType.BOOL) return readBool(node);
  if (type === ScalarType.BYTES) return readBytes(node);
  if (type === ScalarType.DOUBLE || type === ScalarType.FLOAT) return readFloat(node, type);
  return readInteger(node, type);
}

/** A node as a number of an enum: a name in any letter case, or the number of a value. */
export function readEnum(desc: DescEnum, node: Node): Result<number, string> {
  if (node.kind !== "scalar" || node.value === null || typeof node.value === "boolean") {
    return bad(`expected one of ${enumNames(desc)}, found ${describe(node)}`);
  }
  const text = String(node.value);
  if (/^-?\d+$/.test(text)) {
    const number = Number(text);
    if (desc.values.some((value) => value.number === number)) return good(number);
    return bad(`${text} is not a value of ${desc.name}; the values are ${enumNames(desc)}`);
  }
  const number = enumValue(desc, text);
  if (number !== undefined) return good(number);
  const near = closest(
    text.toUpperCase().replaceAll("-", "_"),
    desc.values.map((value) => value.name),
  );
  const mend = near ? `did you mean ${near}?` : `the values are ${enumNames(desc)}`;
  return bad(`unknown value ${JSON.stringify(text)} of ${desc.name}; ${mend}`);
}

function enumNames(desc: DescEnum): string {
  const names = desc.values.map((value) => value.name);
  return names.length > 12 ? `${names.slice(0, 12).join(", ")} …` : names.join(", ");
}

function wordFor(type: ScalarType): string {
  if (type === ScalarType.STRING) return "text";
  if (type === ScalarType.BOOL) return "true or false";
  if (type === ScalarType.BYTES) return "text in base64";
  return "a number";
}

function readString(node: ScalarNode): Result<string, string> {
  if (typeof node.value !== "string") {
    return bad(`expected text, found ${describe(node)}; put it in quotes`);
  }
  return node.value.isWellFormed()
    ? good(node.value)
    : bad("the text has half of a surrogate pair (\\ud800 … \\udfff)");
}

const trueWords = new Set(["true", "t", "yes", "y", "1"]);
const falseWords = new Set(["false", "f", "no", "n", "0"]);

function readBool(node: ScalarNode): Result<boolean, string> {
  if (typeof node.value === "boolean") return good(node.value);
  const word = typeof node.value === "string" ? node.value.toLowerCase() : "";
  if (trueWords.has(word)) return good(true);
  if (falseWords.has(word)) return good(false);
  return bad(`expected true or false, found ${describe(node)}`);
}

function readBytes(node: ScalarNode): Result<Uint8Array, string> {
  if (typeof node.value === "string" && /^[\w+/-]*={0,2}$/.test(node.value)) {
    return good(new Uint8Array(Buffer.from(node.value, "base64")));
  }
  return bad(`expected text in base64, found ${describe(node)}`);
}

function readFloat(node: ScalarNode, type: ScalarType): Result<number, string> {
  const value = typeof node.value === "string" ? floatOf(node.value) : node.value;
  if (typeof value !== "number") return bad(`expected a number, found ${describe(node)}`);
  if (type === ScalarType.FLOAT && Number.isFinite(value)) {
    const single = Math.fround(value);
    return Number.isFinite(single) ? good(single) : bad(`${node.text} is too large`);
  }
  return good(value);
}

function floatOf(text: string): number | undefined {
  if (text === "NaN") return Number.NaN;
  if (text === "Infinity") return Infinity;
  if (text === "-Infinity") return -Infinity;
  return numberPattern.test(text) ? Number(text) : undefined;
}

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

interface IntegerType {
  readonly min: bigint;
  readonly max: bigint;
  /** 64 bits: a bigint in messages. */
  readonly wide: boolean;
}

function integerType(bits: number, signed: boolean): IntegerType {
  const span = 1n << BigInt(signed ? bits - 1 : bits);
  return { min: signed ? -span : 0n, max: span - 1n, wide: bits === 64 };
}

const integerTypes = new Map<ScalarType, IntegerType>([
  [ScalarType.INT32, integerType(32, true)],
  [ScalarType.SINT32, integerType(32, true)],
  [ScalarType.SFIXED32, integerType(32, true)],
  [ScalarType.UINT32, integerType(32, false)],
  [ScalarType.FIXED32, integerType(32, false)],
  [ScalarType.INT64, integerType(64, true)],
  [ScalarType.SINT64, integerType(64, true)],
  [ScalarType.SFIXED64, integerType(64, true)],
  [ScalarType.UINT64, integerType(64, false)],
  [ScalarType.FIXED64, integerType(64, false)],
]);

function readInteger(node: ScalarNode, type: ScalarType): Result<number | bigint, string> {
  const { min, max, wide } = integerTypes.get(type)!;
  const value = typeof node.value === "boolean" ? undefined : integerOf(node);
  if (value === undefined) return bad(`expected a whole number, found ${describe(node)}`);
  if (value < min || value > max) {
    return bad(`expected a number from ${min} to ${max}, found ${describe(node)}`);
  }
  return good(wide ? value : Number(value));
}

/** Whole numbers however written: `10`, `"10"`, `0x10`, `2.5801e4`. */
function integerOf(node: ScalarNode): bigint | undefined {
  if (typeof node.value === "number" && Number.isSafeInteger(node.value)) return BigInt(node.value);
  const { text } = node;
  if (/^[+-]?\d{1,30}$/.test(text)) return BigInt(text.replace("+", ""));
  if (/^0[xX][0-9a-fA-F]{1,16}$/.test(text)) return BigInt(text);
  const number = numberPattern.test(text) ? Number(text) : Number.NaN;
  return Number.isInteger(number) ? BigInt(number) : undefined;
}
